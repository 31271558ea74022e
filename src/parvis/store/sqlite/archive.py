"""The archive in SQLite: one writer thread, one transaction per batch, one sync per commit.

Rule 1: a batch that is only records is one statement, which is its own transaction and checks the fencing number
inside it. Each statement gives up the interpreter's lock twice, and on a busy loop getting it back costs milliseconds.
Rule 2: after any error of a commit nothing that was read before it is believed: the connection is closed, the log is
checkpointed with a sync (pages of a failed sync look clean and are not), the head is read again.
Rule 3: what follows a commit (checkpoint, lease, term keys) is done after it was answered.
Rule 4: only the writer thread uses the connection between `open` and the end of `close`.

Source: docs/adr/0003-sealing-in-sqlite.md; https://www.sqlite.org/wal.html
"""

import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final, cast

from parvis.archive.content_keys import MadeKey
from parvis.archive.custody import CustodianKey
from parvis.archive.record import (
    COUNTER_MAX,
    HEADER_BYTES,
    LEAF_BYTES,
    MalformedRecord,
    parse_header,
    record_id,
    run_and_counter,
)
from parvis.archive.sealing import ROW_FIELDS, Sealer, Wrapping
from parvis.archive.terms import DEFAULT_TERMS, HOUR_MS, RandomBytes, TermKey, TermKind, Terms
from parvis.model.records import Unsealed
from parvis.ports.archive import (
    ArchiveCorrupt,
    ArchiveError,
    Batch,
    Fatal,
    Opened,
    Outcome,
    Sealed,
    Unavailable,
    Upkeep,
)
from parvis.ports.keys import KeyStore
from parvis.store import durable
from parvis.store.beginning import (
    LEASE_RENEWED_EVERY_MS,
    Clock,
    Lease,
    PostToLoop,
    TermBook,
    first_time_ms,
    no_custodian,
    no_records,
    run_started,
    taken_lease,
)
from parvis.store.set_aside import SET_ASIDE_NAME, torn_batch_name
from parvis.store.sqlite import kept as kept_rows
from parvis.store.sqlite import upkeep as upkeep_rows
from parvis.store.sqlite.adopting import adopting
from parvis.store.sqlite.clear_values import forget_clear, is_owed, seal_clear
from parvis.store.sqlite.database import (
    BUSY_TIMEOUT_S,
    DATABASE_NAME,
    WHAT_TO_DO,
    Connect,
    bring_up_to_date,
    check_store,
    connect,
    connect_writer,
    make_or_check,
)
from parvis.store.sqlite.kept_seal import KeptSeal
from parvis.store.sqlite.lock import take_lock, this_machine
from parvis.store.sqlite.rooms import all_rooms, drop_room, put_room
from parvis.store.sqlite.wal import torn_tail

ROWS_PER_STATEMENT_MAX: Final = 64
"""Most records of one insert; larger batches take several in one transaction."""

IDLE_CHECKPOINT_PAGES: Final = 100
"""Pages of log, by estimate, from which a checkpoint is made when nothing has come for a moment."""

CHECKPOINT_PAGES: Final = 1000
"""Pages of log, by estimate, from which a checkpoint is made between two commits: some 5 ms (bench/archive)."""

IDLE_S: Final = 0.1
"""A moment in which nothing has come."""

TRUNCATED_WITHIN_S: Final = 2.0
"""How long the log waits to be emptied for a moment of rest; then it is emptied between two commits."""

HELD_BACK_S: Final = 60.0
"""How long a reader may hold the emptying of the log back before the operator is told, and again after as long."""

_PAGES_PER_COMMIT: Final = 2
"""Pages that a commit writes besides those it fills: the last leaf and one above it."""

_PARAMETERS_MAX: Final = ROWS_PER_STATEMENT_MAX * ROW_FIELDS
_PAGE_BYTES: Final = 4096
_ROW_BYTES: Final = HEADER_BYTES + 32 + LEAF_BYTES + 44
"""What a record takes besides its content: header, salt, leaf, nonce, tag, SQLite's own."""

_CORRUPT: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_PRIMARY_CODE: Final = 0xFF

_MARK: Final = "INSERT OR REPLACE INTO undelivered VALUES (?, ?)"
_RENEW: Final = "UPDATE lease SET renewed_ms = ? WHERE run = ?"
_LAST_HEADER: Final = "SELECT id, header FROM records WHERE header IS NOT NULL ORDER BY id DESC LIMIT 1"
_HEAD_OF_RUN: Final = "SELECT max(id) FROM records WHERE id BETWEEN ? AND ?"

_UNENDED: Final = "ended without saying so"
_FENCED: Final = "another server has taken this archive over. This one must stop"

_SEALED_NOW: Final = (
    "Rooms, accounts and other values that stood in clear in the database are sealed now, {count} of them. "
    "Backups made earlier still hold them in clear: delete those as soon as you have a new one."
)
_NOT_OVERWRITTEN: Final = (
    "What stood in clear in the database could not be overwritten ({fault}). The next start tries again; it needs as "
    "much free room as the database takes, beside it and in the folder for passing files."
)


@cache
def _insert(count: int) -> str:
    """Give the statement that inserts so many records if the lease is still the run's, the last parameter."""
    values = ", ".join(["(?, ?, ?, ?, ?)"] * count)
    # The text is made of question marks alone.
    return f"INSERT INTO records SELECT * FROM (VALUES {values}) WHERE (SELECT run FROM lease) = ?"  # noqa: S608


class SqliteArchive:
    """A :class:`parvis.ports.archive.Archive` in a data folder."""

    def __init__(
        self,
        data_dir: Path,
        post: PostToLoop,
        clock: Clock,
        *,
        terms: Terms = DEFAULT_TERMS,
        make_custodian: Callable[[], CustodianKey] = no_custodian,
        tell_custodian: Callable[[CustodianKey], list[Unsealed]] = no_records,
        machine: bytes | None = None,
        opened_by: Connect = connect,
        random: RandomBytes = os.urandom,
    ) -> None:
        """Name the folder; nothing is touched before :meth:`open`.

        Args:
            data_dir: The data folder.
            post: Runs a call on the event loop from the writer's thread: `loop.call_soon_threadsafe`.
            clock: Gives milliseconds since 1970; for the lease and the making of term keys, not for records.
            terms: How long each kind of data is kept.
            make_custodian: Makes the custodians' key of an archive that has none yet: its first one.
            tell_custodian: Gives the records that tell of that key, and stand in one batch with it.
            machine: Id of this machine, for the lease; found out when absent.
            opened_by: Opens database connections; tests give one whose commits fail.
            random: Where random bytes come from.
        """
        self._data_dir = data_dir
        self._database = data_dir / DATABASE_NAME
        self._post = post
        self._clock = clock
        self._kept_for = terms
        self._make_custodian = make_custodian
        self._tell_custodian = tell_custodian
        self._custodian: CustodianKey | None = None
        self._machine = machine
        self._opened_by = opened_by
        self._random = random
        self._jobs: SimpleQueue[tuple[Batch, Callable[[Outcome], None]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._keys: KeyStore | None = None
        self._kept_seal: KeptSeal | None = None
        self._terms: TermBook | None = None
        self._wrapping = Wrapping(self._term_key_for, self.custodian)
        self._sealer = Sealer(0, self._wrapping, random)
        self._run = 0
        self._durable = 0
        self._durable_ms = 0
        self._marks: list[tuple[int, int]] = []
        self._must_reopen = False
        self._fatal: Fatal | None = None
        self._renew_at_ms = 0
        self._make_ahead_at_ms = 0
        self._log_pages = 0
        self._truncate_at_s: float | None = None
        self._tell_held_back_at_s = 0.0
        # Who reads a database makes an empty log beside it: this is asked before anybody does.
        self._had_log = self._database.with_name(DATABASE_NAME + "-wal").exists()

    @property
    def keys(self) -> KeyStore:
        """The server's own keys, once the archive is open."""
        if self._keys is None:
            raise ArchiveError("the archive is not open")
        return self._keys

    def custodian(self) -> CustodianKey:
        """Give the custodians' key of this moment; any thread may ask.

        Raises:
            ArchiveError: The archive is not open.
        """
        if self._custodian is None:
            raise ArchiveError("the archive is not open")
        return self._custodian

    def open(self, now_ms: int) -> Opened:
        """Take the writer's lock and lease, make or check the store, begin a new run, seal its first record.

        Raises:
            ArchiveError: The store cannot be used; the text says why and what to do.
        """
        try:
            opened = self._open(now_ms)
        except OSError as fault:
            self._give_up()
            raise ArchiveError(f"the data folder {self._data_dir} cannot be used: {fault.strerror}") from fault
        except sqlite3.Error as fault:
            self._give_up()
            if _is_corrupt(fault):
                raise ArchiveCorrupt(
                    f"the database {self._database} is damaged: {_name_of(fault)}. {WHAT_TO_DO}"
                ) from fault
            raise ArchiveError(f"the database {self._database} cannot be used: {_name_of(fault)}") from fault
        except (TypeError, ValueError):
            self._give_up()
            # The cause is left out: it may quote what stands in the row.
            raise ArchiveCorrupt(
                f"a row of the database {self._database} is not as it was written. {WHAT_TO_DO}"
            ) from None
        except ArchiveError:
            self._give_up()
            raise
        self._thread = threading.Thread(target=self._write_batches, name="archive", daemon=True)
        self._thread.start()
        return opened

    def seal(self, batch: Batch, done: Callable[[Outcome], None]) -> None:
        """Hand the batch to the writer; `done` is posted to the loop when it is durable or has failed."""
        self._jobs.put((batch, done))

    def close(self) -> None:
        """Finish what is being sealed, end the run, give lease and lock back."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()
            # A run whose end cannot be written is told at the next start.
            with suppress(sqlite3.Error, ArchiveError):
                self._end_run()
        self._give_up()

    # Opening

    def _open(self, now_ms: int) -> Opened:
        durable.make_folder(self._data_dir)
        self._lock = take_lock(self._data_dir)
        keys = make_or_check(self._data_dir, self._random)
        notices = self._set_torn_tail_aside(now_ms)
        connection = self._connection = connect_writer(self._database, self._opened_by)
        notices += bring_up_to_date(connection, self._database)
        check_store(connection, keys, self._database)
        # What a killed server left in the log may never have been synced; nothing is built on it before it is.
        self._checkpoint_whole(connection)
        self._keys = keys
        seal = self._kept_seal = KeptSeal(keys, self._random)
        self._terms = TermBook(keys, self._random, self._kept_for)
        self._custodian = upkeep_rows.newest_custodian(connection)
        is_first = self._custodian is None
        if self._custodian is None:
            self._custodian = self._make_custodian()
        last_time_ms = _last_time_ms(connection)
        time_ms, told = first_time_ms(now_ms, last_time_ms)
        notices += told
        self._terms.make_ahead(time_ms)
        notices += self._begin_run(connection, time_ms, now_ms, self._custodian if is_first else None)
        if not self._had_log and any(_UNENDED in notice for notice in notices):
            notices.append(
                f"Its write-ahead log is not beside the database {self._database}: this is a copy that was made while "
                "it ran, or the log was taken away and what stood in it is lost. Compare it with a known checkpoint."
            )
        # First: which rooms there are tells what older keys are for.
        notices += self._seal_clear_values(connection, seal)
        notices += self._adopt_keys(connection, keys, self._terms, self._custodian)
        return Opened(
            run=self._run,
            last_time_ms=last_time_ms,
            rooms=all_rooms(connection, seal),
            kept=kept_rows.all_kept(connection, seal),
            notices=notices,
        )

    def _begin_run(
        self, connection: sqlite3.Connection, time_ms: int, now_ms: int, custodian: CustodianKey | None
    ) -> list[str]:
        """Take the lease and seal the first records of a new run, in one transaction."""
        connection.execute("BEGIN IMMEDIATE")
        lease = taken_lease(_kept_lease(connection), self._machine or this_machine(), now_ms)
        connection.execute(
            "INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?)", (lease.run, lease.machine, lease.renewed_ms)
        )
        unended = connection.execute("SELECT run FROM runs WHERE ended_ms IS NULL").fetchall()
        # It is told once: nothing is known of when it ended but that it did, before now.
        connection.execute("UPDATE runs SET ended_ms = ? WHERE ended_ms IS NULL", (now_ms,))
        connection.execute("INSERT INTO runs VALUES (?, ?, NULL)", (lease.run, time_ms))
        self._run = lease.run
        self._renew_at_ms = now_ms + LEASE_RENEWED_EVERY_MS
        self._sealer = Sealer(lease.run, self._wrapping, self._random)
        records, upkeep = [run_started(time_ms)], []
        if custodian is not None:
            records += self._tell_custodian(custodian)
            upkeep.append(Upkeep(custodian=custodian))
        rows, made = self._sealer.seal(records)
        self._put(connection, rows, made, Batch([], upkeep=upkeep))
        connection.execute("COMMIT")
        self._remember_durable()
        # The database itself knows of the run from its first moment on, so that a log that goes missing is missed.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return [f"Run {run} {_UNENDED}." for (run,) in unended]

    def _adopt_keys(
        self, connection: sqlite3.Connection, keys: KeyStore, terms: TermBook, custodian: CustodianKey
    ) -> list[str]:
        """Wrap for the custodians what was sealed before there were any, part by part."""
        wrapped = placed = 0
        for batch in adopting(connection, keys, terms, custodian, self._random):
            self._write(connection, batch)
            self._remember_durable()
            wrapped += sum(len(upkeep.add_wraps) for upkeep in batch.upkeep)
            placed += sum(len(upkeep.place_keys) for upkeep in batch.upkeep)
        if not placed:
            return []
        told = f"{wrapped} of {placed} keys of what was sealed before there were custodians are wrapped for them now; "
        return [told + "what lies under the others ends with the server's own windows."]

    def _seal_clear_values(self, connection: sqlite3.Connection, seal: KeptSeal) -> list[str]:
        """Seal what an older version kept in clear, and write the file anew without it."""
        if not is_owed(connection):
            return []
        connection.execute("BEGIN IMMEDIATE")
        self._put(connection, [], [], Batch([]))
        count = seal_clear(connection, seal)
        connection.execute("COMMIT")
        notices = [_SEALED_NOW.format(count=count)] if count else []
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError as fault:
            # What is sealed is sealed, and people can talk: a disk without room must not keep them out.
            return [*notices, _NOT_OVERWRITTEN.format(fault=_name_of(fault))]
        self._checkpoint_whole(connection)
        connection.execute("BEGIN IMMEDIATE")
        forget_clear(connection)
        connection.execute("COMMIT")
        return notices

    def _set_torn_tail_aside(self, now_ms: int) -> list[str]:
        """Copy a torn batch aside before SQLite drops it.

        Raises:
            ArchiveCorrupt: A batch that was durable is damaged.
        """
        tail = torn_tail(self._database.with_name(DATABASE_NAME + "-wal"))
        if tail is None:
            return []
        folder = self._data_dir / SET_ASIDE_NAME
        durable.make_folder(folder)
        path = folder / torn_batch_name(now_ms)
        durable.write_new(path, tail.content)
        durable.sync_folder(folder)
        if tail.acknowledged:
            raise ArchiveCorrupt(
                f"a batch that was durable is damaged in {self._database}-wal (a copy is in {path}): the disk has "
                "changed what it had promised to keep. Check the disk; then put the data folder back from its backup, "
                "or save what is whole: parvis archive repair --to COPY"
            )
        return [f"A batch was torn when the server stopped. Nobody had seen it; what there is of it is in {path}."]

    # The writer's thread

    def _write_batches(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._wait_s())
            except Empty:
                self._tend(is_idle=True)
                continue
            if job is None:
                return
            batch, done = job
            try:
                outcome = self._commit(batch)
            except Exception:  # noqa: BLE001  # whatever it is, it is ours: tell it where faults of threads are told
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))
                outcome = self._fatal = Fatal("the archive's writer has failed. The server must stop")
            self._answer(done, outcome)
            self._tend(is_idle=False)

    def _answer(self, done: Callable[[Outcome], None], outcome: Outcome) -> None:
        # A loop that is closed has nobody to tell.
        with suppress(RuntimeError):
            self._post(partial(done, outcome))

    def _wait_s(self) -> float:
        if self._log_pages >= IDLE_CHECKPOINT_PAGES or self._truncate_at_s is not None:
            return IDLE_S
        return max(self._renew_at_ms - self._clock(), 0) / 1000 + IDLE_S

    def _commit(self, batch: Batch) -> Outcome:
        if self._fatal is not None:
            return self._fatal
        try:
            first = self._write(self._ready_connection(), batch)
        except (sqlite3.Error, OSError, ArchiveError) as fault:
            return self._failed(fault)
        self._remember_durable()
        for upkeep in batch.upkeep:
            if upkeep.custodian is not None:
                self._custodian = upkeep.custodian
                # Keys of this hour are sealed to the one before: nothing more goes under them.
                self._sealer.forget_keys()
            if upkeep.truncate and self._truncate_at_s is None:
                self._truncate_at_s = monotonic() + TRUNCATED_WITHIN_S
                self._tell_held_back_at_s = self._truncate_at_s + HELD_BACK_S
        return Sealed(self._run, first, len(batch.records))

    def _write(self, connection: sqlite3.Connection, batch: Batch) -> int:
        """Write one batch in one transaction; once this returns it is durable. Gives its first counter."""
        first = self._sealer.next_counter
        now_ms = self._clock()
        # A batch of nothing asks whether the store works again: only a write can tell.
        is_renewed = now_ms >= self._renew_at_ms or not (batch.records or batch.has_values)
        rows, made = self._sealer.seal(batch.records)
        if made or batch.has_values or self._marks or is_renewed or not 0 < len(rows) <= _PARAMETERS_MAX:
            connection.execute("BEGIN IMMEDIATE")
            if is_renewed:
                connection.execute(_RENEW, (now_ms, self._run))
            self._put(connection, rows, made, batch)
            connection.execute("COMMIT")
            if is_renewed:
                self._renew_at_ms = now_ms + LEASE_RENEWED_EVERY_MS
        else:
            self._put_rows(connection, rows)
        row_bytes = sum(map(len, cast("list[bytes]", rows[3::ROW_FIELDS])), _ROW_BYTES * len(batch.records))
        self._log_pages += _PAGES_PER_COMMIT + row_bytes // _PAGE_BYTES
        return first

    def _put(
        self,
        connection: sqlite3.Connection,
        rows: list[object],
        made: list[MadeKey],
        batch: Batch,
    ) -> None:
        """Write everything of a batch; the caller holds the transaction.

        Raises:
            ArchiveCorrupt: The lease is another run's.
        """
        # The insert of records asks that itself.
        if not rows and connection.execute("SELECT run FROM lease").fetchone() != (self._run,):
            raise ArchiveCorrupt(_FENCED)
        for key in made:
            upkeep_rows.put_key(connection, key)
        for at in range(0, len(rows), _PARAMETERS_MAX):
            self._put_rows(connection, rows[at : at + _PARAMETERS_MAX])
        if self._kept_seal is None:
            raise ArchiveError("the archive is not open")
        for room in batch.rooms:
            put_room(connection, self._kept_seal, room)
        for room_id in batch.dropped_rooms:
            drop_room(connection, room_id)
        for kept in batch.kept:
            kept_rows.put(connection, self._kept_seal, kept)
        for upkeep in batch.upkeep:
            upkeep_rows.put(connection, upkeep)
        for mark in self._marks:
            connection.execute(_MARK, mark)

    def _put_rows(self, connection: sqlite3.Connection, rows: list[object]) -> None:
        """Insert records if the lease is still ours: one statement, and a transaction if it stands alone."""
        count = len(rows) // ROW_FIELDS
        if connection.execute(_insert(count), [*rows, self._run]).rowcount != count:
            raise ArchiveCorrupt(_FENCED)

    def _remember_durable(self) -> None:
        self._durable = self._sealer.next_counter - 1
        self._durable_ms = self._sealer.last_time_ms
        self._marks = []

    def _failed(self, fault: Exception) -> Outcome:
        """Say what a fault means, and reopen the store if it can be."""
        if isinstance(fault, ArchiveCorrupt) or _is_corrupt(fault):
            self._drop_connection()
            damaged = f"the database {self._database} is damaged: {_name_of(fault)}. {WHAT_TO_DO}"
            self._fatal = Fatal(str(fault) if isinstance(fault, ArchiveCorrupt) else damaged)
            return self._fatal
        reason = f"the commit failed: {_name_of(fault)}"
        self._must_reopen = True
        try:
            self._reopened()
        except (sqlite3.Error, OSError, ArchiveError) as again:
            if isinstance(again, ArchiveCorrupt) or _is_corrupt(again):
                return self._failed(again)
            # The next try begins with it.
        return Unavailable(reason)

    def _reopened(self) -> sqlite3.Connection:
        """Open the store anew, make all that is there durable, and find the head again.

        Raises:
            ArchiveCorrupt: Fenced off, or records that were durable are gone.
            ArchiveError, OSError, sqlite3.Error: It does not work yet.
        """
        self._drop_connection()
        connection = connect_writer(self._database, self._opened_by)
        try:
            self._checkpoint_whole(connection)
            if connection.execute("SELECT run FROM lease").fetchone() != (self._run,):
                raise ArchiveCorrupt(_FENCED)
            bounds = (record_id(self._run, 0), record_id(self._run, COUNTER_MAX))
            (head_id,) = connection.execute(_HEAD_OF_RUN, bounds).fetchone()
        except BaseException:
            connection.close()
            raise
        head = 0 if head_id is None else run_and_counter(head_id)[1]
        if head < self._durable:
            connection.close()
            raise ArchiveCorrupt(
                f"records {head + 1} to {self._durable} of run {self._run} were durable and are gone from the database "
                f"{self._database}. {WHAT_TO_DO}"
            )
        if head > self._durable:
            self._marks.append((record_id(self._run, self._durable + 1), record_id(self._run, head)))
            self._durable = head
        self._sealer.rewind(head + 1, self._durable_ms)
        self._connection = connection
        self._must_reopen = False
        self._log_pages = 0
        return connection

    def _tend(self, *, is_idle: bool) -> None:
        """Do what is due after an answer: renew the lease, make term keys ahead, write the log back."""
        if self._fatal is not None or (self._must_reopen and not is_idle):
            return
        try:
            connection = self._ready_connection()
            now_ms = self._clock()
            if is_idle and now_ms >= self._renew_at_ms:
                if connection.execute(_RENEW, (now_ms, self._run)).rowcount != 1:
                    raise ArchiveCorrupt(_FENCED)
                self._renew_at_ms = now_ms + LEASE_RENEWED_EVERY_MS
            if self._terms is not None and now_ms >= self._make_ahead_at_ms:
                self._terms.make_ahead(now_ms)
                self._sealer.forget_before(now_ms)
                self._make_ahead_at_ms = now_ms + HOUR_MS
            if self._truncate_at_s is not None and (is_idle or monotonic() >= self._truncate_at_s):
                self._truncate(connection)
            elif self._log_pages >= (IDLE_CHECKPOINT_PAGES if is_idle else CHECKPOINT_PAGES):
                # A reader may hold some of it back; then the next thousand pages are the next try.
                self._log_pages = 0
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except (sqlite3.Error, OSError, ArchiveError) as fault:
            # Nobody waits for an answer: what it means is kept for the next batch.
            self._failed(fault)

    def _truncate(self, connection: sqlite3.Connection) -> None:
        """Write the log back and empty it, unless a reader holds some of it back; then soon again."""
        # It never waits: whoever writes would wait with it.
        connection.execute("PRAGMA busy_timeout = 0").fetchone()
        try:
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}").fetchone()
        self._log_pages = 0
        now_s = monotonic()
        self._truncate_at_s = now_s + TRUNCATED_WITHIN_S if is_busy else None
        if is_busy and now_s >= self._tell_held_back_at_s:
            self._tell_held_back_at_s = now_s + HELD_BACK_S
            _tell_held_back()

    # Closing

    def _end_run(self) -> None:
        if self._fatal is not None:
            return
        connection = self._ready_connection()
        connection.execute("BEGIN IMMEDIATE")
        self._put(connection, [], [], Batch([]))
        connection.execute("UPDATE runs SET ended_ms = ? WHERE run = ?", (self._clock(), self._run))
        connection.execute(_RENEW, (0, self._run))
        connection.execute("COMMIT")

    def _give_up(self) -> None:
        self._drop_connection()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _ready_connection(self) -> sqlite3.Connection:
        if self._must_reopen or self._connection is None:
            return self._reopened()
        return self._connection

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # Closing writes the log back and may fail; the log is then still there.
            with suppress(sqlite3.Error):
                connection.close()

    def _checkpoint_whole(self, connection: sqlite3.Connection) -> None:
        """Write the log back and sync it, all of it.

        Raises:
            ArchiveError: Another program reads the database and holds it back.
        """
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise ArchiveError(
                f"another program is using the database {self._database}. Try again when it has finished"
            )

    def _term_key_for(self, kind: TermKind, time_ms: int) -> TermKey:
        if self._terms is None:
            raise ArchiveError("the archive is not open")
        return self._terms.covering(kind, time_ms)


def _kept_lease(connection: sqlite3.Connection) -> Lease | None:
    row = connection.execute("SELECT run, machine, renewed_ms FROM lease").fetchone()
    return None if row is None else Lease(run=row[0], machine=bytes(row[1]), renewed_ms=row[2])


def _last_time_ms(connection: sqlite3.Connection) -> int:
    """Give the time of the newest record, 0 without any."""
    row = connection.execute(_LAST_HEADER).fetchone()
    if row is None:
        return 0
    try:
        return parse_header(row[1]).time_ms
    except MalformedRecord as malformed:
        run, counter = run_and_counter(row[0])
        what = f"the newest record, {run}/{counter}, is damaged: {malformed}"
        raise ArchiveCorrupt(f"{what}. {WHAT_TO_DO}") from malformed


def _tell_held_back() -> None:
    # Logs are imported here because a start, which needs none, would take a tenth longer.
    import structlog  # noqa: PLC0415

    structlog.get_logger().warning(
        "a program reads the database and holds back what was deleted in its log; let it end"
    )


def _is_corrupt(fault: Exception) -> bool:
    code = getattr(fault, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE in _CORRUPT


def _name_of(fault: Exception) -> str:
    """Name a fault by its code: the texts of others may hold what ours must not."""
    if isinstance(fault, ArchiveError):
        return str(fault)
    if isinstance(fault, OSError):
        return fault.strerror or "input or output failed"
    return getattr(fault, "sqlite_errorname", None) or type(fault).__name__
