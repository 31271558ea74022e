"""People, rooms and worlds for tests of the model and of policy."""

from collections.abc import Iterable

from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.person import Person
from parvis.model.records import ListMask
from parvis.model.room import Room
from parvis.model.world import World


def somebody(world: World, nick: str) -> Person:
    """Let somebody enter a world."""
    person = Person()
    raw = nick.encode().ljust(16, b"_")[:16]
    world.apply(
        e.Entered(
            person, SessionId(raw), IdentityId(raw[::-1]), nick, fold(nick), "~user", "host.guest", "Real name", 1000
        )
    )
    return person


def a_room(world: World, name: str = "#nave", flags: str = "", members: Iterable[Person] = ()) -> Room:
    """Open a room with members without rank."""
    world.apply(e.RoomOpened(ConversationId(name.encode().ljust(16, b"_")[:16]), name, fold(name), flags, 2000))
    room = world.rooms[fold(name)]
    for person in members:
        world.apply(e.Joined(person, room, 0))
    return room


def mask(world: World, room: Room, kind: str, pattern: str) -> None:
    """Put a mask on a list of a room."""
    world.apply(e.MaskListed(room, ListMask(kind, pattern, "host", 3000)))
