"""Rows read from single pages are the rows that SQLite wrote. Source: https://www.sqlite.org/fileformat2.html."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.store.sqlite.pages import PageRow, rows_of

NUMBERS = st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from([0, 1, -1, 127, 128, -128, 1 << 40]))
VALUES = st.one_of(st.none(), NUMBERS, st.binary(max_size=40), st.binary(min_size=400, max_size=3000))


def pages_of(path: Path) -> tuple[list[bytes], int]:
    """Give the pages of a database, and their size."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[16:18])
    return [raw[at : at + size] for at in range(0, len(raw), size)], size


def all_rows(path: Path) -> list[PageRow]:
    """Give the rows of every page."""
    pages, size = pages_of(path)

    def read_page(number: int) -> bytes:
        return pages[number - 1] if 0 < number <= len(pages) else b""

    return [row for number, page in enumerate(pages, start=1) for row in rows_of(page, number, size, read_page)]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.dictionaries(NUMBERS, st.tuples(VALUES, VALUES), max_size=40),
    page_bytes=st.sampled_from([512, 1024, 4096]),
    has_rowid=st.booleans(),
)
def test_every_row_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: dict[int, tuple[object, object]],
    page_bytes: int,
    has_rowid: bool,  # given by name
) -> None:
    """Numbers of every size, rows that overflow, trees of several levels, with row ids and without."""
    path = tmp_path_factory.mktemp("pages") / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        kind = "INTEGER PRIMARY KEY" if has_rowid else "INTEGER NOT NULL PRIMARY KEY"
        tail = "" if has_rowid else " WITHOUT ROWID"
        connection.execute(f"CREATE TABLE some (id {kind}, one, other){tail}")
        connection.execute("BEGIN")
        for key, values in rows.items():
            connection.execute("INSERT INTO some VALUES (?, ?, ?)", (key, *values))
        connection.execute("COMMIT")
    found: dict[object, object] = {}
    for row in all_rows(path):
        if len(row.values) == 3 and row.rowid is not None and row.values[0] is None:
            found[row.rowid] = row.values[1:]
        elif len(row.values) == 3 and row.rowid is None:
            found[row.values[0]] = row.values[1:]
    assert found == rows


@settings(max_examples=60, deadline=None)
@given(page=st.binary(min_size=512, max_size=512), kind=st.sampled_from([0x0D, 0x0A, 0x02]))
def test_noise_gives_no_fault(page: bytes, kind: int) -> None:
    """Whatever stands in a page, reading it ends."""
    for row in rows_of(bytes([kind]) + page[1:], 2, 512, lambda _: page):
        assert len(row.values) < 512
