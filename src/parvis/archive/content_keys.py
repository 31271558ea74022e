"""Content keys: what the records of one conversation, one hour and one writer run are sealed under.

A content key is stored only wrapped. The *visible* wrap, AES-256-GCM under a term key, is for the server and
lives as long as the longest window. A wrap for the custodians is a second function of :class:`ContentKey`
beside :func:`wrap_visible`, stored beside it, and changes nothing here.

Source: docs/adr/0002-record-and-leaf.md; vectors/records.json.
"""

from struct import Struct
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.terms import HOUR_MS, RandomBytes, TermKey
from parvis.model.ids import ConversationId

CONTENT_KEY_ID_BYTES: Final = 16
"""Random bytes of a content key's id."""

CONTENT_KEY_BYTES: Final = 32
"""An AES-256 key."""

WRAP_NONCE_BYTES: Final = 12
"""Random bytes in front of a visible wrap."""

_WRAP_LABEL: Final = b"parvis visible wrap v1"
_BOUND_TO: Final = Struct(">16s16sQI16s")


class UnopenedKey(ValueError):
    """A wrap that its term key does not open: changed, or moved to another key, conversation, hour or run."""


class ContentKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and what it belongs to. `hour` counts hours since 1970."""

    id: bytes
    conversation: ConversationId
    hour: int
    run: int
    key: bytes

    def __repr__(self) -> str:
        """Name the id alone: keys stay out of logs."""
        return f"ContentKey({self.id.hex()})"


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A content key as it is stored, under the term key named."""

    id: bytes
    conversation: ConversationId
    hour: int
    run: int
    term_key: bytes
    visible_wrap: bytes


def hour_of(time_ms: int) -> int:
    """Give the hour a time belongs to, counted from 1970."""
    return time_ms // HOUR_MS


def new_content_key(conversation: ConversationId, hour: int, run: int, random: RandomBytes) -> ContentKey:
    """Make a content key; id and key are random and derived from nothing."""
    return ContentKey(
        id=random(CONTENT_KEY_ID_BYTES),
        conversation=conversation,
        hour=hour,
        run=run,
        key=random(CONTENT_KEY_BYTES),
    )


def wrap_visible(key: ContentKey, term_key: TermKey, nonce: bytes) -> WrappedKey:
    """Wrap a content key for the server; the wrap is nonce ‖ ciphertext ‖ tag."""
    bound_to = _bound_to(key.id, key.conversation, key.hour, key.run, term_key.id)
    return WrappedKey(
        id=key.id,
        conversation=key.conversation,
        hour=key.hour,
        run=key.run,
        term_key=term_key.id,
        visible_wrap=nonce + AESGCM(term_key.key).encrypt(nonce, key.key, bound_to),
    )


def unwrap_visible(wrapped: WrappedKey, term_key: TermKey) -> ContentKey:
    """Open a visible wrap.

    Raises:
        UnopenedKey: The wrap was changed or belongs elsewhere.
    """
    bound_to = _bound_to(wrapped.id, wrapped.conversation, wrapped.hour, wrapped.run, term_key.id)
    nonce, ciphertext = wrapped.visible_wrap[:WRAP_NONCE_BYTES], wrapped.visible_wrap[WRAP_NONCE_BYTES:]
    try:
        key = AESGCM(term_key.key).decrypt(nonce, ciphertext, bound_to)
    except (InvalidTag, ValueError):
        raise UnopenedKey("content key does not open under its term key") from None
    return ContentKey(id=wrapped.id, conversation=wrapped.conversation, hour=wrapped.hour, run=wrapped.run, key=key)


def _bound_to(key_id: bytes, conversation: bytes, hour: int, run: int, term_key_id: bytes) -> bytes:
    return _WRAP_LABEL + _BOUND_TO.pack(key_id, conversation, hour, run, term_key_id)
