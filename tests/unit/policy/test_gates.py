"""The gates. Source: `policy/gates.py`; modern IRC, "Channel Modes", "Channel Membership Prefixes"."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.model.people import a_room, mask, somebody
from tests.wording import said

from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY, IdentityId
from parvis.model.person import FROM_ACCOUNTS, NO_CTCP, OPERATOR, Person
from parvis.model.room import HOST, VOICE, Room
from parvis.model.verdicts import ACCEPTED, Ground, Refused, Verdict
from parvis.model.world import World
from parvis.policy import gates

NOT_A_MEMBER = Refused(Ground.NOT_A_MEMBER, "You're not on that channel")
NOT_A_HOST = Refused(Ground.NOT_A_HOST, "You're not a channel operator")
INVITATION_ONLY = Refused(
    Ground.INVITATION_ONLY, "This room is open by invitation only (+i). Ask a host to invite you."
)
BANNED_AT_THE_DOOR = Refused(Ground.BANNED, "You are banned from this room (+b). Its hosts can lift that.")
BANNED_INSIDE = Refused(Ground.BANNED, "You are banned from this room and cannot write in it. Its hosts can lift that.")
MODERATED = Refused(Ground.MODERATED, "This room is moderated: its hosts decide who may write. Ask one of them.")
MEMBERS_ONLY = Refused(Ground.MEMBERS_ONLY, "Only members can write in this room. Join it first.")


@pytest.fixture
def world() -> World:
    """Make a world with nobody."""
    return World()


@pytest.fixture
def alice(world: World) -> Person:
    """Let Alice enter."""
    return somebody(world, "alice")


@pytest.fixture
def bob(world: World) -> Person:
    """Let Bob enter."""
    return somebody(world, "bob")


def with_rank(world: World, person: Person, room: Room, rank: int) -> None:
    """Give a member a rank."""
    world.apply(e.RankChanged(room, person, rank, True))


# Speaking.


@pytest.mark.parametrize("rank", [0, VOICE, HOST])
def test_members_speak(world: World, alice: Person, rank: int) -> None:
    """Whatever their rank. Source: modern IRC, "PRIVMSG"."""
    room = a_room(world, flags="nt", members=[alice])
    with_rank(world, alice, room, rank)
    assert gates.message(alice, room) is ACCEPTED


def test_outsiders_speak_only_without_n(world: World, alice: Person) -> None:
    """Source: modern IRC, "No External Messages Mode"."""
    assert gates.message(alice, a_room(world, "#a", flags="n")) == MEMBERS_ONLY
    assert gates.message(alice, a_room(world, "#b")) is ACCEPTED


@pytest.mark.parametrize(("rank", "verdict"), [(0, MODERATED), (VOICE, ACCEPTED), (HOST, ACCEPTED)])
def test_a_moderated_room_hears_the_voiced_and_hosts(world: World, alice: Person, rank: int, verdict: Verdict) -> None:
    """Source: modern IRC, "Moderated Channel Mode"."""
    room = a_room(world, flags="m", members=[alice])
    with_rank(world, alice, room, rank)
    assert gates.message(alice, room) == verdict


def test_a_moderated_room_hears_no_outsider(world: World, alice: Person) -> None:
    """Without +n they count as members without rank. Source: modern IRC, "Moderated Channel Mode"."""
    assert gates.message(alice, a_room(world, flags="m")) == MODERATED


@pytest.mark.parametrize(
    ("bans", "exceptions", "rank", "verdict"),
    [
        ([], [], 0, ACCEPTED),
        (["ALICE!*@*"], [], 0, BANNED_INSIDE),
        (["bob!*@*"], [], 0, ACCEPTED),
        (["*!*@host.guest"], [], 0, BANNED_INSIDE),
        (["bob!*@*", "*!~user@*"], [], 0, BANNED_INSIDE),
        (["alice!*@*"], ["alice!*@*"], 0, ACCEPTED),
        (["alice!*@*"], ["bob!*@*"], 0, BANNED_INSIDE),
        (["alice!*@*"], [], VOICE, ACCEPTED),
        (["alice!*@*"], [], HOST, ACCEPTED),
    ],
)
def test_the_banned_do_not_speak_without_rank(
    world: World, alice: Person, bans: list[str], exceptions: list[str], rank: int, verdict: Verdict
) -> None:
    """Exceptions lift bans. Source: modern IRC, "Ban Channel Mode", "Exception Channel Mode"."""
    room = a_room(world, members=[alice])
    with_rank(world, alice, room, rank)
    for pattern in bans:
        mask(world, room, "b", pattern)
    for pattern in exceptions:
        mask(world, room, "e", pattern)
    assert gates.message(alice, room) == verdict


def log_in(world: World, person: Person) -> None:
    """Let somebody log in to an account of their pseudonym."""
    world.apply(e.LoggedIn(person, Account(id=person.identity, name=person.nick, registered_at_ms=1)))


def test_a_room_for_accounts_hears_who_is_logged_in_or_ranked(world: World, alice: Person) -> None:
    """Source: docs/protocol/rooms.md, "Modes", M."""
    room = a_room(world, flags="M", members=[alice])
    verdict = gates.message(alice, room)
    assert isinstance(verdict, Refused)
    assert verdict.ground is Ground.NO_ACCOUNT
    log_in(world, alice)
    assert gates.message(alice, room) is ACCEPTED
    world.apply(e.LoggedOut(alice, alice.identity))
    with_rank(world, alice, room, VOICE)
    assert gates.message(alice, room) is ACCEPTED


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("hi", False),
        ("\1ACTION waves\1", False),
        ("\1ACTION\1", False),
        ("\1ACTION", True),
        ("\1PING 1\1", True),
        ("\1", True),
        ("hi\n\1PING 1\1", True),
        ("hi\r\1PING 1\1\nbye", True),
        ("hi\n\1ACTION waves\1\nbye \1", False),
        ("", False),
        (None, False),
    ],
)
def test_no_ctcp(world: World, alice: Person, text: str | None, is_refused: bool) -> None:
    """Whatever the rank. Source: docs/protocol/rooms.md, "Modes", C."""
    room = a_room(world, flags="C", members=[alice])
    with_rank(world, alice, room, HOST)
    assert isinstance(gates.message(alice, room, text), Refused) is is_refused


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("hi", False),
        ("\1ACTION waves\1", False),
        ("\1VERSION\1", True),
        ("hi\n\1PING\1", True),
        ("\n\1PING\1", True),
        ("hi\r\1PING\1", True),
        ("hi\n\1ACTION waves\1", False),
        ("", False),
        (None, False),
    ],
)
def test_no_ctcp_to_somebody(world: World, alice: Person, bob: Person, text: str | None, is_refused: bool) -> None:
    """From others, not from oneself, and only while the mode is set. Source: docs/handbook/member.md."""
    assert gates.private_ctcp(alice, bob, text) is ACCEPTED
    world.apply(e.UserModesSet(bob, NO_CTCP))
    verdict = gates.private_ctcp(alice, bob, text)
    assert isinstance(verdict, Refused) is is_refused
    if isinstance(verdict, Refused):
        assert verdict.ground is Ground.NO_CTCP
    assert gates.private_ctcp(bob, bob, text) is ACCEPTED


def test_who_reads_what_is_said_beside_a_room(world: World, alice: Person, bob: Person) -> None:
    """Everybody, but of a room by invitation only its members. Source: IRCv3 draft/metadata-2, "METADATA GET"."""
    room = a_room(world, members=[alice])
    assert gates.read_metadata(bob, room) is ACCEPTED
    world.apply(e.FlagChanged(room, "i", True))
    assert gates.read_metadata(alice, room) is ACCEPTED
    verdict = gates.read_metadata(bob, room)
    assert isinstance(verdict, Refused)
    assert verdict.ground is Ground.NOT_A_MEMBER


def test_a_mute_keeps_silent_and_lets_in(world: World, alice: Person) -> None:
    """Source: `irc/bans.py`."""
    room = a_room(world)
    mask(world, room, "b", "m:alice!*@*")
    assert gates.join(alice, room, "") is ACCEPTED
    assert gates.message(alice, room) == BANNED_INSIDE
    mask(world, room, "e", "m:alice!*@*")
    assert gates.message(alice, room) is ACCEPTED
    mask(world, room, "b", "alice!*@*")
    assert gates.join(alice, room, "") == BANNED_AT_THE_DOOR


@pytest.mark.parametrize(
    ("flags", "rank", "alone"), [("U", 0, True), ("mU", 0, True), ("U", VOICE, False), ("m", 0, False)]
)
def test_who_reaches_hosts_alone(world: World, alice: Person, flags: str, rank: int, alone: bool) -> None:
    """And is not refused by m then. Source: docs/protocol/rooms.md, "Modes", U."""
    room = a_room(world, flags=flags, members=[alice])
    with_rank(world, alice, room, rank)
    assert gates.reaches_hosts_alone(alice, room) is alone
    if "U" in flags:
        assert gates.message(alice, room) is ACCEPTED


# Coming in.


def test_a_room_for_accounts_lets_in_who_is_logged_in(world: World, alice: Person) -> None:
    """Source: docs/protocol/rooms.md, "Modes", R."""
    room = a_room(world, flags="R")
    verdict = gates.join(alice, room, "")
    assert isinstance(verdict, Refused)
    assert verdict.ground is Ground.NO_ACCOUNT
    log_in(world, alice)
    assert gates.join(alice, room, "") is ACCEPTED


def test_no_door_of_a_room_is_closed_to_its_owner(world: World, alice: Person, bob: Person) -> None:
    """Nor to its hosts, but for a ban. Source: docs/adr/0016-who-runs-a-room.md."""
    room = a_room(world, flags="iR", members=[somebody(world, "carol")])
    world.apply(e.RoomRegistered(room, alice.identity))
    world.apply(e.StandingGiven(room, bob.identity, HOST))
    world.apply(e.KeySet(room, "key"))
    world.apply(e.LimitSet(room, 1))
    assert gates.join(alice, room, "") is gates.join(bob, room, "") is ACCEPTED
    mask(world, room, "b", "*!*@*")
    assert gates.join(alice, room, "") is ACCEPTED
    assert gates.join(bob, room, "") == BANNED_AT_THE_DOOR


def test_an_open_room_lets_anybody_in(world: World, alice: Person) -> None:
    """A key that nobody asked for does not matter. Source: modern IRC, "JOIN"."""
    room = a_room(world)
    assert gates.join(alice, room, "") is ACCEPTED
    assert gates.join(alice, room, "any") is ACCEPTED


def test_a_closed_room_lets_in_who_is_on_its_list(world: World, alice: Person, bob: Person) -> None:
    """Source: modern IRC, "Invite-Only Channel Mode", "Invite-Exception Channel Mode"."""
    room = a_room(world, flags="i")
    mask(world, room, "I", "Alice!*@*")
    assert gates.join(alice, room, "") is ACCEPTED
    assert gates.join(bob, room, "") == INVITATION_ONLY


def test_a_ban_closes_the_door_and_an_exception_opens_it(world: World, alice: Person) -> None:
    """Source: modern IRC, "Ban Channel Mode", "Exception Channel Mode"."""
    room = a_room(world)
    mask(world, room, "b", "alice!*@*")
    assert gates.join(alice, room, "") == BANNED_AT_THE_DOOR
    mask(world, room, "e", "*!*@*.guest")
    assert gates.join(alice, room, "") is ACCEPTED


@pytest.mark.parametrize("key", ["", "Beer", "beer2"])
def test_a_key_is_asked_for(world: World, alice: Person, key: str) -> None:
    """Letter by letter. Source: modern IRC, "Key Channel Mode"."""
    room = a_room(world)
    world.apply(e.KeySet(room, "beer"))
    assert gates.join(alice, room, key) == Refused(
        Ground.WRONG_KEY, "This room asks for a key (+k), and this is not it. Ask a host."
    )
    assert gates.join(alice, room, "beer") is ACCEPTED


def test_a_full_room_is_full(world: World, alice: Person, bob: Person) -> None:
    """Source: modern IRC, "Client Limit Channel Mode"."""
    room = a_room(world, members=[bob])
    world.apply(e.LimitSet(room, 2))
    assert gates.join(alice, room, "") is ACCEPTED
    world.apply(e.LimitSet(room, 1))
    assert gates.join(alice, room, "") == Refused(Ground.ROOM_FULL, "This room is full (+l). Try again later.")


def test_an_invitation_opens_every_door_once(world: World, alice: Person, bob: Person) -> None:
    """Past i, b, k and l; joining uses it up. Source: modern IRC, "INVITE"."""
    room = a_room(world, flags="i", members=[bob])
    mask(world, room, "b", "alice!*@*")
    world.apply(e.KeySet(room, "beer"))
    world.apply(e.LimitSet(room, 1))
    world.apply(e.Invited(room, alice))
    assert gates.join(alice, room, "") is ACCEPTED
    world.apply(e.Joined(alice, room, 0))
    world.apply(e.Parted(alice, room))
    assert gates.join(alice, room, "") == INVITATION_ONLY


def test_the_first_reason_is_told(world: World, alice: Person, bob: Person) -> None:
    """Invitation, ban, key, limit, in this order. Source: `policy/gates.py`, rule 2."""
    room = a_room(world, flags="i", members=[bob])
    mask(world, room, "b", "alice!*@*")
    world.apply(e.KeySet(room, "beer"))
    world.apply(e.LimitSet(room, 1))
    grounds = []
    for relief in (
        e.FlagChanged(room, "i", False),
        e.MaskUnlisted(room, "b", "alice!*@*"),
        e.KeySet(room, ""),
        e.LimitSet(room, 0),
    ):
        verdict = gates.join(alice, room, "")
        assert isinstance(verdict, Refused)
        grounds.append(verdict.ground)
        world.apply(relief)
    assert grounds == [Ground.INVITATION_ONLY, Ground.BANNED, Ground.WRONG_KEY, Ground.ROOM_FULL]
    assert gates.join(alice, room, "") is ACCEPTED


def test_one_is_in_so_many_rooms(world: World, alice: Person) -> None:
    """Source: modern IRC, "CHANLIMIT"."""
    a_room(world, "#a", members=[alice])
    assert gates.one_more_room(alice, 2) is ACCEPTED
    a_room(world, "#b", members=[alice])
    assert gates.one_more_room(alice, 2) == Refused(
        Ground.TOO_MANY_ROOMS, "You are in 2 rooms, which is the most. Leave one first."
    )


# Inside a room.


def test_who_is_in_a_room_may_leave_it(world: World, alice: Person, bob: Person) -> None:
    """Source: modern IRC, "PART"."""
    room = a_room(world, members=[alice])
    assert gates.part(alice, room) is ACCEPTED
    assert gates.part(bob, room) == NOT_A_MEMBER


def test_a_secret_room_shows_its_members_to_them_alone(world: World, alice: Person, bob: Person) -> None:
    """Not to operators either: nobody reads alone. Source: modern IRC, "Secret Channel Mode"; ARCHITECTURE.md."""
    room = a_room(world, flags="s", members=[alice])
    assert gates.see_members(alice, room) is ACCEPTED
    assert gates.see_members(bob, room) == Refused(
        Ground.NOT_A_MEMBER, "This room shows its members only to themselves."
    )
    world.apply(e.UserModesSet(bob, OPERATOR))
    assert isinstance(gates.see_members(bob, room), Refused)
    assert gates.see_members(alice, a_room(world, "#b")) is ACCEPTED


@pytest.mark.parametrize(
    ("flags", "rank", "verdict"),
    [("", 0, ACCEPTED), ("t", 0, NOT_A_HOST), ("t", VOICE, NOT_A_HOST), ("t", HOST, ACCEPTED)],
)
def test_who_sets_the_topic(world: World, alice: Person, flags: str, rank: int, verdict: Verdict) -> None:
    """Source: modern IRC, "Protected Topic Mode"."""
    room = a_room(world, flags=flags, members=[alice])
    with_rank(world, alice, room, rank)
    assert gates.topic(alice, room) == verdict


def test_no_outsider_sets_the_topic(world: World, alice: Person) -> None:
    """Source: modern IRC, "TOPIC"."""
    assert gates.topic(alice, a_room(world)) == NOT_A_MEMBER


def test_hosts_put_out_who_is_there(world: World, alice: Person, bob: Person) -> None:
    """Membership first, then right, then whether there is anybody to put out. Source: modern IRC, "KICK"."""
    room = a_room(world)
    assert gates.kick(alice, bob, room) == NOT_A_MEMBER
    world.apply(e.Joined(alice, room, 0))
    assert gates.kick(alice, bob, room) == NOT_A_HOST
    with_rank(world, alice, room, HOST)
    assert gates.kick(alice, bob, room) == Refused(Ground.TARGET_ELSEWHERE, "They aren't on that channel")
    world.apply(e.Joined(bob, room, HOST))
    assert gates.kick(alice, bob, room) is ACCEPTED


def test_members_invite_and_hosts_alone_where_closed(world: World, alice: Person, bob: Person) -> None:
    """Source: modern IRC, "INVITE"."""
    room = a_room(world)
    assert gates.invite(alice, bob, room) == NOT_A_MEMBER
    world.apply(e.Joined(alice, room, 0))
    assert gates.invite(alice, bob, room) is ACCEPTED
    world.apply(e.FlagChanged(room, "i", True))
    assert gates.invite(alice, bob, room) == NOT_A_HOST
    with_rank(world, alice, room, HOST)
    assert gates.invite(alice, bob, room) is ACCEPTED
    world.apply(e.Joined(bob, room, 0))
    assert gates.invite(alice, bob, room) == Refused(Ground.ALREADY_THERE, "is already on channel")


def test_hosts_change_modes(world: World, alice: Person) -> None:
    """Source: modern IRC, "MODE message"."""
    room = a_room(world, members=[alice])
    assert gates.change_modes(alice, room) == NOT_A_HOST
    with_rank(world, alice, room, VOICE)
    assert gates.change_modes(alice, room) == NOT_A_HOST
    with_rank(world, alice, room, HOST)
    assert gates.change_modes(alice, room) is ACCEPTED


def test_operators_run_the_rooms_of_the_server_and_no_others(world: World, alice: Person) -> None:
    """A room that the server owns has no other host. Source: docs/handbook/operator.md."""
    world.apply(e.UserModesSet(alice, OPERATOR))
    world.apply(e.RoomRestored(a_room(World(), "#hall").kept(), "#hall"))
    assert gates.change_modes(alice, world.rooms["#hall"]) is ACCEPTED
    assert gates.change_modes(alice, a_room(world, "#private")) == NOT_A_HOST


@pytest.mark.parametrize("kind", "beI")
def test_who_sees_a_list(world: World, alice: Person, bob: Person, kind: str) -> None:
    """Bans who sees the members, exceptions and invitations hosts. Source: modern IRC, "MODE message"."""
    room = a_room(world, members=[alice])
    assert gates.see_list(alice, room, kind) == (ACCEPTED if kind == "b" else NOT_A_HOST)
    with_rank(world, alice, room, HOST)
    assert gates.see_list(alice, room, kind) is ACCEPTED
    world.apply(e.FlagChanged(room, "s", True))
    assert gates.see_list(bob, room, kind) != ACCEPTED


def test_masks_of_all_lists_are_counted_together(world: World) -> None:
    """Source: modern IRC, "MAXLIST"."""
    room = a_room(world)
    mask(world, room, "b", "a!*@*")
    assert gates.list_mask(room, 2) is ACCEPTED
    mask(world, room, "I", "a!*@*")
    assert gates.list_mask(room, 2) == Refused(
        Ground.LIST_FULL, "Channel list is full: 2 masks are the most. Take one off first."
    )


# Registered rooms.


def test_who_registers_a_room(world: World, alice: Person) -> None:
    """Its host, logged in, with a place left. Source: docs/protocol/rooms.md, "ROOM"."""
    room = a_room(world, members=[alice])

    def ground(owned: int = 0) -> Ground | None:
        verdict = gates.register_room(alice, room, owned, 1)
        return verdict.ground if isinstance(verdict, Refused) else None

    assert ground() is Ground.NO_ACCOUNT
    log_in(world, alice)
    assert ground() is Ground.NOT_A_HOST
    with_rank(world, alice, room, HOST)
    assert ground(1) is Ground.TOO_MANY_ROOMS
    assert ground() is None
    world.apply(e.RoomRegistered(room, alice.identity))
    assert ground() is Ground.ALREADY_REGISTERED


def test_who_decides_whose_a_room_is(world: World, alice: Person, bob: Person) -> None:
    """Its owner, logged in; operators where the server owns it. Source: docs/adr/0016-who-runs-a-room.md."""
    room = a_room(world, members=[alice, bob])
    with_rank(world, bob, room, HOST)
    world.apply(e.UserModesSet(bob, OPERATOR))
    assert isinstance(gates.own_room(bob, room), Refused)
    world.apply(e.RoomRegistered(room, alice.identity))
    assert isinstance(gates.own_room(alice, room), Refused)
    assert isinstance(gates.own_room(bob, room), Refused)
    log_in(world, alice)
    assert gates.own_room(alice, room) is ACCEPTED
    world.apply(e.RoomGiven(room, NOBODY))
    assert gates.own_room(bob, room) is ACCEPTED
    assert isinstance(gates.own_room(alice, room), Refused)


def test_nobody_takes_its_rank_from_the_owner(world: World, alice: Person, bob: Person) -> None:
    """But the owner; a voice is no part of it. Source: docs/adr/0016-who-runs-a-room.md."""
    room = a_room(world, members=[alice, bob])
    world.apply(e.RoomRegistered(room, alice.identity))
    assert gates.take_rank(bob, alice, room, HOST) == Refused(
        Ground.THE_OWNER, "alice owns this room: nobody takes its rank from its owner."
    )
    assert gates.take_rank(bob, alice, room, VOICE) is ACCEPTED
    assert gates.take_rank(alice, alice, room, HOST) is ACCEPTED
    assert gates.take_rank(alice, bob, room, HOST) is ACCEPTED


def test_who_knows_of_a_secret_room(world: World, alice: Person, bob: Person) -> None:
    """Members, and who owns or runs it. Source: modern IRC, "Secret Channel Mode"."""
    room = a_room(world, flags="s", members=[alice])
    assert gates.know(alice, room) is ACCEPTED
    assert isinstance(gates.know(bob, room), Refused)
    world.apply(e.UserModesSet(bob, OPERATOR))
    assert isinstance(gates.know(bob, room), Refused)
    world.apply(e.RoomRegistered(room, NOBODY))
    assert gates.know(bob, room) is ACCEPTED
    world.apply(e.UserModesSet(bob, 0))
    world.apply(e.RoomGiven(room, bob.identity))
    assert gates.know(bob, room) is ACCEPTED


def test_who_sees_the_hosts_a_room_keeps(world: World, alice: Person, bob: Person) -> None:
    """They do, and who runs the room now. Source: docs/protocol/rooms.md, "ROOM"."""
    room = a_room(world, members=[bob])
    world.apply(e.RoomRegistered(room, alice.identity))
    assert isinstance(gates.see_hosts(alice, room), Refused)
    assert isinstance(gates.see_hosts(bob, room), Refused)
    log_in(world, alice)
    assert gates.see_hosts(alice, room) is ACCEPTED
    with_rank(world, bob, room, HOST)
    assert gates.see_hosts(bob, room) is ACCEPTED


def test_only_hosts_invite_into_an_auditorium(world: World, alice: Person, bob: Person) -> None:
    """Whether somebody is there already is not told. Source: docs/protocol/rooms.md, "Auditorium"."""
    room = a_room(world, flags="u", members=[alice, bob])
    assert gates.invite(alice, bob, room) == NOT_A_HOST


def test_a_text_is_short_enough_or_refused() -> None:
    """With both sizes. Source: `gates.text`."""
    assert gates.text("This topic", 5, 5) is ACCEPTED
    assert gates.text("This topic", 6, 5) == Refused(
        Ground.TOO_LONG, "This topic is 6 bytes long, and 5 are the most: shorten it."
    )


# Names, passwords, connections.


def test_a_name_is_fit_and_free(alice: Person, bob: Person) -> None:
    """One's own under another case is free. Source: modern IRC, "NICK"."""
    assert gates.name("carol", None, None, 32) is ACCEPTED
    assert gates.name("ALICE", alice, alice, 32) is ACCEPTED
    taken = Refused(Ground.NAME_TAKEN, "Nickname is already in use")
    assert gates.name("ALICE", alice, bob, 32) == taken
    assert gates.name("ALICE", alice, None, 32) == taken


@pytest.mark.parametrize("wanted", ["", "1a", "a b", "abcde"])
def test_an_unfit_name_is_refused_with_the_grammar(wanted: str) -> None:
    """Before anybody is asked whether it is taken. Source: RFC 2812, section 2.3.1."""
    assert gates.name(wanted, Person(), None, 4) == Refused(
        Ground.NAME_UNFIT,
        "A pseudonym has 1 to 4 bytes: letters, digits and []\\`_^{|}-, no digit or - in front.",
    )


def test_a_name_that_hides_behind_look_alikes_is_unfit() -> None:
    """More readings than are looked at. Source: `model/skeleton.py`, READINGS_MAX."""
    verdict = gates.name("о" * 9, None, None, 32)
    assert verdict == Refused(
        Ground.NAME_UNFIT,
        "This pseudonym has too many characters that look like others. Write it in the letters of one alphabet.",
    )
    assert gates.name("о" * 8, None, None, 32) is ACCEPTED


def test_a_name_that_looks_like_anothers_is_refused(alice: Person) -> None:
    """With the name it looks like. Source: docs/handbook/member.md, "Your pseudonym"."""
    assert gates.name("аlice", None, None, 32, looks_like="alice") == Refused(
        Ground.NAME_ALIKE,
        "This pseudonym looks too much like alice, which is somebody else's. Choose another one.",
    )
    assert gates.name("alice", alice, None, 32, looks_like="alice") == Refused(
        Ground.NAME_TAKEN, "Nickname is already in use"
    )


def test_reserved_names_are_for_staff(world: World, alice: Person) -> None:
    """Who has logged in with OPER may bear one. Source: docs/handbook/operator.md, "reserved_names"."""
    reserved = Refused(
        Ground.NAME_RESERVED, "This pseudonym is reserved for those who run the server. Choose another one."
    )
    assert gates.name("admin", None, None, 32, is_reserved=True) == reserved
    assert gates.name("admin", None, alice, 32, is_reserved=True) == reserved
    world.apply(e.UserModesSet(alice, OPERATOR))
    assert gates.name("admin", None, alice, 32, is_reserved=True) is ACCEPTED


@pytest.mark.parametrize(
    ("kept_s", "span"),
    [(1, "one second"), (60, "60 seconds"), (61, "2 minutes"), (7200, "2 hours"), (30 * 86_400, "30 days")],
)
def test_a_name_that_was_given_up_is_kept_for_a_while(kept_s: int, span: str) -> None:
    """And how long is said. Source: docs/adr/0011-a-pseudonym-given-up.md."""
    assert gates.name("alice", None, None, 32, kept_s=kept_s) == Refused(
        Ground.NAME_KEPT,
        f"This pseudonym is kept for whoever bore it last, {span} more. Choose another one, or show that it is yours: "
        "by your resume token, or by logging in.",
    )


def test_a_new_room_looks_like_no_other(world: World, alice: Person) -> None:
    """A secret room is not named to who is outside. Source: docs/protocol/names.md, "Rooms"."""
    room = a_room(world, "#nave")
    assert gates.open_room(alice, "#" + "о" * 9, None) == Refused(
        Ground.NAME_UNFIT,
        "This name has too many characters that look like others. Write it in the letters of one alphabet.",
    )
    assert gates.open_room(alice, "#nаve", None) is ACCEPTED
    named = Refused(Ground.NAME_ALIKE, "This name looks too much like the name of #nave. Choose another one.")
    assert gates.open_room(alice, "#nаve", room) == named
    world.apply(e.FlagChanged(room, "s", True))
    assert gates.open_room(alice, "#nаve", room) == Refused(
        Ground.NAME_ALIKE, "This name looks too much like that of another room. Choose another one."
    )
    world.apply(e.Joined(alice, room, 0))
    assert gates.open_room(alice, "#nаve", room) == named


def test_names_change_at_a_pace() -> None:
    """So many in a window. Source: `chat/naming.py`."""
    assert gates.pace_of_names(2, 3, 60) is ACCEPTED
    assert gates.pace_of_names(3, 3, 60) == Refused(
        Ground.TOO_MANY_NAMES,
        "You have changed your pseudonym 3 times in 60 seconds. Wait a little and try again.",
    )


def test_tokens_are_not_guessed_for_long() -> None:
    """Source: docs/protocol/resume.md."""
    assert gates.guess_token(99, 100) is ACCEPTED
    assert gates.guess_token(100, 100) == Refused(
        Ground.TOO_MANY_FAILURES, "Too many wrong tokens from your address. Wait ten minutes and try again."
    )


def test_who_is_banned_keeps_their_name(world: World, alice: Person) -> None:
    """A new one would slip past the ban; rank lifts that. Source: `change_name`."""
    room = a_room(world, "#nave", members=[alice])
    a_room(world, "#other", members=[alice])
    assert gates.change_name(alice) is ACCEPTED
    mask(world, room, "b", "alice!*@*")
    assert gates.change_name(alice) == Refused(
        Ground.BANNED, "You are banned in #nave and cannot change your name while in it."
    )
    with_rank(world, alice, room, VOICE)
    assert gates.change_name(alice) is ACCEPTED


def test_operators_operate(world: World, alice: Person) -> None:
    """Source: modern IRC, "ERR_NOPRIVILEGES"."""
    assert gates.operate(alice) == Refused(Ground.NOT_AN_OPERATOR, "Permission Denied- You're not an IRC operator")
    world.apply(e.UserModesSet(alice, OPERATOR))
    assert gates.operate(alice) is ACCEPTED


def test_a_password_is_right_or_wrong() -> None:
    """Source: modern IRC, "ERR_PASSWDMISMATCH"."""
    assert gates.password(True) is ACCEPTED
    assert gates.password(False) == Refused(Ground.WRONG_PASSWORD, "Password incorrect")


@pytest.mark.parametrize(
    ("open_now", "opened", "told"),
    [
        (2, 4, None),
        (3, 4, "Your address has 3 connections, which is the most. Close one first."),
        (2, 5, "Your address has connected too often in a minute. Wait a minute and try again."),
        (3, 5, "Your address has 3 connections, which is the most. Close one first."),
    ],
)
def test_an_address_has_its_limits(open_now: int, opened: int, told: str | None) -> None:
    """At most 3 at a time and 5 in a minute here. Source: docs/handbook/operator.md, "[limits]"."""
    verdict = gates.connect(open_now, opened, 3, 5)
    assert verdict == (ACCEPTED if told is None else Refused(Ground.TOO_MANY_CONNECTIONS, told))


# Sizes and the archive.


def test_a_line_fits_or_is_refused_whole() -> None:
    """By how much is told. Source: modern IRC, "ERR_INPUTTOOLONG"."""
    assert gates.relayed_line(510, 510) is ACCEPTED
    assert gates.relayed_line(513, 510) == Refused(
        Ground.TOO_LONG, "Input line was too long by 3 bytes: it was not delivered. Split it."
    )


def test_nobody_acts_while_nothing_can_be_sealed() -> None:
    """Nor when too much waits for it. Source: ARCHITECTURE.md, "Invariants", 5."""
    assert gates.act(False, 9, 10) is ACCEPTED
    assert gates.act(False, 10, 10) == Refused(
        Ground.SERVER_BUSY, "Too much waits to be sealed: this was not delivered. Try again in a moment."
    )
    assert gates.act(True, 0, 10) == Refused(
        Ground.ARCHIVE_UNAVAILABLE,
        "The archive cannot be written: nothing was delivered. Try again in a moment.",
    )


@pytest.mark.parametrize(("marks", "ranks"), [("@", HOST), ("+", HOST | VOICE)])
def test_for_whom_a_marked_message_is(marks: str, ranks: int) -> None:
    """A member with any of these ranks gets it. Source: modern IRC, "STATUSMSG"."""
    assert gates.rank_needed(marks) == ranks


# Of all gates.


def test_every_ground_is_one_of_some_gate() -> None:
    """No ground is left that nothing is refused on. Source: `Ground`."""
    folder = Path(gates.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    assert [ground.name for ground in Ground if f"Ground.{ground.name}" not in source] == []


@given(st.sampled_from(["", "n", "m", "nm"]), st.sampled_from([None, 0, VOICE, HOST]), st.booleans(), st.booleans())
def test_nothing_makes_a_member_with_rank_silent(flags: str, rank: int | None, banned: bool, excepted: bool) -> None:
    """And whoever may speak still may when restrictions are lifted. Source: modern IRC, "Channel Modes"."""
    world = World()
    person = somebody(world, "alice")
    room = a_room(world, flags=flags)
    if rank is not None:
        world.apply(e.Joined(person, room, rank))
    if banned:
        mask(world, room, "b", "alice!*@*")
    if excepted:
        mask(world, room, "e", "alice!*@*")
    verdict = gates.message(person, room)
    if rank:
        assert verdict is ACCEPTED
    for flag in flags:
        world.apply(e.FlagChanged(room, flag, False))
    if verdict is ACCEPTED:
        assert gates.message(person, room) is ACCEPTED


def test_wrong_passwords_end_the_trying() -> None:
    """Source: docs/handbook/operator.md, "Operators"."""
    assert gates.login(4, 5, 600) is ACCEPTED
    assert gates.login(5, 5, 600) == Refused(
        Ground.TOO_MANY_FAILURES, "Too many wrong passwords from your address. Wait 10 minutes and try again."
    )


def test_wrong_passwords_for_an_account_end_the_trying() -> None:
    """From wherever they come. Source: docs/adr/0009-passwords-of-accounts.md."""
    assert gates.login_to(9, 10, 60) is ACCEPTED
    assert gates.login_to(10, 10, 60) == Refused(
        Ground.TOO_MANY_FAILURES, "Too many wrong passwords for this account. Wait a minute and try again."
    )


def test_a_claimed_name_is_its_accounts() -> None:
    """Whoever is logged in to it may take it, whoever is not may not. Source: DESIGN 3."""
    owner, other = IdentityId(b"a" * 16), IdentityId(b"b" * 16)
    assert gates.name("carol", None, None, 32, owner, owner) is ACCEPTED
    for identity in (NOBODY, other):
        assert gates.name("carol", None, None, 32, owner, identity) == Refused(
            Ground.NAME_CLAIMED, "This pseudonym belongs to an account. Log in to it with SASL, or take another one."
        )
    # That somebody bears it is said first: the account's owner is told so as well.
    taken = gates.name("carol", Person(), None, 32, owner, owner)
    assert isinstance(taken, Refused)
    assert taken.ground is Ground.NAME_TAKEN


def test_registering_sending_codes_and_devices_have_a_most() -> None:
    """Each refusal says what to do. Source: docs/protocol/accounts.md."""
    assert gates.register(2, 3) is gates.send_code(2, 3) is gates.one_more_device(7, 8) is ACCEPTED
    assert gates.new_certificate(7, 8) is ACCEPTED
    for refused, word in (
        (gates.register(3, 3), "Wait an hour"),
        (gates.send_code(3, 3), "wait a day"),
        (gates.one_more_device(8, 8), "Leave with one first"),
        (gates.new_certificate(8, 8), "Delete one"),
    ):
        assert isinstance(refused, Refused)
        assert word in said(refused.told)


@pytest.mark.parametrize(
    ("password", "ground"),
    [
        ("", Ground.PASSWORD_UNFIT),
        ("x" * 301, Ground.PASSWORD_UNFIT),
        (":with-colon", Ground.PASSWORD_UNFIT),
        ("two words", Ground.PASSWORD_UNFIT),
        ("bell\x07bell", Ground.PASSWORD_UNFIT),
        ("seven-7", Ground.PASSWORD_WEAK),
        ("ALICELONG123", Ground.PASSWORD_WEAK),
        ("abababababab", Ground.PASSWORD_WEAK),
    ],
)
def test_a_password_fits_into_a_command_and_is_not_guessed_at_once(password: str, ground: Ground) -> None:
    """Source: docs/protocol/accounts.md, "Registering"; IRCv3 draft/account-registration, "WEAK_PASSWORD"."""
    refused = gates.new_password(password, "alicelong", 8, 300)
    assert isinstance(refused, Refused)
    assert refused.ground is ground


def test_a_server_for_tests_takes_short_passwords() -> None:
    """Where one byte is enough, any that fits will do. Source: docs/handbook/operator.md, `password_min`."""
    assert gates.new_password("bar", "bar", 1, 300) is ACCEPTED
    assert gates.new_password("été-dans-la-cour", "alice", 8, 300) is ACCEPTED


def test_operators_run_the_rooms_that_the_server_owns(world: World, alice: Person, bob: Person) -> None:
    """They are hosts there and nowhere else. Source: docs/handbook/operator.md, "Operators"."""
    room = a_room(world, members=[alice, bob])
    world.apply(e.UserModesSet(bob, OPERATOR))
    assert isinstance(gates.change_modes(bob, room), Refused)
    room.registered = True
    assert gates.change_modes(bob, room) is ACCEPTED
    assert gates.kick(bob, alice, room) is ACCEPTED
    assert isinstance(gates.change_modes(alice, room), Refused)


# History.


def test_who_may_fetch_nothing_is_told_nothing_of_why() -> None:
    """A room that is not there, one that is secret, one they were never in. Source: chathistory, INVALID_TARGET."""
    assert gates.fetch(may_fetch_anything=True) is ACCEPTED
    verdict = gates.fetch(may_fetch_anything=False)
    assert isinstance(verdict, Refused)
    assert verdict.ground is Ground.NOTHING_TO_FETCH


def test_messages_are_taken_back_in_rooms_one_is_in(world: World, alice: Person, bob: Person) -> None:
    """And by operators of the server anywhere. Source: docs/adr/0014-redaction.md."""
    room = a_room(world, members=[alice])
    assert gates.redact_in(alice, room) is ACCEPTED
    for person, where in ((bob, room), (alice, None)):
        verdict = gates.redact_in(person, where)
        assert isinstance(verdict, Refused)
        assert verdict.ground is Ground.NOT_A_MEMBER
    world.apply(e.UserModesSet(bob, OPERATOR))
    assert gates.redact_in(bob, room) is ACCEPTED
    assert isinstance(gates.redact_in(bob, None), Refused)


@pytest.mark.parametrize(
    ("runs", "is_own", "is_open", "own_allowed", "age_s", "ground"),
    [
        (True, False, False, True, 0, None),
        (True, False, False, False, 3600, None),
        (True, False, True, True, 3601, Ground.TOO_LATE),
        (False, True, False, True, 0, None),
        (False, True, True, True, 3600, None),
        (False, True, True, True, 3601, Ground.TOO_LATE),
        (False, True, True, False, 0, Ground.NOT_THE_AUTHOR),
        (False, False, True, True, 0, Ground.NOT_THE_AUTHOR),
        (False, False, False, True, 0, Ground.UNKNOWN_MESSAGE),
        (False, False, False, False, 9999, Ground.UNKNOWN_MESSAGE),
    ],
)
def test_who_takes_back_what(
    world: World,
    alice: Person,
    runs: bool,
    is_own: bool,
    is_open: bool,
    own_allowed: bool,
    age_s: int,
    ground: Ground | None,
) -> None:
    """Hosts any, people their own where that is allowed, in time. Source: docs/adr/0014-redaction.md."""
    room = a_room(world, members=[alice])
    if runs:
        with_rank(world, alice, room, HOST)
    verdict = gates.redact(
        alice, room, is_own=is_own, is_open=is_open, own_allowed=own_allowed, age_s=age_s, window_s=3600
    )
    assert (verdict.ground if isinstance(verdict, Refused) else None) is ground


def test_an_operator_runs_no_private_conversation(world: World, alice: Person) -> None:
    """There each takes back their own. Source: docs/adr/0014-redaction.md."""
    world.apply(e.UserModesSet(alice, OPERATOR))
    verdict = gates.redact(alice, None, is_own=False, is_open=True, own_allowed=True, age_s=0, window_s=9)
    assert isinstance(verdict, Refused)
    assert verdict.ground is Ground.NOT_THE_AUTHOR


def test_a_room_shows_no_more_than_the_server_can_open(world: World) -> None:
    """The longest window is the term of the keys; a room that ends when it is empty shows less. Source: ADR 13."""
    room = a_room(world)
    assert gates.visible_window(room, 3600, 3600, 604_800) is ACCEPTED
    verdict = gates.visible_window(room, 3601, 3600, 604_800)
    assert isinstance(verdict, Refused)
    assert said(verdict.told).startswith("A room that is not registered can show newcomers its last 1h at most.")
    room.registered = True
    assert gates.visible_window(room, 604_800, 3600, 604_800) is ACCEPTED
    assert gates.visible_window(room, 604_801, 3600, 604_800) == Refused(
        Ground.WINDOW_TOO_LONG, "A room can show newcomers its last 7d at most. Choose a shorter time."
    )


@pytest.mark.parametrize(("known_s", "after_s"), [(None, 0), (0, 0), (86_400, 86_400)])
def test_people_say_something_beside_their_own_name(alice: Person, known_s: int | None, after_s: int) -> None:
    """Guests too where the operator lets them. Source: IRCv3 draft/metadata-2; docs/handbook/operator.md."""
    assert gates.set_metadata(alice, alice, removes=False, known_s=known_s, after_s=after_s) is ACCEPTED


@pytest.mark.parametrize("known_s", [None, 0, 86_399])
def test_newcomers_say_nothing_beside_theirs_and_may_take_it_away(alice: Person, known_s: int | None) -> None:
    """Source: docs/handbook/operator.md, `metadata_after`."""
    assert gates.set_metadata(alice, alice, removes=False, known_s=known_s, after_s=86_400) == Refused(
        Ground.NEWCOMER, "This is for accounts that are at least 24 hours old. Register, and try again then."
    )
    assert gates.set_metadata(alice, alice, removes=True, known_s=known_s, after_s=86_400) is ACCEPTED


def test_nobody_says_anything_beside_the_name_of_another(world: World, alice: Person, bob: Person) -> None:
    """Staff may take it away. Source: IRCv3 draft/metadata-2, "Concepts"."""
    for removes in (False, True):
        verdict = gates.set_metadata(alice, bob, removes=removes, known_s=None, after_s=0)
        assert isinstance(verdict, Refused)
        assert verdict.ground is Ground.NOT_ONES_OWN
    world.apply(e.UserModesSet(alice, OPERATOR))
    assert isinstance(gates.set_metadata(alice, bob, removes=False, known_s=None, after_s=0), Refused)
    assert gates.set_metadata(alice, bob, removes=True, known_s=None, after_s=0) is ACCEPTED


def test_hosts_say_something_beside_a_rooms_name(world: World, alice: Person, bob: Person) -> None:
    """Source: IRCv3 draft/metadata-2, "Concepts"."""
    room = a_room(world, members=[alice, bob])
    with_rank(world, alice, room, HOST)
    assert gates.set_metadata(alice, room, removes=False, known_s=None, after_s=9) is ACCEPTED
    assert isinstance(gates.set_metadata(bob, room, removes=True, known_s=None, after_s=9), Refused)


def test_nobody_is_shown_under_the_pseudonym_of_another(alice: Person, bob: Person) -> None:
    """Present or claimed. Source: IRCv3 draft/metadata-2, `display-name`."""
    assert gates.display_name(alice, None, False) is ACCEPTED
    assert gates.display_name(alice, alice, False) is ACCEPTED
    assert isinstance(gates.display_name(alice, bob, False), Refused)
    assert isinstance(gates.display_name(alice, None, True), Refused)


@pytest.mark.parametrize(
    ("reader_modes", "author_modes", "account", "is_accepted", "is_read"),
    [
        (0, 0, "", False, True),
        (FROM_ACCOUNTS, 0, "", False, False),
        (FROM_ACCOUNTS, FROM_ACCOUNTS, "", False, False),
        (FROM_ACCOUNTS, 0, "alice", False, True),
        (FROM_ACCOUNTS, 0, "", True, True),
        (FROM_ACCOUNTS, OPERATOR, "", False, True),
    ],
)
def test_who_reads_accounts_alone_reads_operators_and_whom_they_accepted_too(
    world: World, alice: Person, reader_modes: int, author_modes: int, account: str, is_accepted: bool, is_read: bool
) -> None:
    """The refusal says what to do. Source: docs/handbook/member.md, "Who may write to you"."""
    bob = somebody(world, "bob")
    world.apply(e.UserModesSet(bob, reader_modes))
    world.apply(e.UserModesSet(alice, author_modes))
    alice.account = account
    verdict = gates.private_message(alice, bob, is_accepted)
    assert (verdict is ACCEPTED) == is_read
    if isinstance(verdict, Refused):
        assert verdict.ground is Ground.NO_ACCOUNT
        assert said(verdict.told) == (
            "bob reads private messages only of who is logged in to an account (+R). Log in, or ask in a room."
        )


def test_one_always_writes_to_oneself(world: World, alice: Person) -> None:
    """Whatever one reads. Source: docs/handbook/member.md, "Who may write to you"."""
    world.apply(e.UserModesSet(alice, FROM_ACCOUNTS))
    assert gates.private_message(alice, alice, False) is ACCEPTED


@pytest.mark.parametrize(("flag", "host", "is_said"), [("m", False, False), ("m", True, True), ("U", False, False)])
def test_a_reason_for_taking_back_obeys_the_rules_of_speech(
    world: World, alice: Person, bob: Person, flag: str, host: bool, is_said: bool
) -> None:
    """Everybody in the room reads it. Source: docs/adr/0014-redaction.md."""
    room = a_room(world, flags=flag, members=[alice, bob])
    with_rank(world, alice, room, HOST)
    verdict = gates.redaction_reason(alice if host else bob, room, "why")
    assert (verdict is ACCEPTED) == is_said
    if isinstance(verdict, Refused):
        assert verdict.ground is Ground.MODERATED
        assert said(verdict.told).endswith("You can take the message back without a reason.")


@pytest.mark.parametrize("flags", ["m", "U", "M"])
def test_a_parting_word_is_speech(world: World, alice: Person, bob: Person, flags: str) -> None:
    """Who may not write to a room, or to its hosts alone, goes in silence. Source: docs/protocol/rooms.md."""
    room = a_room(world, flags=flags, members=[alice, bob])
    world.apply(e.RankChanged(room, bob, VOICE, True))
    verdict = gates.parting_word(alice, room, "bye")
    assert isinstance(verdict, Refused)
    assert said(verdict.told).endswith("your reason was left out.")
    assert gates.parting_word(bob, room, "bye") is ACCEPTED
