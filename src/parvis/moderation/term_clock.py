"""Whether the clock may end terms. What a term ends is gone for good, and a clock may be wrong.

Rule 1: time goes on as the archive saw it go on. A clock that stands more than `AHEAD_MAX_MS` ahead of the newest
moment that was believed is doubted, whether it jumped while the server ran or while none did. What was believed is
kept, so that a restart, and records that were sealed meanwhile, change nothing.
Rule 2: a clock that is doubted ends nothing but windows: the server's own way in closes, the custodians' stays.
Rule 3: a doubt has an end: an operator's word, which is in the audit, or `SURE_AFTER_S` of running under that clock.

Source: docs/adr/0025-how-a-term-ends.md.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from parvis.archive.terms import DAY_MS, TermKind
from parvis.model.audit import ClockConfirmed, audit_record
from parvis.model.ids import AUDIT
from parvis.model.kept import Keep, KeptKind, keep, read
from parvis.model.moments import written
from parvis.ports.journal import Journal

AHEAD_MAX_MS: Final = 31 * DAY_MS
"""How far the clock may go on between two looks at it; ours: the longest month that a server may be off unasked."""

SURE_AFTER_S: Final = 86_400.0
"""How long a server runs under a clock that it doubts until it takes it as it is; ours: somebody looks in a day."""

NOTED_EVERY_MS: Final = DAY_MS
"""How often what is believed is written."""

WINDOWS: Final = frozenset({TermKind.VISIBLE_RECORDS})
"""What ends by a clock that is doubted as well."""

KEPT_ID: Final = AUDIT
"""Under which id it is kept: there is one such value."""


class KeptClock(msgspec.Struct, frozen=True, kw_only=True):
    """The newest moment that was believed, in milliseconds since 1970; a day older than that at most."""

    believed_ms: int


class TermClock:
    """The clock that terms are ended by. Any thread may ask but the event loop's."""

    def __init__(
        self,
        journal: Journal,
        now_ms: Callable[[], int],
        steady_s: Callable[[], float],
        kept: Iterable[Keep],
        newest_ms: int,
    ) -> None:
        """Go on from what was believed.

        Args:
            journal: Where it is written.
            now_ms: Gives the time of day.
            steady_s: Gives seconds that never step back.
            kept: What was kept over the restart, of any kind.
            newest_ms: The time of the newest record before this run, for an archive that has kept nothing yet; 0: none.
        """
        self._journal = journal
        self.now_ms = now_ms
        self._steady_s = steady_s
        noted = [read(each, KeptClock).believed_ms for each in kept if each.kind is KeptKind.CLOCK]
        self._noted_ms: int | None = max(noted, default=None)
        self._believed_ms = self._noted_ms or newest_ms
        self._doubted: tuple[int, float] | None = None
        """Since when, by the clock and by steady seconds."""
        self._looking = threading.Lock()

    def is_sure(self, now_ms: int) -> bool:
        """Tell whether terms may be ended by this time. Blocks now and then: what is believed is durable first.

        Raises:
            ArchiveError: It could not be written.
        """
        with self._looking:
            if self._believed_ms and now_ms - self._believed_ms > AHEAD_MAX_MS and not self._has_stood(now_ms):
                if self._noted_ms is None:
                    # The next run finds records of this one, which bear the time that is doubted.
                    self._note(self._believed_ms)
                return False
            self._doubted = None
            self._believed_ms = max(self._believed_ms, now_ms)
            if self._noted_ms is None or self._believed_ms - self._noted_ms >= NOTED_EVERY_MS:
                self._note(self._believed_ms)
            return True

    def why(self, now_ms: int) -> str:
        """Say what is doubted, in whole sentences."""
        days = (now_ms - self._believed_ms) // DAY_MS
        return (
            f"The clock says {written(now_ms)}, {days} days after the last time that was sure. Terms are ended when "
            "the server has run for a day by it. If it is right: parvis archive terms end --confirm-clock. If it is "
            "not, set it right."
        )

    def confirm(self, now_ms: int, by: str) -> None:
        """Take the clock as it is, on somebody's word.

        Raises:
            ArchiveError: It could not be written.
        """
        with self._looking:
            entry = ClockConfirmed(by=by, at_ms=now_ms, believed_ms=self._believed_ms)
            self._note(now_ms, entry)
            self._believed_ms, self._doubted = now_ms, None

    def _has_stood(self, now_ms: int) -> bool:
        """Tell whether a clock that is ahead has gone on as clocks do for long enough."""
        steady_s = self._steady_s()
        if self._doubted is not None:
            since_ms, since_s = self._doubted
            if now_ms - since_ms <= 1000 * (steady_s - since_s) + AHEAD_MAX_MS:
                return steady_s - since_s >= SURE_AFTER_S
        self._doubted = now_ms, steady_s
        return False

    def _note(self, believed_ms: int, entry: ClockConfirmed | None = None) -> None:
        records = [] if entry is None else [audit_record(entry)]
        self._journal.write(records, kept=[keep(KeptKind.CLOCK, KEPT_ID, KeptClock(believed_ms=believed_ms))])
        self._noted_ms = believed_ms
