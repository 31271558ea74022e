"""Whatever stands in a page of a damaged database, reading its rows ends, and gives rows that add up or none."""

import sqlite3
import tempfile
from pathlib import Path

from mutation import run
from parvis.store.sqlite.pages import rows_of
from parvis.store.sqlite.salvage import TABLES

PAGE_BYTES = 512


def _corpus() -> list[bytes]:
    """Give the pages of a real database: tables and indexes, rows that overflow."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.db"
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, header, salt, ciphertext, leaf)")
        connection.execute("CREATE TABLE kept (kind TEXT, id, value, PRIMARY KEY (kind, id)) WITHOUT ROWID")
        for number in range(40):
            connection.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?)", (number << 40, b"h" * 103, b"s", b"c" * number * 40, None)
            )
            connection.execute("INSERT INTO kept VALUES ('account', ?, ?)", (bytes([number]) * 16, b"{}" * number))
        connection.commit()
        connection.close()
        raw = path.read_bytes()
    return [raw[at : at + PAGE_BYTES] for at in range(0, len(raw), PAGE_BYTES)]


CORPUS = _corpus()


def target(data: bytes) -> None:
    page = data[:PAGE_BYTES].ljust(PAGE_BYTES, b"\0")
    pages = {1: page, **dict(enumerate(CORPUS, start=2))}
    for number in (1, 2):
        for row in rows_of(page, number, PAGE_BYTES, lambda at: pages.get(at, b"")):
            for table in TABLES:
                found = table.row_of_page(row)
                assert found is None or len(found) == len(table.columns)


if __name__ == "__main__":
    run("pages", CORPUS, target)
