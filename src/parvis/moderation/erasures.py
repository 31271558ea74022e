"""Erasures at work: what somebody wrote goes, in the order that a crash can interrupt anywhere.

The order: an erasure is kept before anything goes; the absences are noted with the record of the audit that tells of
them; bodies go in small parts; the log is emptied; what is finished is kept no longer. Each step can be done again.

What waits (for a hold's end, for words of others that would show again) is looked at again when that may be over.
Nothing here tells anybody which of the two it was. Source: docs/adr/0026-holds-access-and-erasure.md.
"""

import threading
from collections.abc import Iterable

from parvis.archive.absences import Absence, Why
from parvis.archive.record import Header, MalformedRecord, parse_header
from parvis.legal.erasure import Erasure, Fate, fate
from parvis.model.audit import Erased, ErasureAsked, audit_record
from parvis.model.ids import IdentityId
from parvis.model.kept import Keep, KeptKind, keep
from parvis.model.records import RecordKind
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.holds import Holds
from parvis.moderation.terms import ROWS_AT_ONCE, WRITE_PAUSE_S, Pauser
from parvis.ports.archive import Upkeep
from parvis.ports.journal import Journal
from parvis.ports.rights import EraseAsked, Hide
from parvis.ports.sealed import SealedStore, Wanted


class Erasures:
    """Every erasure that is not finished. Any thread may call; `ask` does not wait."""

    def __init__(
        self,
        journal: Journal,
        sealed: SealedStore,
        absences: AbsenceBook,
        holds: Holds,
        window_ms: int,
        hide: Hide,
        pause: Pauser = lambda _seconds: None,
    ) -> None:
        """Know of none yet.

        Args:
            journal: Where what changes is written.
            sealed: What is stored.
            absences: Where absences are noted.
            holds: What is kept beyond erasure.
            window_ms: How long what was written can be fetched or reported: the longest window.
            hide: Has nobody shown what an identity wrote, at once.
            pause: Waits between parts.
        """
        self._journal = journal
        self._sealed = sealed
        self._absences = absences
        self._holds = holds
        self._window_ms = window_ms
        self._hide = hide
        self._pause = pause
        self._waiting: dict[IdentityId, Erasure] = {}
        self._running = threading.Lock()
        self._again_ms: dict[IdentityId, int] = {}
        """When what waits may wait no longer: a look reads every header."""

    def restore(self, erasure: Erasure) -> None:
        """Know an erasure again that was kept over a restart."""
        self._waiting[erasure.identity] = erasure
        self._hide(erasure.identity)

    def waiting(self) -> int:
        """Count the erasures that are not finished."""
        return len(self._waiting)

    def ask(
        self, identity: IdentityId, now_ms: int, *, at_once: bool, by: str = "member", reason: str = ""
    ) -> EraseAsked:
        """Begin an erasure: from now on nobody is shown what an identity wrote; give what makes it last.

        It is for whoever closes the account, in the same batch. Quick, and for any thread.
        """
        due_ms = now_ms if at_once else now_ms + self._window_ms
        erasure = Erasure(identity=identity, asked_ms=now_ms, due_ms=due_ms)
        self._waiting[identity] = erasure
        self._hide(identity)
        self._again_ms.pop(identity, None)
        record = audit_record(ErasureAsked(by=by, due_ms=due_ms, reason=reason))
        return EraseAsked(due_ms=due_ms, record=record, keep=keep(KeptKind.ERASURE, identity, erasure))

    def run(self, now_ms: int, *, now: bool = False) -> int:
        """Erase what is due; give how many bodies went. Blocks for as long as it takes to read the archive.

        Args:
            now_ms: The time.
            now: Look although it is not time to look again: a hold has ended before its time.

        Raises:
            ArchiveError: It could not be read or written; the next call goes on.
            Stopped: The server ends; the next run goes on.
        """
        with self._running:
            due = [
                erasure
                for erasure in list(self._waiting.values())
                if max(erasure.due_ms, 0 if now else self._again_ms.get(erasure.identity, 0)) <= now_ms
            ]
            if not due:
                return 0
            # A hold that is placed meanwhile waits until what it would have covered is gone: it came too late.
            with self._holds.changing:
                return self._run(due, now_ms)

    def _run(self, due: list[Erasure], now_ms: int) -> int:
        running = self._holds.running(now_ms)
        numbers: list[int] = []
        finished: list[Keep] = []
        for erasure in due:
            again_ms: list[int] = []
            for row in self._sealed.rows(Wanted(author=erasure.identity)):
                if row.header is None:
                    continue
                try:
                    header = parse_header(row.header)
                except MalformedRecord:
                    # It says whose it is where a header does, and so it goes with the others.
                    numbers.append(row.number)
                    continue
                what = fate(header, running, self._holds.pair_of, now_ms, self._window_ms)
                if what is Fate.GOES:
                    numbers.append(row.number)
                elif what is Fate.WAITS:
                    again_ms.append(self._again(header, now_ms))
            if again_ms:
                self._again_ms[erasure.identity] = min(again_ms)
            else:
                finished.append(keep(KeptKind.ERASURE, erasure.identity, None))
        if numbers:
            self._erase(sorted(numbers))
        if finished:
            self._journal.write(kept=finished)
            for each in finished:
                self._waiting.pop(IdentityId(each.id), None)
                self._again_ms.pop(IdentityId(each.id), None)
        return len(numbers)

    def _again(self, header: Header, now_ms: int) -> int:
        """Say when a record that waits may go."""
        if header.kind is RecordKind.REDACTED and now_ms < header.time_ms + self._window_ms:
            return header.time_ms + self._window_ms
        return self._holds.next_end_ms() or now_ms

    def _erase(self, numbers: list[int]) -> None:
        self._absences.note(ranges(numbers), lambda digest: Erased(records=len(numbers), absences=digest))
        for at in range(0, len(numbers), ROWS_AT_ONCE):
            self._journal.write(upkeep=[Upkeep(erase=tuple(numbers[at : at + ROWS_AT_ONCE]))])
            self._pause(WRITE_PAUSE_S)
        self._journal.write(upkeep=[Upkeep(truncate=True)])


def ranges(numbers: Iterable[int]) -> list[Absence]:
    """Give sorted numbers as ranges, for the absences: erased, each of them."""
    found: list[Absence] = []
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = last = number
        elif number == last + 1:
            last = number
        else:
            found.append(Absence(first_id=first, last_id=last, why=Why.ERASURE))
            first = last = number
    if first is not None and last is not None:
        found.append(Absence(first_id=first, last_id=last, why=Why.ERASURE))
    return found
