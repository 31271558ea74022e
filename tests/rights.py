"""Erasure and access for tests: over an archive in memory, without threads; and as if there were no pages."""

from collections.abc import Callable, Sequence
from itertools import count

from parvis.app.export_links import ExportLinks
from parvis.app.rights import OwnRights
from parvis.archive.terms import RandomBytes
from parvis.chat.cloaks import conversation_of_pair
from parvis.chat.turn import Turn
from parvis.model.ids import ConversationId, IdentityId
from parvis.model.kept import Keep
from parvis.model.records import Unsealed
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.terms import TermEnder
from parvis.ports.archive import Upkeep
from parvis.ports.clock import Clock
from parvis.ports.rights import Hide
from parvis.store.memory import MemoryArchive
from parvis.store.memory_sealed import MemorySealed

WINDOW_MS = 7 * 86_400_000


class HandJournal:
    """A `parvis.ports.journal.Journal` through a turn that is ended by hand."""

    def __init__(self, turn: Turn, end_turn: Callable[[], None]) -> None:
        """Write through a turn."""
        self._turn = turn
        self._end_turn = end_turn

    def write(self, records: Sequence[Unsealed] = (), upkeep: Sequence[Upkeep] = (), kept: Sequence[Keep] = ()) -> None:
        """Make all of it durable at once."""
        done: list[None] = []
        self._turn.write(records, upkeep, kept, lambda: done.append(None))
        self._end_turn()
        assert done, "it is not durable"


def pair_of(one: IdentityId, other: IdentityId) -> ConversationId:
    """Give the conversation of two identities of a square."""
    return conversation_of_pair(bytes(32), one, other)


class Duties:
    """Holds, erasures and terms of an archive in memory."""

    def __init__(
        self, archive: MemoryArchive, turn: Turn, clock: Clock, end_turn: Callable[[], None], hide: Hide
    ) -> None:
        """Put them together as a server does."""
        journal, sealed = HandJournal(turn, end_turn), MemorySealed(archive.store)
        absences = AbsenceBook(journal, sealed)
        self.sealed = sealed
        self.keys = archive.keys
        self.clock = clock
        self.holds = Holds(journal, sealed, archive.keys, pair_of, _counted())
        self.erasures = Erasures(journal, sealed, absences, self.holds, WINDOW_MS, hide)
        self.ender = TermEnder(journal, sealed, archive.keys, absences, rewrap=self.holds.rewrap)
        self.links = ExportLinks(bytes(32), _counted())
        self.rights = OwnRights(self.erasures, self.links, clock, has_pages=True)

    def run(self) -> None:
        """Do what the job does."""
        now_ms = self.clock.now_ms()
        self.holds.end_due(now_ms)
        self.ender.run(now_ms)
        self.holds.forget_ended()
        self.erasures.run(now_ms, now=True)


def _counted() -> RandomBytes:
    """Give bytes that are the same each time a test is done, and never twice."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


class NoExports:
    """A `parvis.ports.rights.Exports` that knows no link."""

    async def fetch(self, token: str, language: str) -> bytes | None:
        """Know none."""
        del token, language
        return None
