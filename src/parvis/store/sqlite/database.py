"""The database file: making it together with its keys, opening it, and bringing an older one up to date.

Rule 1: after a power cut a new data folder holds nothing that counts, or all of it. Database and keys are written and
synced under passing names; the keys get theirs first, the database last. Keys without a database, beside a database
of the same id under its passing name, are a making that was cut short, and it is finished.
Rule 2: what is there is never made again: a missing half is an error that says which.
Rule 3: a start with nothing to migrate does not import the migrator (0.7 s).

Source: docs/adr/0003-sealing-in-sqlite.md.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from parvis.archive.terms import RandomBytes
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.store import durable
from parvis.store.keyfile import KEYFILE_NAME, KeyFile, new_keyfile

DATABASE_NAME: Final = "parvis.db"
"""Name of the database in the data folder."""

APPLICATION_ID: Final = 0x50525653
"""Stands in the file's header, so that `file` and we know whose it is: "PRVS"."""

REVISIONS: Final = ("0001", "0002", "0003")
"""Every revision of the schema, oldest first; the last one is what schema.sql makes."""

WHAT_TO_DO: Final = "Put it back from its backup, or save what is whole: parvis archive repair --to COPY"
"""What the operator reads about a damaged database."""

STORE_ID_BYTES: Final = 16
"""Random bytes that say which keys belong to which database."""

BUSY_TIMEOUT_S: Final = 5.0
"""How long a commit waits for a program beside the server that holds the database, such as a backup."""

STATEMENTS_CACHED: Final = 128
"""Prepared statements per connection: one per size of an insert, and a few more."""

Connect = Callable[[str], sqlite3.Connection]
"""Opens a connection in autocommit mode; tests give one that fails."""


def connect(uri: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open a connection that begins no transaction by itself and may move to another thread."""
    return sqlite3.connect(
        uri,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        factory=factory,
        cached_statements=STATEMENTS_CACHED,
        uri=True,
    )


def uri_of(path: Path, mode: str = "rw") -> str:
    """Name a database file for :func:`connect`; without `rwc` a missing file is not made."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def connect_writer(path: Path, opened_by: Connect) -> sqlite3.Connection:
    """Open the writer's connection: write-ahead log, every commit synced, checkpoints when we say so."""
    connection = opened_by(uri_of(path))
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # What is deleted is overwritten in its page, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON").fetchone()
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    if mode != "wal":
        connection.close()
        raise ArchiveError(f"the database {path} cannot use a write-ahead log on this file system")
    return connection


def make_or_check(data_dir: Path, random: RandomBytes) -> KeyFile:
    """Make database and keys in an empty data folder, or check that both are there, private and of one store.

    The caller holds the writer's lock.

    Raises:
        ArchiveError: Half of it is missing, or others could read it.
    """
    database, keyfile = data_dir / DATABASE_NAME, data_dir / KEYFILE_NAME
    passing = data_dir / (DATABASE_NAME + ".new")
    if not database.exists():
        if keyfile.exists():
            _finish_making(database, keyfile, passing)
        elif database.with_name(DATABASE_NAME + "-wal").exists():
            raise ArchiveError(f"the database {database} is missing, but its log is there. Put it back from its backup")
        else:
            _make(database, keyfile, passing, random)
    for path in (data_dir, database):
        if durable.is_open(path):
            raise ArchiveError(f"{path} is open to other users. Make it yours alone: chmod go-rwx {path}")
    return KeyFile(keyfile)


def _make(database: Path, keyfile: Path, passing: Path, random: RandomBytes) -> None:
    folder = database.parent
    folder.chmod(durable.PRIVATE_FOLDER)
    for leftover in folder.glob(passing.name + "*"):
        leftover.unlink()
    os.close(os.open(passing, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, durable.PRIVATE_FILE))
    store = random(STORE_ID_BYTES)
    connection = connect(uri_of(passing))
    try:
        # Not synced step by step: the whole file is, before it gets its name.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("BEGIN")
        lay_schema(connection)
        connection.execute("INSERT INTO store VALUES (1, ?)", (store,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
    durable.sync_file(passing)
    keys_passing = keyfile.with_name(keyfile.name + ".new")
    durable.write_new(keys_passing, new_keyfile(store, random))
    durable.sync_folder(folder)
    keys_passing.rename(keyfile)
    durable.sync_folder(folder)
    passing.rename(database)
    durable.sync_folder(folder)


def _finish_making(database: Path, keyfile: Path, passing: Path) -> None:
    """Give a database its name after a cut between the two names, or say that it is missing."""
    if passing.exists() and _store_id(passing) == KeyFile(keyfile).store:
        passing.rename(database)
        durable.sync_folder(database.parent)
        return
    raise ArchiveError(
        f"the database {database} is missing, but its keys are there. Put it back from its backup; "
        "to begin anew, use an empty data folder"
    )


def _store_id(path: Path) -> bytes | None:
    connection = connect(uri_of(path))
    try:
        row = connection.execute("SELECT id FROM store").fetchone()
    except sqlite3.Error:
        return None
    finally:
        connection.close()
    return None if row is None else bytes(row[0])


def lay_schema(connection: sqlite3.Connection) -> None:
    """Make the current schema in an empty database and stamp it; the caller holds the transaction."""
    schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    # One statement at a time, because executescript() would end the transaction.
    for statement in schema.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Check whose database this is and of which revision; migrate an older one.

    Returns:
        What the operator should read.

    Raises:
        ArchiveError: It is not ours, or newer than this program.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise ArchiveError(f"{path} is not a database of this program. Use another data folder")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = None if row is None else row[0]
    if revision == REVISIONS[-1]:
        return []
    if revision is not None and revision not in REVISIONS:
        raise ArchiveError(
            f"the database {path} was written by a newer version of this program (schema {revision}, this one "
            f"knows {REVISIONS[-1]}). Install that version or a later one"
        )
    # The migrator is imported here because it costs more than a whole start.
    from parvis.store.sqlite.migrate import migrate  # noqa: PLC0415

    migrate(path)
    return [f"The database was brought from schema {revision or 'none'} to {REVISIONS[-1]}."]


def check_store(connection: sqlite3.Connection, keys: KeyFile, path: Path) -> None:
    """Check that keys and database belong together.

    Raises:
        ArchiveCorrupt: They do not.
    """
    row = connection.execute("SELECT id FROM store").fetchone()
    if row is None or bytes(row[0]) != keys.store:
        raise ArchiveCorrupt(
            f"the keys beside {path} belong to another database. Put the right key file back from its backup"
        )
