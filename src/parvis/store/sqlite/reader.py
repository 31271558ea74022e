"""Reading the archive from beside the server, or without one. Nothing is written.

Records are read a few at a time, each few in a transaction of their own, so that a long reading holds neither the
server's log nor memory.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from parvis.archive.content_keys import ContentKey
from parvis.archive.reading import OpenedRecord, opened_record
from parvis.archive.record import MalformedRecord, UnopenedRecord, parse_header, run_and_counter
from parvis.model.ids import AUDIT
from parvis.model.records import RecordKind
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
_AUDIT: Final = "SELECT id, header, ciphertext FROM records WHERE substr(header, 57, 16) = ? ORDER BY id"
_ROWS: Final = (
    "SELECT id, header, ciphertext,"
    " EXISTS (SELECT 1 FROM undelivered WHERE records.id BETWEEN first_id AND last_id)"
    " FROM records WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
)


def opened_records(data_dir: Path) -> Iterator[OpenedRecord]:
    """Give every record that the visible wraps open, in order; the server may be running.

    Raises:
        ArchiveError: The store cannot be read.
        ArchiveCorrupt: A record does not open although its key does; `store/sqlite/verifying.py` names them all.
    """
    with reading(data_dir) as (connection, keys):
        finder = KeyFinder(connection, keys)
        for number, header, ciphertext, undelivered in _rows(connection):
            if header is None or ciphertext is None:
                continue
            opened = _opened(finder, number, header, ciphertext, undelivered=undelivered)
            if opened is not None:
                yield opened


def audit_records(data_dir: Path) -> Iterator[OpenedRecord]:
    """Give the records of the audit that the server can open, in order; it may be running.

    Raises:
        ArchiveError: The store cannot be read.
        ArchiveCorrupt: A record does not open although its key does.
    """
    with reading(data_dir) as (connection, keys):
        finder = KeyFinder(connection, keys)
        for number, header, ciphertext in connection.execute(_AUDIT, (AUDIT,)).fetchall():
            opened = _opened(finder, number, header, ciphertext, undelivered=False)
            if opened is not None and opened.header.kind is RecordKind.AUDIT:
                yield opened


@contextmanager
def reading(data_dir: Path) -> Iterator[tuple[sqlite3.Connection, KeyFile]]:
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


def _opened(
    finder: KeyFinder, number: int, header: object, ciphertext: object, *, undelivered: bool
) -> OpenedRecord | None:
    """Open a record; None when its key does not open any more."""
    if not isinstance(header, bytes) or not isinstance(ciphertext, bytes):
        run, counter = run_and_counter(number)
        raise ArchiveCorrupt(f"record {run}/{counter} is not made of bytes. Run: parvis archive verify")
    try:
        key = finder.find(parse_header(header).content_key)
        if not isinstance(key, ContentKey):
            return None
        return opened_record(header, ciphertext, key.key, undelivered=undelivered)
    except (MalformedRecord, UnopenedRecord) as wrong:
        run, counter = run_and_counter(number)
        raise ArchiveCorrupt(f"record {run}/{counter}: {wrong}. Run: parvis archive verify") from wrong


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes | None, bytes | None, bool]]:
    """Give number, header, ciphertext and whether nobody saw it of what is there now, a few per transaction."""
    (head,) = connection.execute(_HEAD).fetchone()
    last = 0
    while head is not None and last < head:
        rows = connection.execute(_ROWS, (last, head, ROWS_AT_ONCE)).fetchall()
        if not rows:
            return
        for number, header, ciphertext, undelivered in rows:
            yield number, header, ciphertext, bool(undelivered)
        last = rows[-1][0]
