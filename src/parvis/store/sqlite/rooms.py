"""Kept rooms as rows."""

import sqlite3
from typing import Final

import msgspec

from parvis.model.ids import ConversationId, IdentityId
from parvis.model.records import KeptHost, KeptRoom, ListMask

PUT_ROOM: Final = "INSERT OR REPLACE INTO rooms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
"""Write one room whole."""

DROP_ROOM: Final = "DELETE FROM rooms WHERE id = ?"
"""Keep one room no longer."""

_ALL_ROOMS: Final = (
    "SELECT id, name, owner, created_at_ms, topic, topic_set_by, topic_set_at_ms, flags, join_key, member_limit,"
    " lists, hosts, visible_s FROM rooms ORDER BY created_at_ms, id"
)


def room_row(room: KeptRoom) -> tuple[object, ...]:
    """Give the parameters of :data:`PUT_ROOM`."""
    return (
        room.id,
        room.name,
        room.owner,
        room.created_at_ms,
        room.topic,
        room.topic_set_by,
        room.topic_set_at_ms,
        room.flags,
        room.key,
        room.limit,
        msgspec.json.encode(room.lists).decode(),
        msgspec.json.encode(room.hosts).decode(),
        room.visible_s,
    )


def all_rooms(connection: sqlite3.Connection) -> list[KeptRoom]:
    """Read every room, oldest first."""
    return [
        KeptRoom(
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
        for row in connection.execute(_ALL_ROOMS)
    ]
