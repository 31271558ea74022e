"""A stage per adapter of the archive: the same acts over SQLite and over its twin in memory.

SQLite's faults come from its driver: connections whose statements fail before they run, fail after they ran, or wait.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any, Protocol

from tests.custodians import a_custodian

from parvis.archive.reading import OpenedRecord
from parvis.archive.record import pack_content
from parvis.archive.terms import DAY_MS
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.kept import Keep
from parvis.model.records import KeptRoom, RecordKind, Unsealed
from parvis.ports.archive import Archive, Batch, Outcome
from parvis.store.memory import Fault, MemoryArchive, MemoryStore
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import connect
from parvis.store.sqlite.lock import LOCK_NAME
from parvis.store.sqlite.reader import opened_records

NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
ROOM = ConversationId(b"r" * 16)
ANSWER_WAIT_S = 30.0
"""A bound on waiting for a thread, not a measure: an answer that is due comes at once."""


def a_message(line: bytes, time_ms: int = NOON_MS) -> Unsealed:
    """Make a message."""
    return Unsealed(
        kind=RecordKind.MESSAGE,
        time_ms=time_ms,
        author=IdentityId(b"a" * 16),
        session=SessionId(b"s" * 16),
        conversation=ROOM,
        message_id=b"m" * 15,
        content=pack_content([], line),
    )


def a_batch(
    *lines: bytes, rooms: list[KeptRoom] | None = None, time_ms: int = NOON_MS, kept: list[Keep] | None = None
) -> Batch:
    """Make a batch of messages."""
    return Batch([a_message(line, time_ms) for line in lines], rooms or [], kept or [])


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        """Give the time."""
        return self.now_ms


class Stage(Protocol):
    """What the suite does to an adapter."""

    clock: Clock

    def archive(self, machine: bytes = b"this") -> Archive:
        """Make an archive over the store of this stage, not yet open."""
        ...

    def steal_lease(self) -> None:
        """Take the lease as another server would."""
        ...

    def unshare_lock(self) -> None:
        """Make as if locks were not shared, as over some networks."""
        ...

    def let_fail(self, fault: Fault) -> None:
        """Choose what happens to the next commit."""
        ...

    def release(self) -> None:
        """End the commit that hangs."""
        ...

    def answers(self) -> None:
        """Run what was posted to the loop, waiting for one answer."""
        ...

    def is_quiet(self) -> bool:
        """Tell whether nothing was posted to the loop."""
        ...

    def records(self) -> list[OpenedRecord]:
        """Read every record back."""
        ...


class MemoryStage:
    """Archives over one store in memory."""

    def __init__(self, _folder: Path) -> None:
        """Begin with an empty store."""
        self.clock = Clock()
        self.store = MemoryStore()
        self._last: MemoryArchive | None = None

    def archive(self, machine: bytes = b"this") -> MemoryArchive:
        """Make an archive over the store."""
        self._last = MemoryArchive(self.store, machine=machine)
        return self._last

    def steal_lease(self) -> None:
        """Take the lease as another server would, after its time."""
        MemoryArchive(self.store, machine=b"this").open(self.clock())

    def unshare_lock(self) -> None:
        """Do nothing: there is no lock."""

    def let_fail(self, fault: Fault) -> None:
        """Choose what happens to the next commit."""
        assert self._last is not None
        self._last.faults.append(fault)

    def release(self) -> None:
        """End the commit that hangs."""
        assert self._last is not None
        self._last.release()

    def answers(self) -> None:
        """Do nothing: answers come inside `seal`."""

    def is_quiet(self) -> bool:
        """Tell that nothing is posted."""
        return True

    def records(self) -> list[OpenedRecord]:
        """Read every record back."""
        return list(self.store.opened_records())


class FaultyDriver:
    """Opens SQLite connections whose commits can be made to fail."""

    def __init__(self) -> None:
        """Begin without a fault."""
        self.fault: Fault | None = None
        self.hangs = Event()
        self.goes_on = Event()
        self.opens = 0
        self.opened: sqlite3.Connection | None = None
        self.on_open: Callable[[sqlite3.Connection], None] = lambda _: None

    def __call__(self, uri: str) -> sqlite3.Connection:
        """Open a connection."""
        driver = self

        class Faulty(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                is_commit = sql == "COMMIT" or (sql.startswith("INSERT INTO records") and not self.in_transaction)
                fault = driver.fault if is_commit else None
                if fault is not None:
                    driver.fault = None
                if fault is Fault.FAILS:
                    raise sqlite3.OperationalError("disk I/O error")
                if fault is Fault.HANGS:
                    driver.hangs.set()
                    assert driver.goes_on.wait(ANSWER_WAIT_S)
                cursor = super().execute(sql, *parameters)
                if fault is Fault.UNKNOWN:
                    raise sqlite3.OperationalError("disk I/O error")
                return cursor

        self.opens += 1
        connection = self.opened = connect(uri, Faulty)
        self.on_open(connection)
        return connection


class SqliteStage:
    """Archives over one data folder."""

    def __init__(self, folder: Path) -> None:
        """Begin with an empty folder."""
        self.clock = Clock()
        self.data_dir = folder / "data"
        self.driver = FaultyDriver()
        self.posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.made: list[SqliteArchive] = []

    def archive(self, machine: bytes = b"this") -> SqliteArchive:
        """Make an archive over the folder."""
        archive = SqliteArchive(
            self.data_dir,
            self.posted.put,
            self.clock,
            make_custodian=a_custodian,
            machine=machine,
            opened_by=self.driver,
        )
        self.made.append(archive)
        return archive

    def steal_lease(self) -> None:
        """Take the lease as a server on another machine would, where locks are not shared."""
        other = sqlite3.connect(self.data_dir / "parvis.db", isolation_level=None)
        other.execute("UPDATE lease SET run = run + 1")
        other.close()

    def unshare_lock(self) -> None:
        """Make as if the lock of the first server were not seen: the next one makes a file of its own."""
        (self.data_dir / LOCK_NAME).unlink()

    def let_fail(self, fault: Fault) -> None:
        """Choose what happens to the next commit."""
        self.driver.fault = fault

    def release(self) -> None:
        """End the commit that hangs."""
        assert self.driver.hangs.wait(ANSWER_WAIT_S)
        self.driver.goes_on.set()

    def answers(self) -> None:
        """Run one posted call, waiting for it."""
        self.posted.get(timeout=ANSWER_WAIT_S)()

    def is_quiet(self) -> bool:
        """Tell whether nothing was posted."""
        return self.posted.empty()

    def records(self) -> list[OpenedRecord]:
        """Read every record back, beside the running server."""
        return list(opened_records(self.data_dir))


def sealed(stage: Stage, archive: Archive, batch: Batch) -> Outcome:
    """Seal a batch and wait for the answer, which comes once."""
    outcomes: list[Outcome] = []
    archive.seal(batch, outcomes.append)
    stage.answers()
    (outcome,) = outcomes
    return outcome


def lines(records: list[OpenedRecord], *, undelivered: bool = False) -> Iterator[bytes]:
    """Give the lines of messages, those that were delivered or those that nobody saw."""
    for record in records:
        if record.header.kind is RecordKind.MESSAGE and record.undelivered is undelivered:
            yield record.line
