"""What tests of terms share: a journal and a store over a stage, and the parts that end terms."""

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace
from tests.contract.archive_stages import MemoryStage, SqliteStage, Stage, a_message, sealed

from parvis.archive.terms import TermKey
from parvis.model.ids import ConversationId
from parvis.model.kept import Keep
from parvis.model.records import DataKind, Unsealed
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.terms import TermEnder, nothing_is_held
from parvis.ports.archive import Archive, ArchiveError, Batch, Sealed, Upkeep
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore
from parvis.store.memory import MemoryArchive
from parvis.store.memory_sealed import MemorySealed
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.sealed import SqliteSealed


class Crash(Exception):
    """The server ends here, without a word."""


class StageJournal:
    """A `parvis.ports.journal.Journal` over a stage."""

    def __init__(self, stage: Stage, archive: Archive) -> None:
        """Write to an archive that is open."""
        self.stage = stage
        self.archive = archive
        self.writes = 0
        self.before: Callable[[int], None] = lambda _number: None
        """Called before each write, with how many there were."""

    def write(self, records: Sequence[Unsealed] = (), upkeep: Sequence[Upkeep] = (), kept: Sequence[Keep] = ()) -> None:
        """Make all of it durable."""
        self.before(self.writes)
        self.writes += 1
        timed = [replace(record, time_ms=self.stage.clock()) for record in records]
        answer = sealed(self.stage, self.archive, Batch(timed, kept=list(kept), upkeep=list(upkeep)))
        if not isinstance(answer, Sealed):
            raise ArchiveError("not durable")


class Ground:
    """An archive that is open, with everything that ends its terms."""

    def __init__(self, stage: Stage, archive: Archive | None = None) -> None:
        """Open an archive at the time of the stage's clock, if none is given."""
        self.stage = stage
        self.archive: Archive = archive or stage.archive()
        self.opened = self.archive.open(stage.clock())
        assert isinstance(self.archive, (MemoryArchive, SqliteArchive))
        self.keys: KeyStore = self.archive.keys
        self.sealed: SealedStore
        if isinstance(stage, SqliteStage):
            self.sealed = SqliteSealed(stage.data_dir)
        else:
            assert isinstance(stage, MemoryStage)
            self.sealed = MemorySealed(stage.store)
        self.journal = StageJournal(stage, self.archive)
        self.absences = AbsenceBook(self.journal, self.sealed)
        self.forgotten = 0
        self.rewrap: Callable[[Sequence[TermKey], int], Collection[int]] = nothing_is_held
        self.ender = TermEnder(
            self.journal,
            self.sealed,
            self.keys,
            self.absences,
            rewrap=self._rewrap,
            forget_keys=self.forget,
        )

    def _rewrap(self, ended: Sequence[TermKey], now_ms: int) -> Collection[int]:
        return self.rewrap(ended, now_ms)

    def forget(self) -> None:
        """Count how often keys were to be forgotten."""
        self.forgotten += 1

    def says(self, *lines: bytes, conversation: bytes = b"r" * 16, data: DataKind = DataKind.ROOMS) -> None:
        """Seal messages now."""
        records = [
            replace(a_message(line, self.stage.clock()), conversation=ConversationId(conversation), data=data)
            for line in lines
        ]
        assert isinstance(sealed(self.stage, self.archive, Batch(records)), Sealed)
