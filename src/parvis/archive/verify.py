"""Checking sealed records in the order of their numbers, a part at a time, so that several processes share the work.

Found here: a record changed, missing from a run, out of order, moved to another number, or absent without a reason.
Whether all of it is what was signed, `archive/comparing.py` says.

Source: docs/adr/0002-record-and-leaf.md; docs/adr/0023-the-log.md.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.content_keys import ContentKey
from parvis.archive.record import (
    COUNTER_BITS,
    COUNTER_MAX,
    HEADER_BYTES,
    HEADER_V1,
    LEAF_BYTES,
    NONCE_BYTES,
    TAG_BYTES,
    VERSION,
    VERSION_BYTE,
    MalformedRecord,
    parse_header,
    record_id,
    run_and_counter,
    unpack_content,
)
from parvis.archive.terms import HOUR_MS
from parvis.model.ids import AUDIT
from parvis.model.records import RecordKind

PROBLEMS_NAMED_MAX: Final = 1000
"""Most problems a report names; all are counted."""

KEYS_HELD_MAX: Final = 4096
"""Most content keys that a check holds ready."""


class Fault(StrEnum):
    """In one word, what is wrong with a record."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    REORDERED = "reordered"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a store keeps it; header, salt and ciphertext may have been deleted."""

    number: int
    header: bytes | None
    salt: bytes | None
    ciphertext: bytes | None
    leaf: bytes


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, in words that carry no content."""

    run: int
    counter: int
    """That of the record; of records that are missing, that of the one behind them."""
    what: str
    fault: Fault = Fault.CHANGED
    from_counter: int = 0
    """Counter of the first of the records that are missing in front of it; 0 where none are."""


class ClosedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A content key that is there, and that no term key of this store opens."""

    conversation: bytes
    hour: int
    run: int


KeyFinder = Callable[[bytes], ContentKey | ClosedKey | None]
"""Finds a content key by its id: opened, closed, or None where there is none of that id or it is damaged."""


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one run that a repair noted as lost, both ends included: with their number, or but for their leaf."""

    run: int
    first: int
    last: int


Ranges = Sequence[tuple[int, int]]
"""Ranges of numbers, both ends included, in order and apart."""


class Report(msgspec.Struct, kw_only=True):
    """What the check of some consecutive records found."""

    records: int = 0
    runs: int = 0
    """How many runs begin among them."""
    opened: int = 0
    """Records whose content was opened through a visible wrap."""
    closed: int = 0
    """Records whose key the server can no longer open."""
    covered: int = 0
    """Records whose body is absent as it was noted."""
    undelivered: int = 0
    lost: int = 0
    """Records that are missing, or their bodies, as a repair noted in the log."""
    lost_records: list[Lost] = []
    """The first of them."""
    problems_total: int = 0
    problems: list[Problem] = []
    """The first of them."""
    first: int = 0
    """Number of the first record, 0 without any."""
    last: int = 0
    first_time_ms: int = 0
    """Time of the first that was delivered, 0 without any."""
    last_time_ms: int = 0
    leaf_hashes: bytes = b""
    """32 bytes for each."""
    absences_told: str = ""
    """What the newest record of the audit among them that tells it says of the absences, in hex."""

    def tell(self, number: int, what: str, fault: Fault = Fault.CHANGED, from_counter: int = 0) -> None:
        """Note a problem of a record."""
        self.problems_total += 1
        if len(self.problems) < PROBLEMS_NAMED_MAX:
            run, counter = run_and_counter(number)
            problem = Problem(run=run, counter=counter, what=what, fault=fault, from_counter=from_counter)
            self.problems.append(problem)

    def lose(self, first: int, last: int) -> None:
        """Note records of one run that a repair noted as lost."""
        run, counter = run_and_counter(first)
        ends = run_and_counter(last)[1]
        self.lost += ends - counter + 1
        before = self.lost_records[-1] if self.lost_records else None
        if before is not None and (before.run, before.last + 1) == (run, counter):
            self.lost_records[-1] = Lost(run=run, first=before.first, last=ends)
        elif len(self.lost_records) < PROBLEMS_NAMED_MAX:
            self.lost_records.append(Lost(run=run, first=counter, last=ends))

    def add(self, part: "Report", lost: Ranges = ()) -> None:
        """Go on with the records behind these, and check where the two meet.

        Args:
            part: What was found behind.
            lost: Which records a repair noted as lost.
        """
        if part.first:
            if self.last + 1 != part.first:
                check_gap(self, self.last, part.first, lost)
            if self.last >> COUNTER_BITS == part.first >> COUNTER_BITS:
                part.runs -= 1
            if part.first_time_ms and part.first_time_ms < self.last_time_ms:
                self.tell(part.first, _TIME, Fault.REORDERED)
            self.last = part.last
            self.first = self.first or part.first
            self.last_time_ms = max(self.last_time_ms, part.last_time_ms)
        for name in ("records", "runs", "opened", "closed", "covered", "undelivered"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        for each in part.lost_records:
            self.lose(record_id(each.run, each.first), record_id(each.run, each.last))
        self.lost += part.lost - sum(each.last - each.first + 1 for each in part.lost_records)
        room = PROBLEMS_NAMED_MAX - len(self.problems)
        self.problems += part.problems[:room]
        self.problems_total += part.problems_total
        self.absences_told = part.absences_told or self.absences_told


_TIME: Final = "time is before that of the record in front of it"
_KINDS: Final = frozenset(int(kind) for kind in RecordKind)


def check_gap(part: Report, before: int, number: int, lost: Ranges = ()) -> None:
    """Look at a record whose number is not the next one: a new run, a gap, or one that stands out of order."""
    run, counter = run_and_counter(number)
    last = before & COUNTER_MAX if before >> COUNTER_BITS == run else 0
    if number <= before:
        part.tell(number, f"number follows {run_and_counter(before)[1]}: it is out of order", Fault.REORDERED)
    elif counter == last + 1:
        return
    elif any(first <= record_id(run, last + 1) and number - 1 <= ends for first, ends in lost):
        part.lose(record_id(run, last + 1), number - 1)
    else:
        part.tell(number, f"number follows {last}: records between are missing", Fault.MISSING, last + 1)


class _Told(msgspec.Struct):
    """What concerns us of an entry of the audit, whatever kind it is."""

    absences: str = ""


class _Ready(msgspec.Struct, frozen=True):
    """A content key at hand."""

    conversation: bytes
    begins_ms: int
    run: int
    decrypt: Callable[[bytes, bytes, bytes], bytes] | None


class Check:
    """A check of consecutive records in progress; memory grows by 32 bytes a record, for their leaf hashes."""

    def __init__(
        self,
        find_key: KeyFinder,
        absent: Ranges = (),
        undelivered: Ranges = (),
        lost: Ranges = (),
        first_of: Callable[[bytes], int] = lambda _key_id: 0,
    ) -> None:
        """Begin.

        Args:
            find_key: Finds content keys.
            absent: Which bodies may be absent.
            undelivered: Which records nobody saw.
            lost: Which records a repair noted as lost, bodies or all.
            first_of: Gives the first record under a content key, as it is noted: terms and holds look from there on.
        """
        self.part = Report()
        self._find_key = find_key
        self._first_of = first_of
        self._lost = lost
        self._is_lost = in_ranges(lost)
        self._is_absent = in_ranges(absent)
        self._is_undelivered = in_ranges(undelivered)
        self._ready: dict[bytes, _Ready | None] = {}
        self._hashes: list[bytes] = []

    def rows(self, rows: Sequence[Row]) -> None:
        """Check the next rows."""
        for row in rows:
            self.row(row.number, row.header, row.salt, row.ciphertext, row.leaf)

    def done(self) -> Report:
        """Give what was found."""
        self.part.leaf_hashes = b"".join(self._hashes)
        return self.part

    def row(self, number: int, header: bytes | None, salt: bytes | None, ciphertext: bytes | None, leaf: bytes) -> None:
        """Check the next row. This runs once per record: names are few, and what is rare stands apart."""
        part = self.part
        part.records += 1
        self._hashes.append(sha256(b"\0" + leaf).digest())
        if number != part.last + 1 or not part.last:
            self._check_order(number)
        part.last = number
        if len(leaf) != LEAF_BYTES or leaf[0] != VERSION:
            part.tell(number, "leaf is not of a known version")
            return
        is_undelivered = self._is_undelivered(number)
        part.undelivered += is_undelivered
        if header is None or salt is None or ciphertext is None:
            self._check_absent(number, header, salt, ciphertext)
            return
        if VERSION_BYTE + sha256(salt + header).digest() + sha256(ciphertext).digest() != leaf:
            part.tell(number, "leaf does not match header, salt and ciphertext")
        if len(header) != HEADER_BYTES:
            part.tell(number, f"header is {len(header)} bytes, expected {HEADER_BYTES}")
            return
        version, kind, flags, run, counter, time_ms, _, _, conversation, key_id, _ = HEADER_V1.unpack(header)
        if version != VERSION or flags or kind not in _KINDS or time_ms >> 63:
            try:
                parse_header(header)
            except MalformedRecord as malformed:
                part.tell(number, str(malformed))
            return
        if run << COUNTER_BITS | counter != number:
            part.tell(number, f"header bears number {run}/{counter}", Fault.REORDERED)
        if (counter == 1) is not (kind == RecordKind.RUN_STARTED):
            part.tell(number, "a run begins with its start, and only there")
        # Records that nobody saw stand beside their second try, whose times are the same.
        if not is_undelivered:
            if time_ms < part.last_time_ms:
                part.tell(number, _TIME, Fault.REORDERED)
            else:
                part.last_time_ms = time_ms
            part.first_time_ms = part.first_time_ms or time_ms
        key = self._ready[key_id] if key_id in self._ready else self._make_ready(key_id, number)
        if key is None:
            part.tell(number, "content key is absent or damaged")
            return
        if key.conversation != conversation or key.run != run or not 0 <= time_ms - key.begins_ms < HOUR_MS:
            part.tell(number, "content key belongs to another conversation, hour or run")
        if key.decrypt is None:
            part.closed += 1
            return
        if len(ciphertext) < NONCE_BYTES + TAG_BYTES:
            part.tell(number, f"ciphertext is {len(ciphertext)} bytes, expected at least {NONCE_BYTES + TAG_BYTES}")
            return
        try:
            content = key.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], header)
            _, line = unpack_content(content)
        except InvalidTag:
            part.tell(number, "ciphertext does not open under its key and header")
            return
        except MalformedRecord as malformed:
            part.tell(number, str(malformed))
            return
        part.opened += 1
        if conversation == AUDIT and kind == RecordKind.AUDIT:
            part.absences_told = absences_told(line) or part.absences_told

    def no_bytes(self, number: int) -> None:
        """Note a row whose fields are not all bytes; :meth:`row` has stopped at it."""
        if len(self._hashes) < self.part.records:
            self._hashes.append(sha256(b"\0").digest())
            if number != self.part.last + 1 or not self.part.last:
                self._check_order(number)
            self.part.last = number
        self.part.tell(number, "a field of the row is not made of bytes")

    def _check_order(self, number: int) -> None:
        part = self.part
        before = part.last
        if not part.first:
            # What is in front of it, whoever puts the parts together knows.
            part.first = number
            part.runs = 1
            return
        if before >> COUNTER_BITS != number >> COUNTER_BITS:
            part.runs += 1
        check_gap(part, before, number, self._lost)

    def _check_absent(self, number: int, header: bytes | None, salt: bytes | None, ciphertext: bytes | None) -> None:
        if not (header is None and salt is None and ciphertext is None):
            self.part.tell(number, "a part of the body is absent, and not all of it", Fault.MISSING)
        elif self._is_lost(number):
            self.part.lose(number, number)
        elif self._is_absent(number):
            self.part.covered += 1
        else:
            self.part.tell(number, ABSENT, Fault.MISSING)

    def _make_ready(self, key_id: bytes, number: int) -> _Ready | None:
        if self._first_of(key_id) > number:
            self.part.tell(number, "content key is noted to begin with a later record")
        if len(self._ready) >= KEYS_HELD_MAX:
            # They are used for an hour of records and then no more.
            del self._ready[next(iter(self._ready))]
        found = self._find_key(key_id)
        if found is None:
            ready = None
        else:
            decrypt = AESGCM(found.key).decrypt if isinstance(found, ContentKey) else None
            ready = _Ready(found.conversation, found.hour * HOUR_MS, found.run, decrypt)
        self._ready[key_id] = ready
        return ready


ABSENT: Final = "body is absent, and no entry of the log covers it"


def in_ranges(ranges: Ranges) -> Callable[[int], bool]:
    """Give a function that says whether a number lies in one of these ranges."""
    firsts = [first for first, _ in ranges]
    lasts = [last for _, last in ranges]
    if not firsts:
        return _never

    def is_in(number: int) -> bool:
        at = bisect_right(firsts, number) - 1
        return at >= 0 and number <= lasts[at]

    return is_in


def absences_told(line: bytes) -> str:
    """Give what an entry of the audit says of the absences, in hex; empty if it says nothing."""
    try:
        return msgspec.json.decode(line, type=_Told).absences
    except (msgspec.DecodeError, RecursionError):
        return ""


def _never(_number: int) -> bool:
    return False
