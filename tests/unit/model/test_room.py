"""Rooms. Source: `model/room.py`; modern IRC, "Channel Membership Prefixes"."""

from tests.unit.model.people import a_room, mask, somebody

from parvis.model import events as e
from parvis.model.ids import NOBODY
from parvis.model.room import HOST, NEW_ROOM_FLAGS, RANK_OF, VOICE
from parvis.model.world import World


def test_a_new_room_has_no_modes_of_its_own() -> None:
    """Source: `Room`."""
    room = a_room(World())
    assert (room.key, room.limit, room.topic, room.owner, room.registered) == ("", 0, "", NOBODY, False)
    assert room.entries("b") == []


def test_a_room_shows_no_name() -> None:
    """It may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    assert repr(a_room(World(), "#nave")) == f"Room({b'#nave___________'.hex()})"


def test_what_is_kept_is_what_comes_back() -> None:
    """Everything but who is there. Source: ARCHITECTURE.md; DESIGN, "What survives a restart is in SQL"."""
    world = World()
    room = a_room(world, flags="tn", members=[somebody(world, "alice")])
    world.apply(e.TopicSet(room, "words", "alice!~user@host.guest", 5000))
    world.apply(e.KeySet(room, "key"))
    world.apply(e.LimitSet(room, 7))
    mask(world, room, "b", "a!*@*")
    mask(world, room, "e", "b!*@*")
    kept = room.kept()
    again = World()
    again.apply(e.RoomRestored(kept, room.folded))
    restored = again.rooms["#nave"]
    assert restored.kept() == kept
    assert kept.flags == "nt"
    assert restored.registered
    assert not restored.members


def test_who_has_a_rank_whenever_they_come_in() -> None:
    """Its owner and the hosts it keeps; nobody in a room that the server owns. Source: `Room.standing`."""
    world = World()
    alice, bob = somebody(world, "alice"), somebody(world, "bob")
    room = a_room(world, members=[alice])
    assert room.standing(NOBODY) == room.standing(alice.identity) == 0
    world.apply(e.RoomRegistered(room, alice.identity))
    world.apply(e.StandingGiven(room, bob.identity, VOICE))
    assert (room.standing(alice.identity), room.standing(bob.identity)) == (HOST, VOICE)
    world.apply(e.RoomGiven(room, NOBODY))
    assert (room.standing(alice.identity), room.standing(NOBODY)) == (0, 0)


def test_ranks_are_bits_of_their_own_highest_first() -> None:
    """Source: modern IRC, "PREFIX"."""
    assert list(RANK_OF) == ["o", "v"]
    assert HOST & VOICE == 0
    assert NEW_ROOM_FLAGS == "nt"
