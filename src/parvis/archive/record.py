"""The canonical bytes of a record: header, content, leaf, and how content is sealed.

Rule 1: these bytes never change. A new layout is a new version byte, and old records are read for ever.
Rule 2: nothing here names a person: ids are opaque, words stand in the content alone, which is encrypted.

Header, 103 bytes, big endian: version (1), kind (1), flags (2, zero), run (4), counter (8), time in ms since
1970 (8), author, session, conversation, content key id (16 each), message id (15, zeros without one).

Source: docs/adr/0002-record-and-leaf.md; vectors/records.json.
"""

from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.model.ids import (
    MESSAGE_ID_BYTES,
    OPAQUE_ID_BYTES,
    ConversationId,
    IdentityId,
    SessionId,
)
from parvis.model.records import RecordKind

VERSION: Final = 1
"""The only layout of headers and leaves so far."""

VERSION_BYTE: Final = bytes((VERSION,))
"""The version as it stands in front of a leaf."""

HEADER_V1: Final = Struct(">BBHIQQ16s16s16s16s15s")
"""The canonical header."""

HEADER_BYTES: Final = HEADER_V1.size
"""Length of a header: 103."""

SALT_BYTES: Final = 32
"""Random bytes hashed in front of a header, so that a leaf whose salt is deleted tells nothing about it."""

NONCE_BYTES: Final = 12
"""Random bytes in front of a ciphertext (AES-GCM, NIST SP 800-38D, section 8.2.2)."""

TAG_BYTES: Final = 16
"""Authentication tag at the end of a ciphertext."""

LEAF_BYTES: Final = 65
"""A version byte and two SHA-256 hashes."""

COUNTER_BITS: Final = 40
"""Bits of a record's number that count within a run: 10^12 records."""

COUNTER_MAX: Final = (1 << COUNTER_BITS) - 1
"""Highest counter of a run."""

RUN_MAX: Final = (1 << 23) - 1
"""Highest run: with the counter it fills the 63 bits that SQL stores gives to a positive number."""

ROOMS_MAX: Final = 0xFFFF
"""Most rooms one content names (a count of 16 bits)."""

_ROOM_COUNT: Final = Struct(">H")


class MalformedRecord(ValueError):
    """Bytes that are not a record of a known version. The text carries sizes and numbers, never content."""


class UnopenedRecord(ValueError):
    """A ciphertext that its key and header do not open: changed, moved, or sealed under another key."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a record says about itself in clear: opaque ids, a time and a kind."""

    kind: RecordKind
    run: int
    counter: int
    time_ms: int
    author: IdentityId
    session: SessionId
    conversation: ConversationId
    content_key: bytes
    message_id: bytes


def record_id(run: int, counter: int) -> int:
    """Give the number a record has for ever: run and counter in one integer."""
    return run << COUNTER_BITS | counter


def run_and_counter(number: int) -> tuple[int, int]:
    """Take a record's number apart."""
    return number >> COUNTER_BITS, number & COUNTER_MAX


def pack_header(header: Header) -> bytes:
    """Write the canonical bytes of a header.

    Raises:
        MalformedRecord: An id has the wrong length or a number is out of range.
    """
    ids = (header.author, header.session, header.conversation, header.content_key)
    if any(len(opaque) != OPAQUE_ID_BYTES for opaque in ids):
        raise MalformedRecord(f"an id of the header is not {OPAQUE_ID_BYTES} bytes")
    if len(header.message_id) != MESSAGE_ID_BYTES:
        raise MalformedRecord(f"message id is {len(header.message_id)} bytes, expected {MESSAGE_ID_BYTES}")
    if not (0 < header.run <= RUN_MAX and 0 < header.counter <= COUNTER_MAX and 0 <= header.time_ms < 1 << 63):
        raise MalformedRecord("run, counter or time of the header is out of range")
    return HEADER_V1.pack(VERSION, header.kind, 0, header.run, header.counter, header.time_ms, *ids, header.message_id)


def parse_header(raw: bytes) -> Header:
    """Read a canonical header.

    Raises:
        MalformedRecord: Wrong length, unknown version or kind, or flags that version 1 does not have.
    """
    if len(raw) != HEADER_BYTES:
        raise MalformedRecord(f"header is {len(raw)} bytes, expected {HEADER_BYTES}")
    version, kind, flags, run, counter, time_ms, author, session, conversation, key, message = HEADER_V1.unpack(raw)
    if version != VERSION:
        raise MalformedRecord(f"header version is {version}, known is {VERSION}")
    if flags:
        raise MalformedRecord(f"header flags are {flags:#06x}, version {VERSION} has none")
    try:
        known = RecordKind(kind)
    except ValueError:
        raise MalformedRecord(f"record kind {kind} is not known") from None
    if not (0 < run <= RUN_MAX and 0 < counter <= COUNTER_MAX and time_ms < 1 << 63):
        raise MalformedRecord("run, counter or time of the header is out of range")
    return Header(
        kind=known,
        run=run,
        counter=counter,
        time_ms=time_ms,
        author=author,
        session=session,
        conversation=conversation,
        content_key=key,
        message_id=message,
    )


def pack_content(rooms: list[ConversationId], line: bytes) -> bytes:
    """Write the content of a record: the rooms it was seen in, if it names any, and the line its readers saw.

    Raises:
        MalformedRecord: A room id has the wrong length, or there are too many.
    """
    if len(rooms) > ROOMS_MAX:
        raise MalformedRecord(f"content names {len(rooms)} rooms, limit is {ROOMS_MAX}")
    if any(len(room) != OPAQUE_ID_BYTES for room in rooms):
        raise MalformedRecord(f"a room id of the content is not {OPAQUE_ID_BYTES} bytes")
    return b"".join((_ROOM_COUNT.pack(len(rooms)), *rooms, line))


def unpack_content(raw: bytes) -> tuple[list[ConversationId], bytes]:
    """Read the content of a record: the rooms it names, and the line.

    Raises:
        MalformedRecord: Shorter than the count of rooms says.
    """
    if len(raw) < _ROOM_COUNT.size:
        raise MalformedRecord(f"content is {len(raw)} bytes, expected at least {_ROOM_COUNT.size}")
    (count,) = _ROOM_COUNT.unpack_from(raw)
    line_at = _ROOM_COUNT.size + count * OPAQUE_ID_BYTES
    if len(raw) < line_at:
        raise MalformedRecord(f"content is {len(raw)} bytes, its {count} rooms need {line_at}")
    ids = range(_ROOM_COUNT.size, line_at, OPAQUE_ID_BYTES)
    return [ConversationId(raw[at : at + OPAQUE_ID_BYTES]) for at in ids], raw[line_at:]


def leaf_of(salt: bytes, header: bytes, ciphertext: bytes) -> bytes:
    """Give the leaf: version ‖ SHA-256(salt ‖ header) ‖ SHA-256(ciphertext), 65 bytes."""
    return VERSION_BYTE + sha256(salt + header).digest() + sha256(ciphertext).digest()


def seal_content(key: AESGCM, nonce: bytes, header: bytes, content: bytes) -> bytes:
    """Encrypt a content; the result is nonce ‖ ciphertext ‖ tag, and the header is authenticated with it."""
    return nonce + key.encrypt(nonce, content, header)


def open_content(key: AESGCM, header: bytes, ciphertext: bytes) -> bytes:
    """Decrypt what :func:`seal_content` made.

    Raises:
        UnopenedRecord: The ciphertext is too short, or key, header and ciphertext do not belong together.
    """
    if len(ciphertext) < NONCE_BYTES + TAG_BYTES:
        raise UnopenedRecord(f"ciphertext is {len(ciphertext)} bytes, expected at least {NONCE_BYTES + TAG_BYTES}")
    try:
        return key.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], header)
    except InvalidTag:
        raise UnopenedRecord("ciphertext does not open under its key and header") from None
