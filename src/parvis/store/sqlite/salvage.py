"""What can still be read of a damaged database: table by table where its trees are whole, else page by page.

Rule 1: the damaged folder is never written to. Database and log are copied block by block (what the disk does not give
is left as zeros), the pages of the log are laid over the copy, and the copy is read.
Rule 2: a row is given only if every column has the type and the length that its table's rows have. Whether what it
says is true is for `repair.py` to judge.
Rule 3: the small tables are read page by page only where reading them as tables fails: pages may hold rows that were
deleted, and a lifted ban must not come back.

Source: docs/adr/0027-damage-and-repair.md.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from parvis.archive.absences import Why
from parvis.model.kept import KeptKind
from parvis.model.records import DataKind, KeptHost, ListMask
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.kept_seal import SEALED_BYTES_MIN
from parvis.store.sqlite.pages import DATABASE_HEADER_BYTES, PageRow, Value, rows_of
from parvis.store.sqlite.wal import whole_frames

BLOCK_BYTES: Final = 4096
"""What is read at once of a disk that may not give it."""

PAGE_BYTES: Final = 4096
"""Size of a page where the database no longer says it: SQLite's own choice."""

Fits = Callable[[Value], bool]
StoredRow = tuple[Any, ...]
"""A row's columns in the order of its table, texts as bytes."""


def _blob(size: int | None = None) -> Fits:
    return lambda value: isinstance(value, bytes) and (size is None or len(value) == size)


def _is_sealed(value: Value) -> bool:
    return isinstance(value, bytes) and len(value) >= SEALED_BYTES_MIN


def _or_none(fits: Fits) -> Fits:
    return lambda value: value is None or fits(value)


def _is_number(value: Value) -> bool:
    return isinstance(value, int) and value >= 0


def _is_text(value: Value) -> bool:
    try:
        return isinstance(value, bytes) and value.decode() is not None
    except UnicodeDecodeError:
        return False


def _one_of(words: type[DataKind | KeptKind | Why]) -> Fits:
    known = {word.encode() for word in words}
    return lambda value: value in known


def _json(kind: object) -> Fits:
    def fits(value: Value) -> bool:
        try:
            msgspec.json.decode(value if isinstance(value, bytes) else b"", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True

    return fits


class Table(msgspec.Struct, frozen=True):
    """A table, and what its rows look like."""

    name: str
    columns: Mapping[str, Fits]
    key: str = ""
    """Its column that is the row id, which does not stand among a row's values; empty without."""
    is_large: bool = False
    """Whether its pages are read wherever any tree is damaged: its rows are proved by more than their place."""
    texts: tuple[str, ...] = ()
    """Columns that are texts."""
    added: StoredRow = ()
    """What stands in columns that an older schema did not have, at the end."""
    names: tuple[str, ...] = ()
    """Where it may stand; a table of such a name that has other columns is another. Empty: under its name alone."""

    def row(self, values: StoredRow) -> StoredRow | None:
        """Give a row of this table, texts as bytes; None for what is none."""
        if len(values) < len(self.columns):
            values += self.added[len(self.added) - (len(self.columns) - len(values)) :]
        if len(values) != len(self.columns):
            return None
        return values if all(fits(value) for fits, value in zip(self.columns.values(), values, strict=True)) else None

    def row_of_page(self, found: PageRow) -> StoredRow | None:
        """Give a row of this table that stood in a page."""
        if not self.key:
            return self.row(found.values)
        if found.rowid is None or not found.values or found.values[0] is not None:
            return None
        return self.row((found.rowid, *found.values[1:]))


RECORDS: Final = Table(
    "records",
    {
        "id": _is_number,
        "header": _or_none(_blob()),
        "salt": _or_none(_blob()),
        "ciphertext": _or_none(_blob()),
        "leaf": _blob(),
    },
    key="id",
    is_large=True,
)
CONTENT_KEYS: Final = Table(
    "content_keys",
    {
        "id": _blob(16),
        "conversation": _blob(16),
        "hour": _is_number,
        "run": _is_number,
        "term_key": _or_none(_blob(16)),
        "visible_wrap": _or_none(_blob(60)),
        "data": _one_of(DataKind),
        "first_id": _is_number,
    },
    is_large=True,
    texts=("data",),
    added=(b"rooms", 0),
)
CUSTODY_WRAPS: Final = Table(
    "custody_wraps",
    {"content_key": _blob(16), "term_key": _blob(16), "custodian": _blob(16), "wrap": _blob()},
    is_large=True,
)
ABSENCES: Final = Table(
    "absences", {"first_id": _is_number, "last_id": _is_number, "why": _one_of(Why)}, key="first_id", texts=("why",)
)
ROOMS: Final = Table("rooms", {"id": _blob(16), "sealed": _is_sealed}, names=("rooms",))
KEPT: Final = Table(
    "kept", {"kind": _one_of(KeptKind), "id": _blob(16), "sealed": _is_sealed}, texts=("kind",), names=("kept",)
)
TABLES: Final = (
    RECORDS,
    CONTENT_KEYS,
    CUSTODY_WRAPS,
    Table(
        "custodians",
        {
            "id": _blob(16),
            "suite": _is_number,
            "public": _blob(),
            "shares": _is_number,
            "threshold": _is_number,
            "since_ms": _is_number,
            "share_checks": _blob(),
        },
    ),
    ABSENCES,
    Table(
        "vault_keys",
        {
            "id": _blob(16),
            "kind": _is_text,
            "day_ms": _is_number,
            "custodian": _blob(16),
            "term_key": _blob(16),
            "wrap": _blob(),
        },
        is_large=True,
        texts=("kind",),
    ),
    Table("vault", {"id": _is_number, "key": _blob(16), "sealed": _blob()}, key="id", is_large=True),
    Table("undelivered", {"first_id": _is_number, "last_id": _is_number}, key="first_id"),
    Table("runs", {"run": _is_number, "started_ms": _is_number, "ended_ms": _or_none(_is_number)}, key="run"),
    ROOMS,
    KEPT,
)
"""Every table that is saved. Lease, store id and the migrator's stamp are made anew (`repair.py`)."""

ROOMS_IN_CLEAR: Final = Table(
    "rooms",
    {
        "id": _blob(16),
        "name": _is_text,
        "owner": _blob(16),
        "created_at_ms": _is_number,
        "topic": _is_text,
        "topic_set_by": _is_text,
        "topic_set_at_ms": _is_number,
        "flags": _is_text,
        "join_key": _is_text,
        "member_limit": _is_number,
        "lists": _json(tuple[ListMask, ...]),
        "hosts": _json(tuple[KeptHost, ...]),
        "visible_s": _or_none(_is_number),
    },
    texts=("name", "topic", "topic_set_by", "flags", "join_key", "lists", "hosts"),
    added=(b"[]", None),
    names=("rooms_clear", "rooms"),
)
KEPT_IN_CLEAR: Final = Table(
    "kept",
    {"kind": _one_of(KeptKind), "id": _blob(), "value": _json(object)},
    texts=("kind",),
    names=("kept_clear", "kept"),
)
"""What schema 0002 kept in clear: until its migration, and after it until it is sealed (`clear_values.py`)."""


class Damage(msgspec.Struct, kw_only=True):
    """What was wrong with the files themselves."""

    unreadable_blocks: int = 0
    """Blocks that the disk did not give."""
    is_tree_broken: bool = False
    tables_by_page: list[str] = []
    """Tables that were read page by page."""
    rows_refused: dict[str, int] = {}
    """Rows that are none, by table."""


class Salvage:
    """A damaged database, laid out for reading in a folder of ours."""

    def __init__(self, source: Path, work: Path) -> None:
        """Copy database and log of a data folder into a working folder, as one file.

        Raises:
            OSError: There is no database, or the copy cannot be written.
        """
        self.damage = Damage()
        self._laid = work / "laid.db"
        self.damage.unreadable_blocks += _copy(source / DATABASE_NAME, self._laid)
        with self._laid.open("rb") as laid:
            head = laid.read(DATABASE_HEADER_BYTES)
        page_bytes = int.from_bytes(head[16:18])
        is_sound = page_bytes in (1 << power for power in range(9, 16))
        self._page_bytes = page_bytes if is_sound else PAGE_BYTES
        self._usable = self._page_bytes - (head[20] if is_sound else 0)
        log = work / "laid.wal"
        if (source / (DATABASE_NAME + "-wal")).exists():
            self.damage.unreadable_blocks += _copy(source / (DATABASE_NAME + "-wal"), log)
        with self._laid.open("r+b") as laid:
            for number, page in whole_frames(log):
                if len(page) == self._page_bytes:
                    laid.seek((number - 1) * self._page_bytes)
                    laid.write(page)
        log.unlink(missing_ok=True)
        self.damage.is_tree_broken = not self._is_sound()

    def rows(self, table: Table) -> Iterator[StoredRow]:
        """Give the rows of a table; a row may come twice when its pages are read as well."""
        name = self._name_of(table)
        if name is None:
            return
        try:
            for values in self._read(table, name):
                row = table.row(values)
                if row is None:
                    self._refuse(table)
                else:
                    yield row
        except sqlite3.Error:
            pass
        else:
            if not (table.is_large and self.damage.is_tree_broken):
                return
        self.damage.tables_by_page.append(table.name)
        for found in self._page_rows():
            row = table.row_of_page(found)
            if row is not None:
                yield row

    def store_id(self) -> bytes | None:
        """Give the id of the store, if that can still be read."""
        try:
            with closing(self._connect()) as connection:
                row = connection.execute("SELECT id FROM store").fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def close(self) -> None:
        """Take the working copy away."""
        self._laid.unlink(missing_ok=True)

    def _read(self, table: Table, name: str) -> Iterator[StoredRow]:
        # The words are those of our own tables.
        columns, order = ", ".join(table.columns), f" ORDER BY {table.key}" if table.key else ""
        with closing(self._connect()) as connection:
            yield from connection.execute(f"SELECT {columns} FROM {name}{order}")  # noqa: S608

    def _name_of(self, table: Table) -> str | None:
        """Tell under which name a table stands; None where the schema can be read and it stands nowhere."""
        if not table.names:
            return table.name
        columns = [list(table.columns), list(table.columns)[: len(table.columns) - len(table.added)]]
        try:
            with closing(self._connect()) as connection:
                for name in table.names:
                    # The word is one of ours.
                    rows = connection.execute(f"PRAGMA table_info({name})").fetchall()
                    if [row[1].decode() for row in rows] in columns:
                        return name
        except sqlite3.Error:
            return table.name
        return None

    def _page_rows(self) -> Iterator[PageRow]:
        with self._laid.open("rb") as laid:
            last = os.fstat(laid.fileno()).st_size // self._page_bytes

            def read_page(number: int) -> bytes:
                if not 0 < number <= last:
                    return b""
                laid.seek((number - 1) * self._page_bytes)
                return laid.read(self._page_bytes)

            for number in range(1, last + 1):
                yield from rows_of(read_page(number), number, self._usable, read_page)

    def _is_sound(self) -> bool:
        """Tell whether every tree is whole, as far as SQLite can tell."""
        try:
            with closing(self._connect()) as connection:
                (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                return bool(found == b"ok")
        except sqlite3.Error:
            return False

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(f"{self._laid.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        # Texts are decoded one by one: a damaged one must not hide its neighbours.
        connection.text_factory = bytes
        return connection

    def _refuse(self, table: Table) -> None:
        self.damage.rows_refused[table.name] = self.damage.rows_refused.get(table.name, 0) + 1


def _copy(source: Path, target: Path) -> int:
    """Copy a file block by block; give how many blocks the disk did not give, which are zeros then."""
    unreadable = 0
    opened = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as copy:
            for at in range(0, os.fstat(opened).st_size, BLOCK_BYTES):
                try:
                    block = os.pread(opened, BLOCK_BYTES, at)
                except OSError:
                    block = bytes(BLOCK_BYTES)
                    unreadable += 1
                copy.write(block)
    finally:
        os.close(opened)
    return unreadable
