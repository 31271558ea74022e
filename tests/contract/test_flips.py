"""Every byte that is stored of a record, and of the keys it needs, is found when it is changed.

Source: DESIGN.md 2, promise 6; docs/adr/0002-record-and-leaf.md.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, SqliteStage, a_batch, sealed

from parvis.archive.record import record_id
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.verifying import verify_archive

FLIPPED = record_id(1, 3)
"""The record whose columns are flipped; others stand in front of it and behind it."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a stopped store of five messages."""
    stage = SqliteStage(tmp_path_factory.mktemp("flips"))
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(*[b"message %d" % number for number in range(5)]))
    archive.close()
    return stage.data_dir


@contextmanager
def changed(store: Path, table: str, column: str, where: str, value: object) -> Iterator[None]:
    """Change one value for a while."""
    with closing(sqlite3.connect(store / DATABASE_NAME, isolation_level=None)) as connection:
        query = f"SELECT {column} FROM {table} WHERE {where}"
        (before,) = connection.execute(query).fetchone()
        change = f"UPDATE {table} SET {column} = ? WHERE {where}"
        connection.execute(change, (value,))
        # The key of a row may be what was changed.
        again = f"UPDATE {table} SET {column} = ? WHERE {column} IS ?"
        try:
            yield
        finally:
            connection.execute(again, (before, value))


def value_of(store: Path, table: str, column: str, where: str) -> object:
    """Read one value."""
    with closing(sqlite3.connect(store / DATABASE_NAME)) as connection:
        return connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()[0]


def problems(store: Path) -> list[tuple[int, int]]:
    """Give the numbers that the check names."""
    return [(problem.run, problem.counter) for problem in verify_archive(store).problems]


@pytest.mark.parametrize("column", ["header", "salt", "ciphertext", "leaf"])
def test_every_byte_of_a_record_is_found_by_its_number(store: Path, column: str) -> None:
    """One bit of each byte in turn; a byte too few; a byte too many; nothing at all."""
    where = f"id = {FLIPPED}"
    before = value_of(store, "records", column, where)
    assert isinstance(before, bytes)
    for at in range(len(before)):
        flipped = before[:at] + bytes([before[at] ^ 1 << at % 8]) + before[at + 1 :]
        with changed(store, "records", column, where, flipped):
            assert (1, 3) in problems(store), at
    values = [before[:-1], before + b"\0", b"", *([] if column == "leaf" else [None])]
    for value in values:
        with changed(store, "records", column, where, value):
            assert (1, 3) in problems(store)
    assert problems(store) == []


def test_every_bit_of_a_records_number_is_found(store: Path) -> None:
    """Moved to any other number, it is missed at its own."""
    for bit in range(63):
        number = FLIPPED ^ 1 << bit
        if value_of(store, "records", "count(*)", f"id = {number}"):
            continue
        with changed(store, "records", "id", f"id = {FLIPPED}", number):
            named = problems(store)
            assert {(1, 4), (number >> 40, number & (1 << 40) - 1)} & set(named), bit
            assert named
    assert problems(store) == []


@pytest.mark.parametrize("column", ["id", "conversation", "hour", "run", "term_key", "visible_wrap"])
def test_every_byte_of_a_content_key_is_found(store: Path, column: str) -> None:
    """The server's wrap is bound to what its row says: a change is found at the records under it.

    A term key that is changed may be one that has ended: such a record counts as closed, and is not opened unseen.
    """
    where = f"id = (SELECT substr(header, 73, 16) FROM records WHERE id = {FLIPPED})"
    before = value_of(store, "content_keys", column, where)
    values: list[object] = []
    if isinstance(before, bytes):
        values += [before[:at] + bytes([before[at] ^ 1 << at % 8]) + before[at + 1 :] for at in range(len(before))]
        values += [before[:-1], before + b"\0"]
    else:
        assert isinstance(before, int)
        values += [before ^ 1 << bit for bit in range(20)]
    key = value_of(store, "content_keys", "id", where)
    place = f"id = x'{bytes(key).hex()}'" if isinstance(key, bytes) else where
    for value in values:
        with changed(store, "content_keys", column, place, value):
            report = verify_archive(store)
            if column == "term_key":
                assert report.opened <= 1
            else:
                assert (1, 3) in [(problem.run, problem.counter) for problem in report.problems], value
    assert problems(store) == []


def test_bytes_flipped_in_the_file_are_found(store: Path, tmp_path: Path) -> None:
    """Inside what is stored of any record, wherever that lies in the file."""
    raw = (store / DATABASE_NAME).read_bytes()
    with closing(sqlite3.connect(store / DATABASE_NAME)) as connection:
        rows = connection.execute("SELECT id, header, salt, ciphertext, leaf FROM records").fetchall()
    copy = tmp_path / "data"
    copy.mkdir(mode=0o700)
    (copy / "keys.json").write_bytes((store / "keys.json").read_bytes())
    (copy / "keys.json").chmod(0o600)
    chance = random.Random(6)
    for number, *columns in rows:
        for column in columns:
            begins = raw.find(column)
            assert begins >= 0
            for at in chance.sample(range(begins, begins + len(column)), 8):
                damaged = bytearray(raw)
                damaged[at] ^= 1 << chance.randrange(8)
                (copy / DATABASE_NAME).write_bytes(damaged)
                assert (1, number - (1 << 40)) in problems(copy)
