"""What lasts beside the archive, sealed: who has the database without the key store reads none of it.

Rule 1: a value opens in its own row alone: what it is and where it stands are bound to it.
Rule 2: the id of a value says whose it is, and may be a name one day: its row bears a keyed hash of it, whatever its
kind, and the id itself is sealed with the value. A room's id is random and stands in records as well: its row bears
it as it is.

A sealed value is a nonce (12 bytes) and the AES-256-GCM ciphertext of: length of the id (2), id, value. Its associated
data are `parvis kept value v1`, 0, kind, 0, id of the row. A sealed room is the same over its JSON alone, with
`parvis kept room v1`, 0, id.

Source: docs/adr/0028-what-lasts-is-sealed.md; vectors/kept.json.
"""

import hmac
import os
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.terms import RandomBytes
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom
from parvis.ports.archive import ArchiveCorrupt
from parvis.ports.keys import KeyStore
from parvis.store.sqlite.database import DATABASE_NAME, WHAT_TO_DO

NONCE_BYTES: Final = 12
"""Random bytes before a ciphertext."""

SEALED_BYTES_MIN: Final = NONCE_BYTES + 16
"""What a sealed value takes besides the value: nonce and tag."""

ROW_ID_BYTES: Final = 16
"""Bytes of the keyed hash that stands for a value's id."""

KEPT_PURPOSE: Final = b"kept"
"""What the key that seals is derived for."""

KEPT_IDS_PURPOSE: Final = b"kept ids"
"""What the key that hides ids is derived for."""

_ID_LENGTH_BYTES: Final = 2
_VALUE_LABEL: Final = b"parvis kept value v1\0"
_ROOM_LABEL: Final = b"parvis kept room v1\0"


class KeptSeal:
    """Seals and opens what lasts, with keys derived from the key store."""

    def __init__(self, keys: KeyStore, random: RandomBytes = os.urandom) -> None:
        """Derive the keys.

        Args:
            keys: The key store that belongs to the rows.
            random: Where nonces come from.
        """
        self._cipher = AESGCM(keys.derived(KEPT_PURPOSE))
        self._ids_key = keys.derived(KEPT_IDS_PURPOSE)
        self._random = random

    def row_id(self, kind: KeptKind, value_id: bytes) -> bytes:
        """Give the id that a value's row bears: the same for the same value, and telling nothing of it."""
        return hmac.digest(self._ids_key, b"%b\0%b" % (kind.encode(), value_id), "sha256")[:ROW_ID_BYTES]

    def seal_value(self, row_id: bytes, kind: KeptKind, value_id: bytes, value: bytes) -> bytes:
        """Seal a value for the row with this id."""
        plain = len(value_id).to_bytes(_ID_LENGTH_BYTES) + value_id + value
        return self._seal(plain, _about_value(kind, row_id))

    def open_value(self, row_id: bytes, kind: str, sealed: bytes) -> Keep:
        """Open the value of a row.

        Raises:
            ArchiveCorrupt: It is not what was sealed for this row with this key store.
        """
        plain = self._open(sealed, _about_value(kind, row_id), f"kept value {kind} {row_id.hex()}")
        begins = _ID_LENGTH_BYTES + int.from_bytes(plain[:_ID_LENGTH_BYTES])
        return Keep(KeptKind(kind), plain[_ID_LENGTH_BYTES:begins], plain[begins:])

    def seal_room(self, room: KeptRoom) -> bytes:
        """Seal a room for its row."""
        return self._seal(msgspec.json.encode(room), _ROOM_LABEL + room.id)

    def open_room(self, room_id: bytes, sealed: bytes) -> KeptRoom:
        """Open the room of a row.

        Raises:
            ArchiveCorrupt: It is not what was sealed for this row with this key store.
        """
        plain = self._open(sealed, _ROOM_LABEL + room_id, f"kept room {room_id.hex()}")
        return msgspec.json.decode(plain, type=KeptRoom)

    def _seal(self, plain: bytes, about: bytes) -> bytes:
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about)

    def _open(self, sealed: bytes, about: bytes, name: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            # The cause is left out: it says nothing more. A value too short to be one is a ValueError.
            raise ArchiveCorrupt(
                f"the {name} in {DATABASE_NAME} does not open: it is damaged, or the key file is not the one it was "
                f"sealed with. {WHAT_TO_DO}"
            ) from None


def _about_value(kind: str, row_id: bytes) -> bytes:
    return b"%b%b\0%b" % (_VALUE_LABEL, kind.encode(), row_id)
