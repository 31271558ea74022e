"""Roll calls: the archive is told who is in which rooms, so that what somebody was present for is known from it alone.

Source: docs/adr/0013-history-from-the-sealed-log.md; archive/roll_call.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from parvis.archive.roll_call import Presence, write_roll_call
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind

if TYPE_CHECKING:
    from parvis.chat.service import Chat
    from parvis.model.person import Person

EVERY_S: Final = 3600.0
"""Between two roll calls of everybody: so much more than the window is read after a restart; ours."""


class RollCalls:
    """When the last roll call was, and how much had been sealed by then."""

    def __init__(self) -> None:
        """Begin with none."""
        self._next_s = 0.0
        self._sealed = -1

    def call_if_due(self, chat: Chat) -> None:
        """Tell where everybody is, each hour in which anything was sealed. The start of a run is one by itself."""
        now_s = chat.clock.steady_s()
        if not self._next_s:
            self._next_s = now_s + EVERY_S
        if now_s < self._next_s or chat.turn.records_sealed == self._sealed:
            return
        self._next_s = now_s + EVERY_S
        people = chat.world.people.values()
        lines = write_roll_call(_presence(person) for person in people if person.rooms)
        for line in lines:
            chat.record(RecordKind.ROLL_CALL, None, PRESENCE, line)
        self._sealed = chat.turn.records_sealed + chat.turn.waiting_records


def tell_moved(chat: Chat, person: Person) -> None:
    """Tell where somebody is now whom another has moved; right behind the record of that act."""
    for line in write_roll_call([_presence(person)]):
        chat.record(RecordKind.ROLL_CALL, person, PRESENCE, line)


def _presence(person: Person) -> Presence:
    return Presence(person.session, person.identity, tuple(room.id for room in person.rooms))
