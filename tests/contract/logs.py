"""A log over an archive, for tests: records are sealed, placed and signed when a test says so."""

import os
from pathlib import Path

from tests.contract.archive_stages import MemoryStage, SqliteStage, a_batch, sealed

from parvis.archive.checkpoint import Checkpoint, parse_checkpoint, parse_note, verify_note
from parvis.ports.archive import Archive
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore
from parvis.store.keyfile import KeyFile
from parvis.store.log.folder import LOG_NAME, LogFolder
from parvis.store.log.sequencing import Sequencing
from parvis.store.memory_sealed import MemorySealed
from parvis.store.sqlite.sealed import SqliteSealed

ORIGIN = "chat.example.org/log"


class LogStage:
    """An archive of one kind and its log."""

    def __init__(self, stage: MemoryStage | SqliteStage, folder: Path) -> None:
        """Open the archive; the log is opened by :meth:`log`."""
        self.stage = stage
        self.archive: Archive = stage.archive()
        self.archive.open(stage.clock())
        self.sealed: SealedStore
        self.keys: KeyStore
        if isinstance(stage, MemoryStage):
            self.sealed, self.keys = MemorySealed(stage.store), stage.store.keys
        else:
            self.sealed, self.keys = SqliteSealed(stage.data_dir), KeyFile(stage.data_dir / "keys.json")
        self.path = (stage.data_dir if isinstance(stage, SqliteStage) else folder) / LOG_NAME
        self.folder = LogFolder(self.path)

    def say(self, count: int) -> None:
        """Seal so many records."""
        for at in range(0, count, 500):
            sealed(self.stage, self.archive, a_batch(*[b"word %d" % n for n in range(at, min(count, at + 500))]))

    def log(self, origin: str = ORIGIN) -> Sequencing:
        """Open the log as a server that starts does."""
        log = Sequencing(self.folder, self.sealed, self.keys, self.stage.clock, os.urandom)
        log.begin(origin)
        log.open()
        return log

    def place(self, log: Sequencing) -> Checkpoint | None:
        """Place all there is and sign it."""
        while log.advance(self.sealed.head()):
            pass
        return log.sign()

    def grown(self, count: int) -> Checkpoint:
        """Say so much, place and sign it."""
        self.say(count)
        made = self.place(self.log())
        assert made is not None
        return made

    def published(self) -> Checkpoint:
        """Read the checkpoint as a stranger does who knows the keys."""
        raw = self.folder.checkpoint()
        assert raw is not None
        note = parse_note(raw)
        verify_note(note, [key.verifier for key in self.keys.log_keys()])
        return parse_checkpoint(note.text)
