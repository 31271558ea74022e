"""Noting which bodies may be absent: one at a time, with the record of the audit that holds the digest of them all."""

import threading
from collections.abc import Callable, Iterable, Sequence

from parvis.archive.absences import Absence, digest, merge
from parvis.model.audit import Entry, audit_record
from parvis.model.kept import Keep
from parvis.ports.archive import Upkeep
from parvis.ports.journal import Journal
from parvis.ports.sealed import SealedStore


class AbsenceBook:
    """The absences of one archive; terms and erasures share it, so that neither forgets what the other noted."""

    def __init__(self, journal: Journal, sealed: SealedStore) -> None:
        """Read and write through these."""
        self._journal = journal
        self._sealed = sealed
        self._noting = threading.Lock()

    def note(
        self,
        more: Iterable[Absence],
        entry: Callable[[str], Entry],
        upkeep: Sequence[Upkeep] = (),
        kept: Sequence[Keep] = (),
    ) -> None:
        """Note more of them, durably, before any body goes.

        Args:
            more: Ranges in any order; none for an entry that says that nothing changed.
            entry: Makes the record of the audit, given the digest of all absences in hex.
            upkeep: What else is to be done in the same commit.
            kept: What else is to be kept in the same commit.

        Raises:
            ArchiveError: It is not durable in a bounded time; it may become so later.
        """
        with self._noting:
            before = tuple(self._sealed.absences())
            after = merge(before, more)
            change = [Upkeep(absences=after)] if after != before else []
            record = audit_record(entry(digest(after).hex()))
            self._journal.write([record], [*change, *upkeep], kept)
