"""A torn batch at the end of SQLite's write-ahead log, found before SQLite leaves it out without a word.

A log is a header and frames; the last frame of a transaction says so. After a crash, frames may follow the last whole
transaction: part of one that was being written, which nobody was told about. SQLite starts over from the last whole
one; here the rest is found, so that it can be copied aside and told.

Frames of an older generation of the log bear other salts and are not looked at.

Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct, unpack_from
from typing import Final

import msgspec

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
MAGIC: Final = 0x377F0682
"""First four bytes of a log; with the lowest bit set, checksums read big-endian words."""

PAGE_BYTES_MAX: Final = 65_536

_LOG_HEADER: Final = Struct(">8I")
_FRAME_HEADER: Final = Struct(">6I")
_WORD_MASK: Final = 0xFFFFFFFF


class TornTail(msgspec.Struct, frozen=True, kw_only=True):
    """What follows the last whole transaction of a log."""

    offset: int
    """Where it begins, in bytes."""
    content: bytes
    acknowledged: bool
    """Whether a transaction that was durable is damaged: frames were written after its end."""

    def __repr__(self) -> str:
        """Tell sizes alone."""
        return f"TornTail({len(self.content)} bytes at {self.offset})"


def torn_tail(log: Path) -> TornTail | None:
    """Look for a torn transaction at the end of a write-ahead log that nobody has open.

    Returns:
        The torn end, or None where the log is absent, empty, or ends with a whole transaction.
    """
    if not log.is_file():
        return None
    raw = log.read_bytes()
    if not raw:
        return None
    if len(raw) < HEADER_BYTES:
        return TornTail(offset=0, content=raw, acknowledged=False)
    magic, _, page_bytes, _, salt_1, salt_2, sum_1, sum_2 = _LOG_HEADER.unpack_from(raw)
    words = "<" if magic == MAGIC else ">"
    if (
        magic & ~1 != MAGIC
        or not 512 <= page_bytes <= PAGE_BYTES_MAX
        or _checksum(_words(raw, 0, 24, words), 0, 0) != (sum_1, sum_2)
    ):
        # A log whose header is torn holds nothing that was ever synced.
        return TornTail(offset=0, content=raw, acknowledged=False)
    frame_bytes = FRAME_HEADER_BYTES + page_bytes
    at = whole_to = HEADER_BYTES
    sums = (sum_1, sum_2)
    while at + frame_bytes <= len(raw):
        _, is_last, frame_salt_1, frame_salt_2, frame_sum_1, frame_sum_2 = _FRAME_HEADER.unpack_from(raw, at)
        if (frame_salt_1, frame_salt_2) != (salt_1, salt_2):
            break
        sums = _checksum(_words(raw, at, 8, words), *sums)
        sums = _checksum(_words(raw, at + FRAME_HEADER_BYTES, page_bytes, words), *sums)
        if sums != (frame_sum_1, frame_sum_2):
            break
        at += frame_bytes
        if is_last:
            whole_to = at
    torn_to, acknowledged = _end_of_generation(raw, whole_to, frame_bytes, (salt_1, salt_2))
    if torn_to == whole_to:
        return None
    return TornTail(offset=whole_to, content=raw[whole_to:torn_to], acknowledged=acknowledged)


def whole_frames(log: Path) -> Iterator[tuple[int, bytes]]:
    """Give the pages of a log that nobody has open, in order: number and bytes of each that is as it was written.

    Each frame is checked against the sum that stands in the one before it, so that one damaged frame hides itself and
    not what follows. Frames behind the end of the last transaction are left out: nobody was told of them.
    """
    raw = log.read_bytes() if log.is_file() else b""
    if len(raw) < HEADER_BYTES:
        return
    magic, _, page_bytes, _, salt_1, salt_2, sum_1, sum_2 = _LOG_HEADER.unpack_from(raw)
    if magic & ~1 != MAGIC or not 512 <= page_bytes <= PAGE_BYTES_MAX:
        return
    words = "<" if magic == MAGIC else ">"
    sums = (sum_1, sum_2)
    waiting: list[tuple[int, bytes]] = []
    for at in range(HEADER_BYTES, len(raw) - FRAME_HEADER_BYTES - page_bytes + 1, FRAME_HEADER_BYTES + page_bytes):
        number, is_last, frame_salt_1, frame_salt_2, frame_sum_1, frame_sum_2 = _FRAME_HEADER.unpack_from(raw, at)
        page_at = at + FRAME_HEADER_BYTES
        found = _checksum(_words(raw, at, 8, words), *sums)
        found = _checksum(_words(raw, page_at, page_bytes, words), *found)
        sums = (frame_sum_1, frame_sum_2)
        if found != sums or (frame_salt_1, frame_salt_2) != (salt_1, salt_2):
            continue
        waiting.append((number, raw[page_at : page_at + page_bytes]))
        if is_last:
            yield from waiting
            waiting = []


def _end_of_generation(raw: bytes, at: int, frame_bytes: int, salts: tuple[int, int]) -> tuple[int, bool]:
    """Say where frames of this generation end, and whether one follows the end of a transaction."""
    ended = acknowledged = False
    while at < len(raw):
        rest = raw[at : at + FRAME_HEADER_BYTES]
        if len(rest) < FRAME_HEADER_BYTES:
            return len(raw), acknowledged
        _, is_last, *frame_salts, _, _ = _FRAME_HEADER.unpack(rest)
        if tuple(frame_salts) not in (salts, (0, 0)):
            break
        # Zeros are space that was allotted and never written.
        if tuple(frame_salts) == salts:
            acknowledged = acknowledged or ended
            ended = ended or bool(is_last)
        at = min(at + frame_bytes, len(raw))
    return at, acknowledged


def _words(raw: bytes, at: int, size: int, order: str) -> Sequence[int]:
    return unpack_from(f"{order}{size // 4}I", raw, at)


def _checksum(words: Sequence[int], sum_1: int, sum_2: int) -> tuple[int, int]:
    for at in range(0, len(words), 2):
        sum_1 = sum_1 + words[at] + sum_2 & _WORD_MASK
        sum_2 = sum_2 + words[at + 1] + sum_1 & _WORD_MASK
    return sum_1, sum_2
