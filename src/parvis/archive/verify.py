"""Checking sealed records one after the other, in the order of their numbers.

Found here: a record changed, missing from a run, out of order, moved to another number, or absent without a reason.
A whole run cut off at its end is not: that takes the published tree.

Source: docs/adr/0002-record-and-leaf.md.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import ContentKey, hour_of
from parvis.archive.record import (
    LEAF_BYTES,
    VERSION,
    Header,
    MalformedRecord,
    UnopenedRecord,
    leaf_of,
    open_content,
    parse_header,
    record_id,
    run_and_counter,
    unpack_content,
)
from parvis.model.records import RecordKind

PROBLEMS_NAMED_MAX: Final = 1000
"""Most problems a report names; all are counted."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a store keeps it; header, salt and ciphertext may have been deleted."""

    number: int
    header: bytes | None
    salt: bytes | None
    ciphertext: bytes | None
    leaf: bytes
    undelivered: bool


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, in words that carry no content."""

    run: int
    counter: int
    what: str


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one run that a repair noted as lost, both ends included: with their number, or but for their leaf."""

    run: int
    first: int
    last: int


class Report(msgspec.Struct, kw_only=True):
    """What a check found."""

    records: int = 0
    runs: int = 0
    opened: int = 0
    """Records whose content was opened through a visible wrap."""
    closed: int = 0
    """Records whose key the server can no longer open."""
    covered: int = 0
    """Records whose body is absent for a reason that is in the log."""
    undelivered: int = 0
    lost: int = 0
    """Records that are missing, or their bodies, as a repair noted in the log."""
    lost_records: list[Lost] = []
    """The first of them."""
    problems_total: int = 0
    problems: list[Problem] = []
    """The first of them."""


class ClosedKey(msgspec.Struct, frozen=True):
    """A content key that is there, and that no term key of this store opens."""


KeyFinder = Callable[[bytes], ContentKey | ClosedKey | None]
"""Finds a content key by its id: opened, closed, or None where there is none of that id or it is damaged."""

Covered = Callable[[int], bool]
"""Says whether an entry of the log covers the absence of a record's body, by number."""


LostBetween = Callable[[int, int], bool]
"""Says whether a repair noted as lost every record from one number to another, both included."""


def never_covered(_number: int) -> bool:
    """Cover nothing: no term has ended yet, and nothing is erased."""
    return False


def never_lost(_first: int, _last: int) -> bool:
    """Excuse nothing: nothing was ever repaired."""
    return False


def lost_between(absences: Iterable[Absence]) -> LostBetween:
    """Tell what a repair noted as lost, from what is noted of absences."""
    damage = [absence for absence in absences if absence.why is Why.DAMAGE]
    firsts = [absence.first_id for absence in damage]

    def is_lost(first: int, last: int) -> bool:
        at = bisect_right(firsts, first) - 1
        return at >= 0 and last <= damage[at].last_id

    return is_lost


class Check:
    """A check in progress: rows go in, a report comes out; memory does not grow with the archive."""

    def __init__(
        self, find_key: KeyFinder, is_covered: Covered = never_covered, is_lost: LostBetween = never_lost
    ) -> None:
        """Begin.

        Args:
            find_key: Finds content keys.
            is_covered: Says which bodies may be absent.
            is_lost: Says which records a repair noted as lost.
        """
        self.report = Report()
        self._find_key = find_key
        self._is_covered = is_covered
        self._is_lost = is_lost
        self._run = 0
        self._counter = 0
        self._time_ms = 0

    def row(self, row: Row) -> None:
        """Check the next row."""
        report = self.report
        report.records += 1
        report.undelivered += row.undelivered
        run, counter = run_and_counter(row.number)
        self._check_order(run, counter)
        if len(row.leaf) != LEAF_BYTES or row.leaf[0] != VERSION:
            self._problem(row, "leaf is not of a known version")
            return
        if row.header is None or row.salt is None or row.ciphertext is None:
            if self._is_lost(row.number, row.number):
                self._lose(run, counter, counter)
            elif self._is_covered(row.number):
                report.covered += 1
            else:
                self._problem(row, "body is absent, and no entry of the log covers it")
            return
        if leaf_of(row.salt, row.header, row.ciphertext) != row.leaf:
            self._problem(row, "leaf does not match header, salt and ciphertext")
        try:
            header = parse_header(row.header)
        except MalformedRecord as malformed:
            self._problem(row, str(malformed))
            return
        self._check_header(row, header, run, counter)
        self._check_content(row, header, row.header, row.ciphertext)

    def missing_end(self, run: int) -> None:
        """Tell that a run is known and has no record at all."""
        self._tell(run, 0, "run has no record")

    def _check_order(self, run: int, counter: int) -> None:
        if run != self._run:
            self.report.runs += 1
            self._run, self._counter = run, 0
        if counter != self._counter + 1:
            first, last = record_id(run, self._counter + 1), record_id(run, counter) - 1
            if self._counter < counter and self._is_lost(first, last):
                self._lose(run, self._counter + 1, counter - 1)
            else:
                self._tell(run, counter, f"number follows {self._counter}: records between are missing")
        self._counter = counter

    def _check_header(self, row: Row, header: Header, run: int, counter: int) -> None:
        if (header.run, header.counter) != (run, counter):
            self._problem(row, f"header bears number {header.run}/{header.counter}")
        if (counter == 1) is not (header.kind is RecordKind.RUN_STARTED):
            self._problem(row, "a run begins with its start, and only there")
        # Records that nobody saw stand beside their second try, whose times are the same.
        if not row.undelivered:
            if header.time_ms < self._time_ms:
                self._problem(row, "time is before that of the record in front of it")
            self._time_ms = max(self._time_ms, header.time_ms)

    def _check_content(self, row: Row, header: Header, raw_header: bytes, ciphertext: bytes) -> None:
        key = self._find_key(header.content_key)
        if key is None:
            self._problem(row, "content key is absent or damaged")
            return
        if isinstance(key, ClosedKey):
            self.report.closed += 1
            return
        if (key.conversation, key.hour, key.run) != (
            header.conversation,
            hour_of(header.time_ms),
            header.run,
        ):
            self._problem(row, "content key belongs to another conversation, hour or run")
        try:
            unpack_content(open_content(AESGCM(key.key), raw_header, ciphertext))
        except (MalformedRecord, UnopenedRecord) as wrong:
            self._problem(row, str(wrong))
            return
        self.report.opened += 1

    def _problem(self, row: Row, what: str) -> None:
        self._tell(*run_and_counter(row.number), what)

    def _lose(self, run: int, first: int, last: int) -> None:
        report = self.report
        report.lost += last - first + 1
        before = report.lost_records[-1] if report.lost_records else None
        if before is not None and (before.run, before.last + 1) == (run, first):
            report.lost_records[-1] = Lost(run=run, first=before.first, last=last)
        elif len(report.lost_records) < PROBLEMS_NAMED_MAX:
            report.lost_records.append(Lost(run=run, first=first, last=last))

    def _tell(self, run: int, counter: int, what: str) -> None:
        self.report.problems_total += 1
        if len(self.report.problems) < PROBLEMS_NAMED_MAX:
            self.report.problems.append(Problem(run=run, counter=counter, what=what))
