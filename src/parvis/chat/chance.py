"""Random ids, made many at a time: one call to the system for hundreds of them. Secrets are drawn one by one."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from parvis.model.ids import MESSAGE_ID_BYTES, OPAQUE_ID_BYTES

_POOL: Final = 256
_TEXT_CHARACTERS: Final = MESSAGE_ID_BYTES * 4 // 3


class Chance:
    """Gives message ids and opaque ids."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        """Draw from a source of unguessable bytes."""
        self._random_bytes = random_bytes
        self._raw = b""
        self._text = ""
        self._next = _POOL
        self._opaque = b""
        self._next_opaque = 0

    def secret(self, count: int) -> bytes:
        """Give bytes for a key or a nonce, of which nothing stays here."""
        return self._random_bytes(count)

    def message_id(self) -> tuple[bytes, str]:
        """Give a message id as it is kept and as the wire shows it (IRCv3 message-ids)."""
        at = self._next
        if at == _POOL:
            self._raw = self._random_bytes(MESSAGE_ID_BYTES * _POOL)
            self._text = urlsafe_b64encode(self._raw).decode()
            at = 0
        self._next = at + 1
        return (
            self._raw[at * MESSAGE_ID_BYTES : (at + 1) * MESSAGE_ID_BYTES],
            self._text[at * _TEXT_CHARACTERS : (at + 1) * _TEXT_CHARACTERS],
        )

    def opaque_id(self) -> bytes:
        """Give an opaque id."""
        at = self._next_opaque
        if at == len(self._opaque):
            self._opaque = self._random_bytes(OPAQUE_ID_BYTES * _POOL)
            at = 0
        self._next_opaque = at + OPAQUE_ID_BYTES
        return self._opaque[at : at + OPAQUE_ID_BYTES]
