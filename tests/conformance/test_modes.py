"""MODE of rooms and of oneself. Source: modern IRC, "MODE message", "Channel Modes", "User Modes"."""

import pytest
from tests.client import commands, only
from tests.conformance.conftest import Enter


def test_the_modes_of_a_room(enter: Enter, room: str) -> None:
    """324 and 329; without any, `+`. Source: modern IRC, "RPL_CHANNELMODEIS", "RPL_CREATIONTIME"."""
    host = enter("host", rooms=[room])
    modes, created = host.ask(f"MODE {room}")
    assert (modes.command, modes.params) == ("324", [host.nick, room, "+nt"])
    assert (created.command, created.params[1]) == ("329", room)
    assert created.params[2].isdigit()
    assert host.one(f"MODE {room} -nt").params == [room, "-nt"]
    assert host.ask(f"MODE {room}")[0].params[2:] == ["+"]


def test_the_key_is_shown_to_members_alone(enter: Enter, room: str) -> None:
    """Source: modern IRC, "RPL_CHANNELMODEIS"."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    assert host.one(f"MODE {room} +kl secret 5").params == [room, "+kl", "secret", "5"]
    assert host.ask(f"MODE {room}")[0].params[2:] == ["+ntkl", "secret", "5"]
    assert outside.ask(f"MODE {room}")[0].params[2:] == ["+ntkl", "*", "5"]


@pytest.mark.parametrize("letter", "imns")
def test_a_flag_is_set_once_and_taken_away_once(enter: Enter, room: str, letter: str) -> None:
    """What changes nothing says nothing. Source: modern IRC, "MODE message"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.ask(f"MODE {room} -n")
    member.sync()
    for sign in "+-":
        assert host.one(f"MODE {room} {sign}{letter}").params == [room, f"{sign}{letter}"]
        assert member.until("MODE").params == [room, f"{sign}{letter}"]
        assert host.ask(f"MODE {room} {sign}{letter}") == []


def test_moderated_rooms_hear_the_voiced_and_hosts(enter: Enter, room: str) -> None:
    """404 for the others. Source: modern IRC, "Moderated Channel Mode"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.ask(f"MODE {room} +m")
    member.sync()
    answer = member.one(f"PRIVMSG {room} :hi")
    assert (answer.command, answer.params[1:]) == (
        "404",
        [room, "This room is moderated: its hosts decide who may write. Ask one of them."],
    )
    host.ask(f"MODE {room} +v {member.nick}")
    member.sync()
    assert member.ask(f"PRIVMSG {room} :hi again") == []
    assert host.until("PRIVMSG").params == [room, "hi again"]


def test_external_messages_are_let_in_without_n(enter: Enter, room: str) -> None:
    """Source: modern IRC, "No External Messages Mode"."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    assert outside.one(f"PRIVMSG {room} :hi").command == "404"
    host.ask(f"MODE {room} -n")
    assert outside.ask(f"PRIVMSG {room} :hi") == []
    assert host.until("PRIVMSG").nick == outside.nick


def test_a_rank_is_given_and_taken(enter: Enter, room: str) -> None:
    """Told to all, under the name as it is. Source: modern IRC, "Channel Membership Prefixes"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.sync()
    assert host.one(f"MODE {room} +ov {member.nick.upper()} {member.nick}").params == [
        room,
        "+ov",
        member.nick,
        member.nick,
    ]
    member.until("MODE")
    assert member.one(f"MODE {room} -o {host.nick}").params == [room, "-o", host.nick]
    host.until("MODE", lambda mode: mode.params[1] == "-o")
    assert host.one(f"MODE {room} +o {host.nick}").command == "482"


def test_whose_rank_cannot_be_changed(enter: Enter, room: str) -> None:
    """441 elsewhere, 401 nowhere, 482 without right, 403 without room. Source: modern IRC, "MODE message"."""
    host, member, outside = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("outside")
    host.sync()
    assert host.one(f"MODE {room} +o {outside.nick}").command == "441"
    assert host.one(f"MODE {room} +o nobody").command == "401"
    assert member.one(f"MODE {room} +o {member.nick}").command == "482"
    assert outside.one(f"MODE {room} +o {outside.nick}").command == "482"
    assert host.one(f"MODE #nowhere +o {host.nick}").command == "403"


def test_an_unknown_mode(enter: Enter, room: str) -> None:
    """472 with the letter; the others are done. Source: modern IRC, "ERR_UNKNOWNMODE"."""
    host = enter("host", rooms=[room])
    answers = host.ask(f"MODE {room} +iXm")
    assert [(answer.command, answer.params[1]) for answer in answers] == [("472", "X"), ("MODE", "+im")]
    assert host.one(f"MODE {room} +:").params[1] == "*"


@pytest.mark.parametrize("key", ["passphrase with spaces", "x" * 33, "", "a,b", ":a"])
def test_a_bad_key(enter: Enter, room: str, key: str) -> None:
    """525, and the room has none. Source: modern IRC, "Key Channel Mode"."""
    host = enter("host", rooms=[room])
    assert host.one(f"MODE {room} +k :{key}").params[1:] == [room, "Key is not well-formed"]
    assert host.ask(f"MODE {room}")[0].params[2] == "+nt"


def test_a_key_is_asked_for(enter: Enter, room: str) -> None:
    """475 without or with another; `-k` needs none. Source: modern IRC, "Key Channel Mode"."""
    host, guest = enter("host", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} +k beer")
    assert commands(guest.ask(f"JOIN {room}", f"JOIN {room} bees")) == ["475", "475"]
    assert guest.ask(f"JOIN {room} beer")[0].command == "JOIN"
    host.sync()
    assert host.one(f"MODE {room} -k").params == [room, "-k", "beer"]


@pytest.mark.parametrize("limit", ["0", "-1", "abc", ":", "٣"])
def test_a_bad_limit(enter: Enter, room: str, limit: str) -> None:
    """696. Source: modern IRC, "ERR_INVALIDMODEPARAM"."""
    answer = enter("host", rooms=[room]).one(f"MODE {room} +l {limit}")
    assert (answer.command, answer.params[1:3]) == ("696", [room, "l"])
    assert len(answer.params) == 5


@pytest.mark.parametrize("wish", ["+o", "-o", "+v", "-v", "+k", "+l"])
def test_a_change_without_its_parameter(enter: Enter, room: str, wish: str) -> None:
    """696 names the letter, and what stands beside it is done. Source: modern IRC, "ERR_INVALIDMODEPARAM"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.sync()
    answer, done = host.ask(f"MODE {room} +m{wish}")
    assert (answer.command, answer.params) == (
        "696",
        [host.nick, room, wish[1], "*", "This mode needs a parameter"],
    )
    assert done.params == [room, "+m"]
    member.sync()
    assert commands(member.ask(f"MODE {room} {wish}")) == ["482"]


def test_a_key_goes_without_being_named(enter: Enter, room: str) -> None:
    """`-k` alone: who may take it away knows that it is there. Source: modern IRC, "Key Channel Mode"."""
    host = enter("host", rooms=[room])
    host.ask(f"MODE {room} +k secret")
    assert host.one(f"MODE {room} -k").params == [room, "-k", "secret"]


def test_more_changes_than_one_command_makes(enter: Enter, room: str) -> None:
    """The first are made; FAIL tells of the others. Source: modern IRC, "MODES"; IRCv3 standard-replies."""
    host = enter("host", rooms=[room])
    names = [f"n{number}" for number in range(13)]
    *_, done, answer = host.ask(f"MODE {room} +{'b' * 13}{'mmmmmmmm'}i {' '.join(names)}")
    assert (done.command, "i" in done.params[1]) == ("MODE", False)
    assert (answer.command, answer.params) == (
        "FAIL",
        [
            "MODE",
            "TOO_MANY_CHANGES",
            room,
            "One MODE makes at most 20 changes: the last 2 were not looked at. Send them again.",
        ],
    )
    assert "i" not in host.ask(f"MODE {room}")[0].params[2]
    assert len(only(host.ask(f"MODE {room} b"), "367")) == 13


def test_a_limit_holds(enter: Enter, room: str) -> None:
    """471 when full; who is in stays. Source: modern IRC, "Client Limit Channel Mode"."""
    host, member, guest = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} +l 1")
    assert guest.one(f"JOIN {room}").params[1:] == [room, "This room is full (+l). Try again later."]
    member.sync()
    assert member.ask(f"PRIVMSG {room} :still here") == []
    host.sync()
    assert host.one(f"MODE {room} -l").params == [room, "-l"]
    guest.join(room)


def test_invitation_only(enter: Enter, room: str) -> None:
    """473, but not for who is on the list +I. Source: modern IRC, "Invite-Only", "Invite-Exception"."""
    host, guest = enter("host", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} +i")
    assert guest.one(f"JOIN {room}").command == "473"
    assert host.one(f"MODE {room} +I {guest.nick.upper()}!*@*").params[1] == "+I"
    guest.join(room)


def test_bans_and_their_exceptions(enter: Enter, room: str) -> None:
    """474 to come in, 404 to speak, no new name; lifted by +e. Source: modern IRC, "Ban", "Exception"."""
    host, guest = enter("host", rooms=[room]), enter("guest", rooms=[room])
    host.ask(f"MODE {room} +b {guest.nick.upper()}!*@*")
    guest.sync()
    assert guest.one(f"PRIVMSG {room} :hi").params[2] == (
        "You are banned from this room and cannot write in it. Its hosts can lift that."
    )
    assert guest.one("NICK somebodyelse").command == "404"
    guest.ask(f"PART {room}")
    assert guest.one(f"JOIN {room}").params[2] == "You are banned from this room (+b). Its hosts can lift that."
    host.ask(f"MODE {room} +e {guest.nick}")
    guest.join(room)
    assert guest.ask(f"PRIVMSG {room} :hi") == []


@pytest.mark.parametrize(("letter", "row", "end"), [("b", "367", "368"), ("e", "348", "349"), ("I", "346", "347")])
def test_a_list_is_kept_and_shown(enter: Enter, room: str, letter: str, row: str, end: str) -> None:
    """Masks are filled in; who set each and when. Source: modern IRC, "RPL_BANLIST", "RPL_EXCEPTLIST" ..."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.sync()
    changed = host.one(f"MODE {room} +{letter * 3} nick user@host *.example")
    assert changed.params == [room, f"+{letter * 3}", "nick!*@*", "*!user@host", "*!*@*.example"]
    member.sync()
    *rows, last = host.ask(f"MODE {room} {letter}")
    assert [(each.command, each.params[2], each.params[3]) for each in rows] == [
        (row, mask, host.nick) for mask in changed.params[2:]
    ]
    assert all(each.params[4].isdigit() for each in rows)
    assert (last.command, last.params[1]) == (end, room)
    assert host.ask(f"MODE {room} +{letter} NICK") == []
    assert host.one(f"MODE {room} -{letter} NICK!*@*").params == [room, f"-{letter}", "nick!*@*"]
    assert commands(member.ask(f"MODE {room} +{letter}"))[-1] in ((end,) if letter == "b" else ("MODE", "482"))


def test_a_list_has_an_end(enter: Enter, room: str) -> None:
    """478: masks on all lists of a room count together. Source: modern IRC, "MAXLIST"."""
    host = enter("host", rooms=[room])
    for start in range(0, 100, 10):
        host.ask(f"MODE {room} +{'b' * 10} " + " ".join(f"n{start + number}" for number in range(10)))
    for letter in "beI":
        answer = host.one(f"MODE {room} +{letter} onemore")
        assert (answer.command, answer.params[1:3]) == ("478", [room, letter])
    assert len(only(host.ask(f"MODE {room} b"), "367")) == 100


def test_a_mask_too_long_for_a_line(enter: Enter, room: str) -> None:
    """696. Source: modern IRC, "ERR_INVALIDMODEPARAM"."""
    assert enter("host", rooms=[room]).one(f"MODE {room} +b {'é' * 150}").command == "696"


def test_no_ctcp_to_somebody(enter: Enter) -> None:
    """Mode T: 531 to who sends it, by PRIVMSG or NOTICE; `/me` and words are read. Source: docs/handbook/member.md."""
    client, other = enter("client"), enter("other")
    assert other.ask(f"PRIVMSG {client.nick} :\1VERSION\1") == []
    assert client.next().params == [client.nick, "\1VERSION\1"]
    assert client.one(f"MODE {client.nick} +T").params == [client.nick, "+T"]
    told = "They take no CTCP requests (+T); /me works. Write it in words."
    for command in ("PRIVMSG", "NOTICE"):
        answer = other.one(f"{command} {client.nick} :\1VERSION\1")
        assert (answer.command, answer.params) == ("531", [other.nick, client.nick, told])
    assert other.ask(f"PRIVMSG {client.nick} :\1ACTION waves\1", f"PRIVMSG {client.nick} :hi") == []
    assert [line.params[1] for line in client.sync()] == ["\1ACTION waves\1", "hi"]
    assert client.one(f"PRIVMSG {client.nick} :\1PING 1\1").params == [client.nick, "\1PING 1\1"]
    assert client.one(f"MODE {client.nick} -T").params == [client.nick, "-T"]
    assert other.ask(f"PRIVMSG {client.nick} :\1VERSION\1") == []


def test_ones_own_modes(enter: Enter) -> None:
    """221, MODE, 501 for unknown ones, 502 for others' modes. Source: modern IRC, "User Modes"."""
    client, other = enter("client"), enter("other")
    assert client.one(f"MODE {client.nick.upper()}").params == [client.nick, "+"]
    assert client.one(f"MODE {client.nick} +i").params == [client.nick, "+i"]
    assert client.one(f"MODE {client.nick}").params == [client.nick, "+i"]
    assert client.one(f"MODE {client.nick} -i").params == [client.nick, "-i"]
    for letter in "or":
        answer = client.one(f"MODE {client.nick} +{letter}")
        assert (answer.command, answer.params[:3]) == ("FAIL", ["MODE", "MODE_NOT_YOURS_TO_SET", letter])
    assert client.one(f"MODE {client.nick} +wB").params == [client.nick, "+Bw"]
    assert client.one(f"MODE {client.nick}").params == [client.nick, "+Bw"]
    assert client.one(f"MODE {client.nick} -Bw").params == [client.nick, "-Bw"]
    assert commands(client.ask(f"MODE {client.nick} +iX")) == ["501", "MODE"]
    assert client.one(f"MODE {other.nick} +i").command == "502"
    assert client.one("MODE nobody").command == "401"
    assert client.one("MODE").command == "461"
