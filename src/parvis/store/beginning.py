"""How a run begins: the clock, the lease, the keys of the days to come. The same for every adapter of the archive."""

from collections.abc import Callable
from typing import Final

import msgspec

from parvis.archive.custody import CustodianKey
from parvis.archive.record import RUN_MAX, pack_content
from parvis.archive.terms import DAY_MS, RandomBytes, TermKey, TermKind, Terms, covering, day_of, missing
from parvis.model.ids import NO_MESSAGE_ID, NO_SESSION, NOBODY, PRESENCE
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import ArchiveError
from parvis.ports.keys import KeyStore

CLOCK_BEHIND_MAX_MS: Final = 5 * 60 * 1000
"""How far the clock may stand behind the newest record (docs/adr/0003-sealing-in-sqlite.md)."""

LEASE_EXPIRES_MS: Final = 30_000
"""A lease that its holder has not renewed for so long may be taken by another machine."""

LEASE_RENEWED_EVERY_MS: Final = 10_000
"""How often a writer renews its lease: a third of its life."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who may write. `run` is the fencing number: it grows with each taking."""

    run: int
    machine: bytes
    renewed_ms: int
    """When it was last renewed, 0 once given back."""


def taken_lease(kept: Lease | None, machine: bytes, now_ms: int) -> Lease:
    """Take the lease for a new run.

    The caller holds the lock that proves that no other process of this machine is writing.

    Raises:
        ArchiveError: Another machine holds it and its time is not over.
    """
    if kept is None:
        return Lease(run=1, machine=machine, renewed_ms=now_ms)
    left_ms = kept.renewed_ms + LEASE_EXPIRES_MS - now_ms
    if kept.renewed_ms and kept.machine != machine and left_ms > 0:
        raise ArchiveError(
            f"a server on another machine is writing to this archive, or has stopped without saying so. "
            f"Stop it; if it is gone, try again in {-(-left_ms // 1000)} s"
        )
    if kept.run >= RUN_MAX:
        raise ArchiveError(f"run is {kept.run}, limit is {RUN_MAX}. Begin a new data folder")
    return Lease(run=kept.run + 1, machine=machine, renewed_ms=now_ms)


def first_time_ms(now_ms: int, last_time_ms: int) -> tuple[int, list[str]]:
    """Say when a run begins, never before the newest record, and what the operator should read about it.

    Raises:
        ArchiveError: The clock stands too far behind the newest record.
    """
    if now_ms > last_time_ms:
        return now_ms, []
    behind_s = -(-(last_time_ms - now_ms) // 1000)
    if last_time_ms - now_ms > CLOCK_BEHIND_MAX_MS:
        raise ArchiveError(
            f"the clock is {behind_s} s behind the newest record, limit is {CLOCK_BEHIND_MAX_MS // 1000} s. "
            "Set the clock right and start again"
        )
    notices = [f"The clock is {behind_s} s behind the newest record; times go on from that record."]
    return last_time_ms + 1, notices if behind_s else []


def run_started(time_ms: int) -> Unsealed:
    """Give the first record of a run. It ends the sessions of the run before."""
    return Unsealed(
        kind=RecordKind.RUN_STARTED,
        time_ms=time_ms,
        author=NOBODY,
        session=NO_SESSION,
        conversation=PRESENCE,
        message_id=NO_MESSAGE_ID,
        content=pack_content([], b""),
    )


NO_CUSTODIAN: Final = "there is no custodians' key. Make one: parvis custodian init"


def no_custodian() -> CustodianKey:
    """Make no custodians' key: an archive is not begun without one.

    Raises:
        ArchiveError: Always.
    """
    raise ArchiveError(NO_CUSTODIAN)


def no_records(_: CustodianKey) -> list[Unsealed]:
    """Tell nobody of a key: for archives that no server stands in front of."""
    return []


class TermBook:
    """The term keys of one archive, found by kind and time and made ahead."""

    def __init__(self, keys: KeyStore, random: RandomBytes, terms: Terms) -> None:
        """Use the keys of a store.

        Args:
            keys: Where term keys are kept.
            random: Where random bytes come from.
            terms: How long each kind is kept.
        """
        self._keys = keys
        self._random = random
        self._terms = terms
        self._found: dict[tuple[TermKind, int], TermKey] = {}

    def covering(self, kind: TermKind, time_ms: int) -> TermKey:
        """Give the term key of a kind that covers a time; make it first if the clock has outrun those made ahead."""
        wanted = (kind, day_of(time_ms))
        found = self._found.get(wanted)
        if found is None:
            found = covering(self._keys.term_keys(), kind, self._terms[kind], time_ms)
            if found is None:
                self.make_ahead(time_ms)
                return self.covering(kind, time_ms)
            self._found = {key: held for key, held in self._found.items() if key[1] >= wanted[1] - DAY_MS}
            self._found[wanted] = found
        return found

    def make_ahead(self, now_ms: int) -> None:
        """Make and keep the term keys that today and the days ahead still lack; hold none that was destroyed."""
        kept = self._keys.term_keys()
        there = {key.id for key in kept}
        self._found = {wanted: held for wanted, held in self._found.items() if held.id in there}
        lacking = missing(kept, self._terms, now_ms, self._random)
        if lacking:
            self._keys.change_term_keys(add=lacking)


PostToLoop = Callable[[Callable[[], None]], object]
"""Runs a call on the event loop from another thread: `loop.call_soon_threadsafe`."""

Clock = Callable[[], int]
"""Gives milliseconds since 1970."""
