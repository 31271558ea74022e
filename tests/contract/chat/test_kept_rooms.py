"""Registered rooms over a restart: what their hosts changed is kept with the commit that shows it.

Source: DESIGN.md 3, "What survives a restart is in SQL"; `chat/service.py`, `Chat.keep`.
"""

from tests.promises.harness import NOON_MS, Square

from parvis.model import events as e
from parvis.model.room import HOST

ROOM = "#loisirs"
CHANGES = (
    f"TOPIC {ROOM} :Jardiner ensemble",
    f"MODE {ROOM} +mkl-t cle 7",
    f"MODE {ROOM} +b *!*@spam",
    f"MODE {ROOM} +e anna!*@*",
    f"MODE {ROOM} +I bert!*@*",
)


def test_topic_modes_and_lists_come_back() -> None:
    """Word for word; who was in the room does not."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    square.chat.apply(e.RankChanged(square.chat.world.rooms[ROOM], anna, HOST, True))
    anna.says(*CHANGES)
    square.end_turn()
    kept = square.chat.world.rooms[ROOM].kept()
    assert (kept.topic, kept.flags, kept.key, kept.limit) == ("Jardiner ensemble", "mn", "cle", 7)
    assert [(entry.kind, entry.mask) for entry in kept.lists] == [
        ("b", "*!*@spam"),
        ("e", "anna!*@*"),
        ("I", "bert!*@*"),
    ]
    square.archive.close()
    again = Square(store=square.archive.store)
    room = again.chat.world.rooms[ROOM]
    assert room.kept() == kept
    assert room.members == {}


def test_a_change_that_was_not_sealed_did_not_happen() -> None:
    """A crash while the commit fails: the next run has what everybody saw."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    square.chat.apply(e.RankChanged(square.chat.world.rooms[ROOM], anna, HOST, True))
    before = square.archive.store.rooms[square.chat.world.rooms[ROOM].id]
    square.commits_fail(1000)
    anna.says(*CHANGES)
    square.end_turn()
    assert anna.hears() == []
    again = Square(store=square.archive.store)
    assert again.clock.now_ms() == NOON_MS
    assert again.chat.world.rooms[ROOM].kept() == before
