"""Rooms in which not everybody reads the same: who may know of whom, and in which order they read.

Source: `chat/audience.py`; docs/protocol/rooms.md, "Auditorium"; ARCHITECTURE.md, "Invariants", 3.
"""

from hypothesis import given
from hypothesis import strategies as st
from tests.promises.harness import Square
from tests.unit.model.people import a_room, somebody

from parvis.chat import audience
from parvis.model import events as e
from parvis.model.room import HOST, VOICE
from parvis.model.world import World

RANKS = st.sampled_from([0, VOICE, HOST, VOICE | HOST])


@given(st.lists(RANKS, min_size=1, max_size=6), st.booleans())
def test_a_line_goes_to_whom_the_list_would_show_its_author(ranks: list[int], is_hall: bool) -> None:
    """What is listed and what is told agree, for each pair; oneself is always there, and hosts miss nobody."""
    world = World()
    room = a_room(world, flags="u" if is_hall else "")
    people = [somebody(world, f"n{number}") for number in range(len(ranks))]
    for person, rank in zip(people, ranks, strict=True):
        world.apply(e.Joined(person, room, rank))
    for viewer in people:
        visible = set(audience.visible_members(room, viewer))
        assert visible == {each for each in people if viewer in set(audience.witnesses(room, each))}
        assert visible == {each for each in people if viewer in audience.neighbours(each)}
        assert viewer in visible
        if not is_hall or room.members[viewer] & HOST:
            assert visible == set(people)
        else:
            assert all(room.members[each] for each in visible - {viewer})
    outsider = somebody(world, "outsider")
    assert set(audience.visible_members(room, outsider)) == {
        each for each in people if not is_hall or room.members[each]
    }


def test_everybody_reads_what_they_may_in_the_order_of_the_room() -> None:
    """In one turn, whoever it is for: what hosts alone read stands between what all read."""
    square = Square()
    host, member, voiced, writer = (square.enters(nick, rooms=["#nave"]) for nick in ("host", "one", "two", "three"))
    host.says("MODE #nave +uU", "MODE #nave +v two")
    square.end_turn()
    for client in (host, member, voiced, writer):
        client.hears()
    late = square.enters("late")
    voiced.says("PRIVMSG #nave :1")
    writer.says("PRIVMSG #nave :2")
    voiced.says("PRIVMSG #nave :3")
    late.says("JOIN #nave", "PRIVMSG #nave :4")
    writer.says("PRIVMSG #nave :5", "PART #nave")
    host.says("MODE #nave -U")
    late.says("PRIVMSG #nave :6")
    square.end_turn()

    def told(lines: list[str]) -> list[str]:
        words = [line.split(" ") for line in lines]
        return [word[3][1:] if word[1] == "PRIVMSG" else word[1] for word in words]

    assert told(host.hears()) == ["1", "2", "3", "JOIN", "4", "5", "PART", "MODE", "6"]
    assert told(member.hears()) == ["1", "3", "MODE", "6"]
    assert told(voiced.hears()) == ["MODE", "6"]


def test_ones_other_device_reads_what_one_wrote_for_hosts() -> None:
    """As it reads everything of the room; so it does of one's own coming and going. Source: docs/adr/0008."""
    square = Square()
    host, writer = square.enters("host", rooms=["#nave"]), square.enters("writer")
    device = square.connects()
    square.chat.attach(device, writer)
    host.says("MODE #nave +uU")
    writer.says("JOIN #nave", "PRIVMSG #nave :one")
    device.says("PRIVMSG #nave :two", "PART #nave")
    square.end_turn()
    mask = writer.mask()
    own = [f":{mask} {words}" for words in ("JOIN #nave", "PRIVMSG #nave :one", "PRIVMSG #nave :two", "PART #nave")]
    assert [line for line in host.hears() if line.startswith(":writer")] == own
    assert [line for line in writer.hears() if line.startswith(":writer")] == [own[0], own[2], own[3]]
    assert [line for line in device.hears() if line.startswith(":writer")] == [own[0], own[1], own[3]]
