"""Kept rooms as rows, sealed."""

import sqlite3
from typing import Final

from parvis.model.ids import ConversationId
from parvis.model.records import KeptRoom
from parvis.store.sqlite.kept_seal import KeptSeal

_PUT: Final = "INSERT OR REPLACE INTO rooms VALUES (?, ?)"
_DROP: Final = "DELETE FROM rooms WHERE id = ?"
_ALL: Final = "SELECT id, sealed FROM rooms"


def put_room(connection: sqlite3.Connection, seal: KeptSeal, room: KeptRoom) -> None:
    """Write one room whole; the caller holds the transaction."""
    connection.execute(_PUT, room_row(seal, room))


def room_row(seal: KeptSeal, room: KeptRoom) -> tuple[bytes, bytes]:
    """Give the row of a room."""
    return room.id, seal.seal_room(room)


def drop_room(connection: sqlite3.Connection, room: ConversationId) -> None:
    """Keep one room no longer; the caller holds the transaction."""
    connection.execute(_DROP, (room,))


def all_rooms(connection: sqlite3.Connection, seal: KeptSeal) -> list[KeptRoom]:
    """Read every room, oldest first.

    Raises:
        ArchiveCorrupt: One of them does not open.
    """
    rooms = [seal.open_room(room_id, sealed) for room_id, sealed in connection.execute(_ALL)]
    return sorted(rooms, key=lambda room: (room.created_at_ms, room.id))
