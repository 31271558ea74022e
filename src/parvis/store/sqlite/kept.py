"""Kept values as rows, sealed."""

import sqlite3
from typing import Final

from parvis.model.kept import Keep, KeptKind
from parvis.store.sqlite.kept_seal import KeptSeal

_PUT: Final = "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)"
_DROP: Final = "DELETE FROM kept WHERE kind = ? AND id = ?"
_ALL: Final = "SELECT kind, id, sealed FROM kept"
_OF_KIND: Final = "SELECT kind, id, sealed FROM kept WHERE kind = ?"


def put(connection: sqlite3.Connection, seal: KeptSeal, kept: Keep) -> None:
    """Write one value, or drop it; the caller holds the transaction."""
    if kept.value is None:
        connection.execute(_DROP, (kept.kind, seal.row_id(kept.kind, kept.id)))
    else:
        connection.execute(_PUT, value_row(seal, kept.kind, kept.id, kept.value))


def value_row(seal: KeptSeal, kind: KeptKind, value_id: bytes, value: bytes) -> tuple[str, bytes, bytes]:
    """Give the row of a value."""
    row_id = seal.row_id(kind, value_id)
    return kind, row_id, seal.seal_value(row_id, kind, value_id, value)


def all_kept(connection: sqlite3.Connection, seal: KeptSeal) -> list[Keep]:
    """Read every value.

    Raises:
        ArchiveCorrupt: One of them does not open.
    """
    return [seal.open_value(row_id, kind, sealed) for kind, row_id, sealed in connection.execute(_ALL)]


def kept_of(connection: sqlite3.Connection, seal: KeptSeal, kind: KeptKind) -> list[Keep]:
    """Read every value of one kind.

    Raises:
        ArchiveCorrupt: One of them does not open.
    """
    return [seal.open_value(row_id, kind, sealed) for _, row_id, sealed in connection.execute(_OF_KIND, (kind,))]
