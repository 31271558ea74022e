"""What is stored, read beside the writer: one short-lived connection per call that only reads.

Rows are read a few at a time, each few in a transaction of their own, so that a long reading holds neither the
server's log nor memory.
"""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import CustodyWrap
from parvis.archive.custody import CustodianKey
from parvis.archive.record import COUNTER_BITS, run_and_counter
from parvis.model.ids import ConversationId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import DataKind
from parvis.ports.archive import ArchiveError, VaultKey, VaultRow
from parvis.ports.sealed import StoredKey, StoredRow, Wanted
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite import upkeep
from parvis.store.sqlite.database import DATABASE_NAME, connect, uri_of
from parvis.store.sqlite.kept import kept_of
from parvis.store.sqlite.kept_seal import KeptSeal

ROWS_AT_ONCE: Final = 500
"""Most rows of one reading transaction."""

# The text is made of our own words and numbers.
_RUNS: Final = (
    "WITH RECURSIVE newest(id) AS (SELECT max(id) FROM records UNION ALL"  # noqa: S608
    f" SELECT (SELECT max(id) FROM records WHERE id < newest.id >> {COUNTER_BITS} << {COUNTER_BITS}) FROM newest"
    " WHERE newest.id IS NOT NULL) SELECT id FROM newest WHERE id IS NOT NULL"
)
_HAS_CUSTODIANS: Final = "SELECT count(*) FROM sqlite_master WHERE name = 'custodians'"
_KEY_FIELDS: Final = "id, conversation, hour, run, data, first_id, term_key, visible_wrap"
_ROW_FIELDS: Final = "id, header, salt, ciphertext, leaf"
# Where the fields stand in a header, counted from 1 (archive/record.py).
_AUTHOR_AT: Final = 25
_CONVERSATION_AT: Final = 57
_CONTENT_KEY_AT: Final = 73


class SqliteSealed:
    """A :class:`parvis.ports.sealed.SealedStore` of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Name the folder; nothing is touched before a call."""
        self._database = data_dir / DATABASE_NAME

    def head(self) -> int:
        """Give the number of the newest record."""
        ((head,),) = self._all("SELECT max(id) FROM records")
        return head or 0

    def runs(self) -> list[tuple[int, int]]:
        """Give every run with the counter of its newest record; one look into the tree for each run."""
        return [run_and_counter(number) for (number,) in reversed(self._all(_RUNS))]

    def rows(self, wanted: Wanted) -> Iterator[StoredRow]:
        """Give rows in the order of their numbers."""
        conditions, parameters = _conditions(wanted)
        # The text is made of our own words and of question marks.
        query = (
            f"SELECT {_ROW_FIELDS} FROM records WHERE id >= ? AND id <= ?{conditions} ORDER BY id LIMIT {ROWS_AT_ONCE}"  # noqa: S608
        )
        first = wanted.first_id
        with self._reading() as connection:
            while rows := connection.execute(query, [first, wanted.last_id, *parameters]).fetchall():
                for number, header, salt, ciphertext, leaf in rows:
                    yield StoredRow(number=number, header=header, salt=salt, ciphertext=ciphertext, leaf=leaf)
                first = rows[-1][0] + 1

    def headers(self, after: int, limit: int) -> list[tuple[int, bytes | None]]:
        """Give numbers and headers of at most so many records after a number, in order."""
        return self._all("SELECT id, header FROM records WHERE id > ? ORDER BY id LIMIT ?", (after, limit))

    def leaves(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Give numbers and leaves of at most so many records after a number, in order."""
        return self._all("SELECT id, leaf FROM records WHERE id > ? ORDER BY id LIMIT ?", (after, limit))

    def content_keys(self, first_hour: int = 0, last_hour: int = 1 << 62) -> Iterator[StoredKey]:
        """Give the content keys of a span of hours, both ends included."""
        query = f"SELECT {_KEY_FIELDS} FROM content_keys WHERE hour BETWEEN ? AND ?"  # noqa: S608
        for row in self._all(query, (first_hour, last_hour)):
            yield _stored_key(row)

    def content_key(self, key_id: bytes) -> StoredKey | None:
        """Find one content key."""
        rows = self._all(f"SELECT {_KEY_FIELDS} FROM content_keys WHERE id = ?", (key_id,))  # noqa: S608
        return _stored_key(rows[0]) if rows else None

    def keys_of(self, key_ids: Collection[bytes]) -> Iterator[StoredKey]:
        """Give those of these content keys that are there."""
        query = f"SELECT {_KEY_FIELDS} FROM content_keys WHERE id = ?"  # noqa: S608
        with self._reading() as connection:
            for key_id in key_ids:
                row = connection.execute(query, (key_id,)).fetchone()
                if row is not None:
                    yield _stored_key(row)

    def wraps_of(self, content_key: bytes) -> list[CustodyWrap]:
        """Give every wrap of a content key for custodians."""
        query = "SELECT content_key, term_key, custodian, wrap FROM custody_wraps WHERE content_key = ?"
        return [_wrap(row) for row in self._all(query, (content_key,))]

    def wraps_under(self, term_keys: Collection[bytes]) -> Iterator[CustodyWrap]:
        """Give the wraps that lie under any of these term keys."""
        query = (
            "SELECT content_key, term_key, custodian, wrap FROM custody_wraps"
            " WHERE term_key = ? AND content_key > ? ORDER BY content_key LIMIT ?"
        )
        for term_key in term_keys:
            after = b""
            while rows := self._all(query, (term_key, after, ROWS_AT_ONCE)):
                yield from map(_wrap, rows)
                after = rows[-1][0]

    def keys_closing(self, term_keys: Collection[bytes]) -> Iterator[StoredKey]:
        """Give the content keys whose visible wrap lies under any of these term keys."""
        query = f"SELECT {_KEY_FIELDS} FROM content_keys WHERE term_key = ? AND id > ? ORDER BY id LIMIT ?"  # noqa: S608
        for term_key in term_keys:
            after = b""
            while rows := self._all(query, (term_key, after, ROWS_AT_ONCE)):
                yield from map(_stored_key, rows)
                after = rows[-1][0]

    def custodians(self) -> list[CustodianKey]:
        """Give every custodians' key there was, the newest last."""
        with self._reading() as connection:
            # A database that was not opened since schema 0002 has none yet.
            (is_there,) = connection.execute(_HAS_CUSTODIANS).fetchone()
            return upkeep.all_custodians(connection) if is_there else []

    def absences(self) -> list[Absence]:
        """Give what is noted of absent bodies, in order."""
        rows = self._all("SELECT first_id, last_id, why FROM absences ORDER BY first_id")
        return [Absence(first_id=first, last_id=last, why=Why(why)) for first, last, why in rows]

    def undelivered(self) -> list[tuple[int, int]]:
        """Give the ranges of records that nobody saw."""
        return self._all("SELECT first_id, last_id FROM undelivered ORDER BY first_id")

    def kept(self, kind: KeptKind) -> list[Keep]:
        """Give the values of one kind that are kept beside records."""
        with self._reading() as connection:
            return kept_of(connection, self._kept_seal, kind)

    @cached_property
    def _kept_seal(self) -> KeptSeal:
        # Read when first needed: what else is stored can be read without the key store.
        return KeptSeal(KeyFile(self._database.with_name(KEYFILE_NAME)))

    def vault_keys(self) -> list[VaultKey]:
        """Give the keys of the identification vault, the oldest day first."""
        names = ("id", "kind", "day_ms", "custodian", "term_key", "wrap")
        rows = self._all("SELECT id, kind, day_ms, custodian, term_key, wrap FROM vault_keys ORDER BY day_ms, rowid")
        return [VaultKey(**dict(zip(names, row, strict=True))) for row in rows]

    def vault_rows(self, key: bytes) -> Iterator[VaultRow]:
        """Give the rows under one key of the vault, in the order in which they were written."""
        after = 0
        query = "SELECT id, sealed FROM vault WHERE key = ? AND id > ? ORDER BY id LIMIT ?"
        while rows := self._all(query, (key, after, ROWS_AT_ONCE)):
            for _, sealed in rows:
                yield VaultRow(key=key, sealed=sealed)
            after = rows[-1][0]

    def _all(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._reading() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(connect(uri_of(self._database, "ro"))) as connection:
                connection.execute("PRAGMA query_only = ON")
                yield connection
        except sqlite3.Error as fault:
            name = getattr(fault, "sqlite_errorname", None) or type(fault).__name__
            raise ArchiveError(f"the database {self._database} cannot be read: {name}") from fault


def _conditions(wanted: Wanted) -> tuple[str, list[object]]:
    """Say in SQL what a row must meet, with its parameters."""
    text, parameters = "", []  # type: tuple[str, list[object]]
    if wanted.content_keys is not None:
        marks = ", ".join("?" * len(wanted.content_keys))
        text += f" AND substr(header, {_CONTENT_KEY_AT}, 16) IN ({marks})"
        parameters += sorted(wanted.content_keys)
    if wanted.author is not None:
        text += f" AND substr(header, {_AUTHOR_AT}, 16) = ?"
        parameters.append(wanted.author)
    if wanted.conversation is not None:
        text += f" AND substr(header, {_CONVERSATION_AT}, 16) = ?"
        parameters.append(wanted.conversation)
    return text, parameters


def _stored_key(row: tuple) -> StoredKey:  # type: ignore[type-arg]
    key_id, conversation, hour, run, data, first_id, term_key, wrap = row
    return StoredKey(
        id=key_id,
        conversation=ConversationId(conversation),
        hour=hour,
        run=run,
        data=DataKind(data),
        first_id=first_id,
        visible_term=term_key,
        visible_wrap=wrap,
    )


def _wrap(row: tuple) -> CustodyWrap:  # type: ignore[type-arg]
    content_key, term_key, custodian, wrap = row
    return CustodyWrap(content_key=content_key, term_key=term_key, custodian=custodian, wrap=wrap)
