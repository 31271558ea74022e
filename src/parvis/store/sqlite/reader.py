"""Reading the archive from beside the server, or without one. Nothing is written.

Records are read a few at a time, each few in a transaction of their own, so that a long reading holds neither the
server's log nor memory.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import ContentKey
from parvis.archive.reading import OpenedRecord, opened_record
from parvis.archive.record import MalformedRecord, UnopenedRecord, parse_header, run_and_counter
from parvis.archive.verify import Check, Covered, Report, Row, lost_between, never_covered
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.database import (
    APPLICATION_ID,
    DATABASE_NAME,
    REVISIONS,
    check_store,
    connect,
    uri_of,
)
from parvis.store.sqlite.key_finder import KeyFinder

ROWS_AT_ONCE: Final = 500
"""Most records of one reading transaction."""

_HEAD: Final = "SELECT max(id) FROM records"
_ROWS: Final = (
    "SELECT id, header, salt, ciphertext, leaf,"
    " EXISTS (SELECT 1 FROM undelivered WHERE records.id BETWEEN first_id AND last_id)"
    " FROM records WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
)
_DAMAGE: Final = "SELECT first_id, last_id, why FROM absences WHERE why = 'damage' ORDER BY first_id"
_EMPTY_RUNS: Final = (
    "SELECT run FROM runs WHERE NOT EXISTS (SELECT 1 FROM records"
    " WHERE records.id BETWEEN run << 40 AND (run + 1 << 40) - 1)"
)


def opened_records(data_dir: Path) -> Iterator[OpenedRecord]:
    """Give every record that the visible wraps open, in order; the server may be running.

    Raises:
        ArchiveError: The store cannot be read.
        ArchiveCorrupt: A record does not open although its key does; `verify_archive` names them all.
    """
    with _reading(data_dir) as (connection, keys):
        finder = KeyFinder(connection, keys)
        for row in _rows(connection):
            if row.header is None or row.ciphertext is None:
                continue
            try:
                key = finder.find(parse_header(row.header).content_key)
                if not isinstance(key, ContentKey):
                    continue
                opened = opened_record(row.header, row.ciphertext, key.key, undelivered=row.undelivered)
            except (MalformedRecord, UnopenedRecord) as wrong:
                run, counter = run_and_counter(row.number)
                raise ArchiveCorrupt(f"record {run}/{counter}: {wrong}. Run: parvis archive verify") from wrong
            yield opened


def verify_archive(data_dir: Path, is_covered: Covered = never_covered) -> Report:
    """Check every record that is there when the check begins; the server may be running.

    Raises:
        ArchiveError: The store cannot be read at all.
    """
    with _reading(data_dir) as (connection, keys):
        noted = [Absence(first_id=row[0], last_id=row[1], why=Why(row[2])) for row in connection.execute(_DAMAGE)]
        check = Check(KeyFinder(connection, keys).find, is_covered, lost_between(noted))
        for row in _rows(connection):
            check.row(row)
        # A run and its first record are one transaction, so that also a run that begins now has one.
        for (empty,) in connection.execute(_EMPTY_RUNS):
            check.missing_end(empty)
        return check.report


@contextmanager
def _reading(data_dir: Path) -> Iterator[tuple[sqlite3.Connection, KeyFile]]:
    """Open database and keys for reading."""
    path = data_dir / DATABASE_NAME
    if not path.is_file():
        raise ArchiveError(f"there is no archive in {data_dir}. Name the data folder with --data")
    keys = KeyFile(data_dir / KEYFILE_NAME)
    try:
        with closing(connect(uri_of(path, "ro"))) as connection:
            connection.execute("PRAGMA query_only = ON")
            (application_id,) = connection.execute("PRAGMA application_id").fetchone()
            if application_id != APPLICATION_ID:
                raise ArchiveError(f"{path} is not a database of this program")
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if revision != (REVISIONS[-1],):
                raise ArchiveError(
                    f"the database {path} is of another version than this program. Use the program that serves it; "
                    "an older database is brought up to date when the server starts"
                )
            check_store(connection, keys, path)
            yield connection, keys
    except sqlite3.Error as fault:
        raise ArchiveError(f"the database {path} cannot be read: {fault.sqlite_errorname}") from fault


def _rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Give the rows that are there now, a few per transaction."""
    (head,) = connection.execute(_HEAD).fetchone()
    last = 0
    while head is not None and last < head:
        rows = connection.execute(_ROWS, (last, head, ROWS_AT_ONCE)).fetchall()
        if not rows:
            return
        for number, header, salt, ciphertext, leaf, undelivered in rows:
            yield Row(
                number=number,
                header=header,
                salt=salt,
                ciphertext=ciphertext,
                leaf=leaf,
                undelivered=bool(undelivered),
            )
        last = rows[-1][0]
