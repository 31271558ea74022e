"""History out of SQLite: a connection of its own that only reads, and an index over the headers (`store/history.py`).

Rule 1: nothing is added to the path of a commit: no column, no index, no call.
Rule 2: rows are read a few at a time, each few in a transaction of their own, and the interpreter is given up between
them: neither the server's log nor its loop waits for a long reading.

Source: docs/adr/0013-history-from-the-sealed-log.md.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Final

from parvis.archive.content_keys import ContentKey
from parvis.archive.reading import OpenedRecord, opened_record
from parvis.archive.record import HEADER_V1, parse_header
from parvis.archive.roll_call import read_roll_call
from parvis.model.ids import NOBODY
from parvis.model.records import RecordKind
from parvis.ports.keys import KeyStore
from parvis.store.history import IndexedHistory, PairOf, Row
from parvis.store.history_index import OPENED
from parvis.store.sqlite.database import DATABASE_NAME, connect, uri_of
from parvis.store.sqlite.key_finder import KeyFinder

ROWS_AT_ONCE: Final = 256
"""Records that are read and indexed before the interpreter is given up: less than a millisecond."""
PAUSE_S: Final = 0.0002
"""How long it is given up; a thread that does not sleep at all takes it again at once."""

_KINDS_OPENED: Final = ", ".join(f"x'{kind:02x}'" for kind in sorted(OPENED))
# These texts are made of our own numbers alone.
_ROWS: Final = (
    f"SELECT id, header, CASE WHEN substr(header, 2, 1) IN ({_KINDS_OPENED}) THEN ciphertext END"  # noqa: S608
    " FROM records WHERE id > ? AND id <= ? AND header IS NOT NULL ORDER BY id LIMIT ?"
)
_MARKED: Final = "SELECT first_id, last_id FROM undelivered WHERE last_id > ? AND first_id <= ?"
_FIRST_FROM: Final = "SELECT id, header FROM records WHERE id >= ? AND header IS NOT NULL ORDER BY id LIMIT 1"
_BASE: Final = (
    "SELECT id, header, ciphertext FROM records WHERE id < ? AND header IS NOT NULL"  # noqa: S608
    f" AND (substr(header, 2, 1) = x'{RecordKind.RUN_STARTED:02x}'"
    f" OR substr(header, 2, 1) = x'{RecordKind.ROLL_CALL:02x}' AND substr(header, 25, 16) = x'{NOBODY.hex()}')"
    " AND NOT EXISTS (SELECT 1 FROM undelivered WHERE records.id BETWEEN first_id AND last_id)"
    " ORDER BY id DESC LIMIT 1"
)
_RECORD: Final = "SELECT header, ciphertext FROM records WHERE id = ?"


class SqliteHistory(IndexedHistory):
    """A :class:`parvis.ports.history.History` beside the writer of a data folder."""

    def __init__(self, data_dir: Path, keys: Callable[[], KeyStore], pair_of: PairOf) -> None:
        """Name the folder; nothing is touched before the first question.

        Args:
            data_dir: The data folder, whose archive is open.
            keys: Gives the key store of the open archive.
            pair_of: Gives the conversation of two identities.
        """
        super().__init__(pair_of)
        self._database = data_dir / DATABASE_NAME
        self._keys = keys
        self._connection: sqlite3.Connection | None = None
        self._finder: KeyFinder | None = None

    def close(self) -> None:
        """Close the connection; waits for a question that is being answered."""
        with self._lock:
            self._drop()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(uri_of(self._database, "ro"))
            self._connection.execute("PRAGMA query_only = ON")
        return self._connection

    def _key(self, key_id: bytes) -> ContentKey | None:
        if self._finder is None:
            self._finder = KeyFinder(self._connected(), self._keys())
        key = self._finder.find(key_id)
        return key if isinstance(key, ContentKey) else None

    def _beginning(self, from_ms: int, head: int) -> int:
        """Find the first record from a moment on, by halving (times never decrease), then who was where before it."""
        connection = self._connected()
        low, high = 0, head + 1
        while low < high:
            middle = (low + high) // 2
            row = connection.execute(_FIRST_FROM, (middle,)).fetchone()
            if row is None or row[0] > head or HEADER_V1.unpack(row[1])[5] >= from_ms:
                high = middle
            else:
                low = row[0] + 1
        base = connection.execute(_BASE, (low,)).fetchone()
        if base is None:
            return low - 1
        number, header, ciphertext = base
        if HEADER_V1.unpack(header)[1] == RecordKind.ROLL_CALL:
            line = None if ciphertext is None else self._open_line(header, ciphertext)
            # Its parts follow each other in one batch.
            number -= 0 if line is None else read_roll_call(line).part - 1
        return int(number) - 1

    def _rows(self, after: int, head: int) -> Iterator[Row]:
        connection = self._connected()
        marked = connection.execute(_MARKED, (after, head)).fetchall()
        while rows := connection.execute(_ROWS, (after, head, ROWS_AT_ONCE)).fetchall():
            for row in rows:
                if not marked or not any(first <= row[0] <= last for first, last in marked):
                    yield row
            after = rows[-1][0]
            if len(rows) < ROWS_AT_ONCE:
                return
            sleep(PAUSE_S)

    def _open(self, number: int) -> OpenedRecord | None:
        row = self._connected().execute(_RECORD, (number,)).fetchone()
        if row is None or row[0] is None or row[1] is None:
            return None
        header, ciphertext = row
        key = self._key(parse_header(header).content_key)
        return None if key is None else opened_record(header, ciphertext, key.key, undelivered=False)

    def _open_line(self, header: bytes, ciphertext: bytes) -> bytes | None:
        key = self._key(parse_header(header).content_key)
        return None if key is None else opened_record(header, ciphertext, key.key, undelivered=False).line

    def _forget_keys(self) -> None:
        self._finder = None

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._finder = None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
