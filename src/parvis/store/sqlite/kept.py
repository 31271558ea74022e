"""Kept values as rows."""

import sqlite3
from typing import Final

from parvis.model.kept import Keep, KeptKind

_PUT: Final = "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)"
_DROP: Final = "DELETE FROM kept WHERE kind = ? AND id = ?"
_ALL: Final = "SELECT kind, id, value FROM kept"


def put(connection: sqlite3.Connection, kept: Keep) -> None:
    """Write one value, or drop it; the caller holds the transaction."""
    if kept.value is None:
        connection.execute(_DROP, (kept.kind, kept.id))
    else:
        connection.execute(_PUT, (kept.kind, kept.id, kept.value))


def all_kept(connection: sqlite3.Connection) -> list[Keep]:
    """Read every value."""
    return [Keep(KeptKind(kind), key, value) for kind, key, value in connection.execute(_ALL)]
