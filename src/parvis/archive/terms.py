"""Term keys: every wrap of a key is encrypted under one, and destroying it ends the term.

There is one key per kind of data, length of term and period (a day), made ahead, so that making one never
waits in the path of a message. A term ends `term_ms` after the end of its day; `moderation/terms.py` destroys keys.

Source: docs/adr/0002-record-and-leaf.md; docs/adr/0020-terms-and-wraps.md.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from parvis.model.records import DataKind

HOUR_MS: Final = 3_600_000
"""An hour in milliseconds."""

DAY_MS: Final = 24 * HOUR_MS
"""A day in milliseconds: the period of a term key, counted from 1970 in UTC."""

YEAR_MS: Final = 365 * DAY_MS
"""What the law calls a year, in milliseconds."""

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
    """The kinds of data that end together. Names stand in the key store: never reused."""

    VISIBLE_RECORDS = "visible-records"
    """The server's own way into what was said: as long as the longest window."""
    ROOMS = "rooms"
    """The custodians' way into what was said in rooms."""
    PRIVATE = "private"
    """The custodians' way into what two people wrote to each other."""
    DECISIONS = "decisions"
    AUDIT = "audit"
    CONNECTIONS = "connections"
    """The identification vault: who connected from where, and with which connection something was written."""
    CLOSED_ACCOUNTS = "closed-accounts"
    """The identification vault: what stood in an account that was closed."""
    HOLD = "hold"
    """What is kept beyond its term by one hold: a key for each, whose term is the hold's."""


Terms = Mapping[TermKind, int]
"""How long each kind is kept, in milliseconds after the end of its day. Source: `legal/retention.toml`."""

DEFAULT_TERMS: Final[Terms] = {
    TermKind.VISIBLE_RECORDS: VISIBLE_TERM_MS,
    TermKind.ROOMS: YEAR_MS,
    TermKind.PRIVATE: YEAR_MS,
    TermKind.DECISIONS: 5 * YEAR_MS,
    TermKind.AUDIT: 5 * YEAR_MS,
    TermKind.CONNECTIONS: YEAR_MS,
    TermKind.CLOSED_ACCOUNTS: YEAR_MS,
}
"""What an archive uses that nobody told a schedule."""

VISIBLE_TERM_OF: Final[Mapping[DataKind, TermKind]] = {
    DataKind.ROOMS: TermKind.VISIBLE_RECORDS,
    DataKind.PRIVATE: TermKind.VISIBLE_RECORDS,
    DataKind.DECISIONS: TermKind.DECISIONS,
    DataKind.AUDIT: TermKind.AUDIT,
}
"""Under which kind of key the server's own wrap of a record's key lies: staff read decisions and the audit."""

CUSTODY_TERM_OF: Final[Mapping[DataKind, TermKind]] = {
    DataKind.ROOMS: TermKind.ROOMS,
    DataKind.PRIVATE: TermKind.PRIVATE,
    DataKind.DECISIONS: TermKind.DECISIONS,
    DataKind.AUDIT: TermKind.AUDIT,
}
"""Under which kind of key the custodians' wrap of a record's key lies."""


class TermKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of one kind of data, one length of term and one day; or of one hold."""

    id: bytes
    kind: TermKind
    term_ms: int
    begins_ms: int
    key: bytes

    @property
    def ends_ms(self) -> int:
        """Give the moment from which it must be destroyed: its term after the end of its day."""
        return self.begins_ms + DAY_MS + self.term_ms

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


def new_term_key(kind: TermKind, term_ms: int, begins_ms: int, random: RandomBytes) -> TermKey:
    """Make a term key; id and key are random."""
    return TermKey(
        id=random(TERM_KEY_ID_BYTES), kind=kind, term_ms=term_ms, begins_ms=begins_ms, key=random(TERM_KEY_BYTES)
    )


def missing(keys: Iterable[TermKey], terms: Terms, now_ms: int, random: RandomBytes) -> list[TermKey]:
    """Make the term keys that today and the days ahead still lack."""
    there = {(key.kind, key.term_ms, key.begins_ms) for key in keys}
    today = day_of(now_ms)
    return [
        new_term_key(kind, term_ms, begins_ms, random)
        for kind, term_ms in terms.items()
        for begins_ms in range(today, today + DAYS_MADE_AHEAD * DAY_MS + 1, DAY_MS)
        if (kind, term_ms, begins_ms) not in there
    ]


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """When the term keys of one kind end."""

    kind: TermKind
    keys: int
    due: int
    """How many of them should be gone by now."""
    next_ms: int
    last_ms: int


def ends_of(keys: Iterable[TermKey], now_ms: int) -> list[Ends]:
    """Say of each kind how many term keys there are and when they end, the next to end first."""
    by_kind: dict[TermKind, list[int]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, []).append(key.ends_ms)
    ends = [
        Ends(kind=kind, keys=len(each), due=sum(end <= now_ms for end in each), next_ms=min(each), last_ms=max(each))
        for kind, each in by_kind.items()
    ]
    return sorted(ends, key=lambda each: each.next_ms)
