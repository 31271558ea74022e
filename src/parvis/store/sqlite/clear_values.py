"""What schema 0002 kept in clear: sealed at the first start after the migration, and overwritten.

The migration has no keys. It leaves the rows in `rooms_clear` and `kept_clear`, and these tables, empty or not, say
that something is owed: rows to be sealed, or the file to be written anew. They are dropped last, so that a start that
is cut short anywhere is finished by the next one.

Deleting alone would not do: programs built without SQLite's secure deletion have left parts of rows in pages that
belong to other tables now, or to none.

Source: docs/adr/0028-what-lasts-is-sealed.md.
"""

import sqlite3
from typing import Final

import msgspec

from parvis.model.ids import ConversationId, IdentityId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptHost, KeptRoom, ListMask
from parvis.store.sqlite.kept import put
from parvis.store.sqlite.kept_seal import KeptSeal
from parvis.store.sqlite.rooms import put_room

_IS_OWED: Final = "SELECT count(*) FROM sqlite_master WHERE name IN ('rooms_clear', 'kept_clear')"
_ROOMS: Final = (
    "SELECT id, name, owner, created_at_ms, topic, topic_set_by, topic_set_at_ms, flags, join_key, member_limit,"
    " lists, hosts, visible_s FROM rooms_clear"
)
_KEPT: Final = "SELECT kind, id, value FROM kept_clear"


def is_owed(connection: sqlite3.Connection) -> bool:
    """Tell whether the database may still hold values in clear."""
    (count,) = connection.execute(_IS_OWED).fetchone()
    return bool(count)


def seal_clear(connection: sqlite3.Connection, seal: KeptSeal) -> int:
    """Seal every value that stands in clear and delete it there; the caller holds the transaction.

    Returns:
        How many there were.
    """
    rooms = [room_in_clear(row) for row in connection.execute(_ROOMS)]
    values = [Keep(KeptKind(kind), value_id, value) for kind, value_id, value in connection.execute(_KEPT)]
    for room in rooms:
        put_room(connection, seal, room)
    for value in values:
        put(connection, seal, value)
    connection.execute("DELETE FROM rooms_clear")
    connection.execute("DELETE FROM kept_clear")
    return len(rooms) + len(values)


def forget_clear(connection: sqlite3.Connection) -> None:
    """Drop the tables: nothing is owed any more. The caller holds the transaction."""
    connection.execute("DROP TABLE rooms_clear")
    connection.execute("DROP TABLE kept_clear")


def room_in_clear(row: tuple) -> KeptRoom:  # type: ignore[type-arg]
    """Read a row of a room in clear."""
    return KeptRoom(
        id=ConversationId(row[0]),
        name=row[1],
        owner=IdentityId(row[2]),
        created_at_ms=row[3],
        topic=row[4],
        topic_set_by=row[5],
        topic_set_at_ms=row[6],
        flags=row[7],
        key=row[8],
        limit=row[9],
        lists=msgspec.json.decode(row[10], type=tuple[ListMask, ...]),
        hosts=msgspec.json.decode(row[11], type=tuple[KeptHost, ...]),
        visible_s=row[12],
    )
