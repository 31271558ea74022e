"""Roll calls: records that say who is in which rooms, so that a reader of the log knows it from there on.

Joins, parts and quits name their session in the header. Two things do not: who was there before a reader began to
read, and who was put out by somebody else. A roll call tells both: of everybody, each hour, and of one session
whenever another has moved it. Nobody is shown one; it is sealed as everything is.

The line of its content is ASCII: `ROLLCALL <part> <parts> <base64>`. Each entry is session and identity (16 bytes
each), a count of rooms (16 bits, big endian), and the ids of the rooms the session is in now, all of them.

Source: docs/adr/0013-history-from-the-sealed-log.md.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final

import msgspec

from parvis.archive.record import MalformedRecord
from parvis.model.ids import OPAQUE_ID_BYTES, ConversationId, IdentityId, SessionId

ENTRIES_MAX: Final = 1024
"""Most entries of one record: with three rooms each, some 110 kB."""

_WORD: Final = b"ROLLCALL"
_HEAD: Final = Struct(">16s16sH")


class Presence(msgspec.Struct, frozen=True):
    """One session and every room it is in."""

    session: SessionId
    identity: IdentityId
    rooms: tuple[ConversationId, ...]


class RollCall(msgspec.Struct, frozen=True):
    """One record of a roll call; those of everybody have as many parts as it takes."""

    part: int
    parts: int
    entries: tuple[Presence, ...]


def write_roll_call(entries: Iterable[Presence]) -> list[bytes]:
    """Write who is where as the lines of as many records as it takes, at least one."""
    all_entries = list(entries)
    chunks = [all_entries[at : at + ENTRIES_MAX] for at in range(0, len(all_entries), ENTRIES_MAX)] or [[]]
    return [
        b"%b %d %d %b" % (_WORD, part, len(chunks), b64encode(b"".join(map(_pack, chunk))))
        for part, chunk in enumerate(chunks, start=1)
    ]


def read_roll_call(line: bytes) -> RollCall:
    """Read the line of a roll call's content.

    Raises:
        MalformedRecord: It is not one.
    """
    words = line.split(b" ")
    try:
        word, part, parts = words[0], int(words[1]), int(words[2])
        packed = b64decode(words[3], validate=True)
    except (IndexError, ValueError):
        raise MalformedRecord("a roll call is not of a known form") from None
    if word != _WORD or len(words) != 4 or not 0 < part <= parts:
        raise MalformedRecord("a roll call is not of a known form")
    return RollCall(part, parts, tuple(_unpack(packed)))


def _pack(entry: Presence) -> bytes:
    return _HEAD.pack(entry.session, entry.identity, len(entry.rooms)) + b"".join(entry.rooms)


def _unpack(packed: bytes) -> Iterator[Presence]:
    at = 0
    while at < len(packed):
        if len(packed) - at < _HEAD.size:
            raise MalformedRecord("a roll call ends inside an entry")
        session, identity, count = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        end = at + count * OPAQUE_ID_BYTES
        if end > len(packed):
            raise MalformedRecord("a roll call ends inside an entry")
        rooms = tuple(ConversationId(packed[each : each + OPAQUE_ID_BYTES]) for each in range(at, end, OPAQUE_ID_BYTES))
        yield Presence(SessionId(session), IdentityId(identity), rooms)
        at = end
