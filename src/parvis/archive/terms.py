"""Term keys: every wrap of a content key is encrypted under one, and destroying it ends the term.

There is one key per kind of data, length of term and period (a day), made ahead, so that making one never
waits in the path of a message. A term ends `term_ms` after the end of the period; what destroys keys comes
with the terms.

Source: docs/adr/0002-record-and-leaf.md.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec

HOUR_MS: Final = 3_600_000
"""An hour in milliseconds."""

DAY_MS: Final = 24 * HOUR_MS
"""A day in milliseconds: the period of a term key, counted from 1970 in UTC."""

DAYS_MADE_AHEAD: Final = 2
"""How many days after today have their term keys already."""

VISIBLE_TERM_MS: Final = 7 * DAY_MS
"""How long the server itself can open what it sealed: the longest window, by default `report_window`."""

TERM_KEY_ID_BYTES: Final = 16
"""Random bytes of a term key's id."""

TERM_KEY_BYTES: Final = 32
"""An AES-256 key."""

RandomBytes = Callable[[int], bytes]
"""Where random bytes come from: `os.urandom`, or a fixed row of bytes in a test."""


class TermKind(StrEnum):
    """The kinds of data that end together."""

    VISIBLE_RECORDS = "visible-records"


class TermKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of one kind of data, one length of term and one day."""

    id: bytes
    kind: TermKind
    term_ms: int
    begins_ms: int
    key: bytes

    def __repr__(self) -> str:
        """Name the id alone: keys stay out of logs."""
        return f"TermKey({self.id.hex()})"


def day_of(time_ms: int) -> int:
    """Give the beginning of the day that a time belongs to."""
    return time_ms - time_ms % DAY_MS


def covering(keys: Iterable[TermKey], kind: TermKind, term_ms: int, time_ms: int) -> TermKey | None:
    """Find the term key of a kind and length that covers a time."""
    begins_ms = day_of(time_ms)
    for key in keys:
        if key.begins_ms == begins_ms and key.kind is kind and key.term_ms == term_ms:
            return key
    return None


def missing(keys: Iterable[TermKey], kind: TermKind, term_ms: int, now_ms: int, random: RandomBytes) -> list[TermKey]:
    """Make the term keys that today and the days ahead still lack."""
    there = {key.begins_ms for key in keys if key.kind is kind and key.term_ms == term_ms}
    today = day_of(now_ms)
    return [
        TermKey(
            id=random(TERM_KEY_ID_BYTES),
            kind=kind,
            term_ms=term_ms,
            begins_ms=begins_ms,
            key=random(TERM_KEY_BYTES),
        )
        for begins_ms in range(today, today + DAYS_MADE_AHEAD * DAY_MS + 1, DAY_MS)
        if begins_ms not in there
    ]
