"""Modes of rooms beyond those of every server: C, u, U, mutes, and R and M for guests.

Source: docs/protocol/rooms.md, "Modes"; modern IRC, "Channel Modes"; IRCv3 account-extban.
"""

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Enter

ECHO = ["echo-message", "message-tags"]


def names(client: Client, room: str) -> set[str]:
    """Give whom NAMES lists."""
    return {name for row in only(client.ask(f"NAMES {room}"), "353") for name in row.params[3].split()}


def test_every_mode_is_told_and_kept_in_one_order(enter: Enter, room: str) -> None:
    """324 as CHANMODES. Source: modern IRC, "CHANMODES", "RPL_CHANNELMODEIS"."""
    host = enter("host", rooms=[room])
    host.ask(f"MODE {room} +UuRMCl 5", f"MODE {room} +k key")
    assert host.ask(f"MODE {room}")[0].params[2:] == ["+CMnRtuUkl", "key", "5"]


def test_no_ctcp_but_actions(enter: Enter, room: str) -> None:
    """404, for hosts too, in PRIVMSG and NOTICE. Source: docs/protocol/rooms.md, "Modes"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.ask(f"MODE {room} +C")
    member.sync()
    assert host.ask(f"PRIVMSG {room} :\1ACTION waves\1") == []
    assert member.next().params == [room, "\1ACTION waves\1"]
    for line in ("PRIVMSG {} :\1PING 1\1", "NOTICE {} :\1VERSION x\1", "PRIVMSG {} :\1ACTIONS\1"):
        assert host.one(line.format(room)).params[1:] == [
            room,
            "This room takes no CTCP requests (+C); /me works. Write it in words.",
        ]
    assert member.sync() == []


def test_a_room_for_accounts(enter: Enter, room: str) -> None:
    """477 at the door with +R, but not for who is invited. Source: modern IRC, "ERR_NEEDREGGEDNICK"."""
    host, guest = enter("host", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} +R")
    answer = guest.one(f"JOIN {room}")
    assert (answer.command, answer.params[1:]) == (
        "477",
        [room, "Only who is logged in to an account can come into this room (+R). Log in first."],
    )
    host.ask(f"INVITE {guest.nick} {room}")
    guest.sync()
    guest.join(room)


def test_speech_for_accounts(enter: Enter, room: str) -> None:
    """404 with +M, but not for the voiced. Source: docs/protocol/rooms.md, "Modes"."""
    host, guest = enter("host", rooms=[room]), enter("guest", rooms=[room])
    host.ask(f"MODE {room} +M")
    guest.sync()
    assert guest.one(f"PRIVMSG {room} :hi").command == "404"
    host.ask(f"MODE {room} +v {guest.nick}")
    guest.sync()
    assert guest.ask(f"PRIVMSG {room} :hi") == []
    assert host.until("PRIVMSG").params == [room, "hi"]


def test_a_mute_lets_in_and_keeps_silent(enter: Enter, room: str) -> None:
    """404; lifted by a rank, by +e, by -b whatever the case. Source: modern IRC, "EXTBAN"."""
    host, guest = enter("host", rooms=[room]), enter("guest")
    assert host.one(f"MODE {room} +b m:{guest.nick.upper()}!*@*").params[2] == f"m:{guest.nick.upper()}!*@*"
    guest.join(room)
    assert guest.one(f"PRIVMSG {room} :hi").command == "404"
    assert guest.one("NICK another").command == "404"
    assert guest.ask(f"MODE {room} b")[0].params[2] == f"m:{guest.nick.upper()}!*@*"
    host.ask(f"MODE {room} +e m:{guest.nick}")
    guest.sync()
    assert guest.ask(f"PRIVMSG {room} :hi") == []
    host.ask(f"MODE {room} -e m:{guest.nick}", f"MODE {room} +v {guest.nick}")
    guest.sync()
    assert guest.ask(f"PRIVMSG {room} :hi") == []
    host.ask(f"MODE {room} -v {guest.nick}", f"MODE {room} -b ~mute:{guest.nick}!*@*")
    guest.sync()
    assert guest.ask(f"PRIVMSG {room} :hi") == []
    host.sync()
    assert len(only(host.read, "PRIVMSG")) == 3


def test_an_account_has_one_form_on_a_list(enter: Enter, room: str) -> None:
    """`account:`, `a:`, with `~` or without, are one. Source: IRCv3 account-extban."""
    host = enter("host", rooms=[room])
    assert host.one(f"MODE {room} +b ~account:bob").params[1:] == ["+b", "a:bob"]
    assert host.ask(f"MODE {room} +b a:Bob") == []
    assert host.one(f"MODE {room} -b account:BOB").params[1:] == ["-b", "a:bob"]


@pytest.mark.parametrize("mask", ["a:", "m:", "m:m:x", "~a:"])
def test_an_entry_that_means_nothing(enter: Enter, room: str, mask: str) -> None:
    """696. Source: modern IRC, "ERR_INVALIDMODEPARAM"."""
    answer = enter("host", rooms=[room]).one(f"MODE {room} +b {mask}")
    assert (answer.command, answer.params[1:]) == ("696", [room, "b", "*", "This is no mask and no account"])


def test_a_guest_with_the_name_of_an_account_is_not_it(enter: Enter, room: str) -> None:
    """Accounts, not pseudonyms. Source: IRCv3 account-extban."""
    host, guest = enter("host", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} +bb a:{guest.nick} a:*")
    guest.join(room)
    assert guest.ask(f"PRIVMSG {room} :hi") == []


# Op-moderated rooms.


@pytest.mark.parametrize("modes", ["+U", "+mU"])
def test_what_the_unvoiced_write_reaches_hosts_alone(enter: Enter, room: str, modes: str) -> None:
    """And their own echo; what the voiced write reaches all. Source: docs/protocol/rooms.md, "Modes"."""
    host = enter("host", ECHO, [room])
    writer, other, voiced = enter("writer", ECHO, [room]), enter("other", rooms=[room]), enter("voiced", rooms=[room])
    host.ask(f"MODE {room} {modes}", f"MODE {room} +v {voiced.nick}")
    for client in (writer, other, voiced):
        client.sync()
    for target in (room, f"+{room}"):
        echo = writer.one(f"PRIVMSG {target} :is that so?")
        heard = host.until("PRIVMSG")
        assert heard.raw == echo.raw
        assert heard.params == [target, "is that so?"]
        assert heard.tags["parvis.chat/for-hosts"] == ""
    writer.ask(f"@+typing=active TAGMSG {room}")
    assert other.sync() == voiced.sync() == []
    host.ask(f"MODE {room} +v {writer.nick}")
    writer.sync()
    assert "parvis.chat/for-hosts" not in writer.one(f"PRIVMSG {room} :now all").tags
    assert other.until("PRIVMSG").params == [room, "now all"]


def test_only_the_server_says_for_whom_it_was(enter: Enter, room: str) -> None:
    """A tag without `+` from a client is dropped. Source: IRCv3 message-tags, "Rules for naming message tags"."""
    host, member = enter("host", ["message-tags"], [room]), enter("member", ["message-tags"], [room])
    member.ask(f"@parvis.chat/for-hosts PRIVMSG {room} :hi")
    assert "parvis.chat/for-hosts" not in host.until("PRIVMSG").tags


def test_an_outsider_reaches_hosts_alone_too(enter: Enter, room: str) -> None:
    """Without +n. Source: docs/protocol/rooms.md, "Modes"."""
    host, member, outside = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +U-n")
    member.sync()
    assert outside.ask(f"PRIVMSG {room} :hello") == []
    assert host.until("PRIVMSG").params == [room, "hello"]
    assert member.sync() == []


# Auditoriums: each way in which somebody without rank could be seen.


class Hall:
    """An auditorium with a host, somebody voiced, and two without rank."""

    def __init__(self, enter: Enter, room: str) -> None:
        """Let them in."""
        caps = ["away-notify", "setname"]
        self.room = room
        self.host = enter("host", caps, [room])
        self.host.ask(f"MODE {room} +u")
        self.voiced, self.one, self.other = (enter(stem, caps, [room]) for stem in ("voiced", "one", "other"))
        self.host.ask(f"MODE {room} +v {self.voiced.nick}")
        self.quiet()

    def quiet(self) -> None:
        """Read what is there."""
        for client in (self.host, self.voiced, self.one, self.other):
            client.sync()


@pytest.fixture
def hall(enter: Enter, room: str) -> Hall:
    """Give an auditorium."""
    return Hall(enter, room)


def test_a_hall_lists_hosts_and_the_voiced(hall: Hall, enter: Enter) -> None:
    """NAMES: all to hosts; oneself when coming in. Source: docs/protocol/rooms.md, "Auditorium"."""
    ranked = {f"@{hall.host.nick}", f"+{hall.voiced.nick}"}
    assert names(hall.host, hall.room) == ranked | {hall.one.nick, hall.other.nick}
    for client in (hall.voiced, hall.one, enter("outside")):
        assert names(client, hall.room) == ranked
    late = enter("late")
    listed = only(late.ask(f"JOIN {hall.room}"), "353")
    assert {name for row in listed for name in row.params[3].split()} == ranked | {late.nick}


def test_who_shows_a_hall_as_names_does(hall: Hall) -> None:
    """And oneself. Source: docs/protocol/rooms.md, "Auditorium"."""
    ranked = {hall.host.nick, hall.voiced.nick}
    assert {row.params[5] for row in only(hall.one.ask(f"WHO {hall.room}"), "352")} == ranked | {hall.one.nick}
    assert len(only(hall.host.ask(f"WHO {hall.room}"), "352")) == 4
    [row] = only(hall.one.ask(f"WHO {hall.other.nick}"), "352")
    assert row.params[1] == "*"
    hall.other.ask(f"MODE {hall.other.nick} +i")
    assert only(hall.one.ask(f"WHO {hall.other.nick[:-1]}*"), "352") == []
    assert len(only(hall.host.ask(f"WHO {hall.other.nick[:-1]}*"), "352")) == 1


def test_whois_does_not_name_a_hall(hall: Hall, enter: Enter) -> None:
    """To members without rank, and to outsiders. Source: docs/protocol/rooms.md, "Auditorium"."""
    for client in (hall.voiced, hall.one, enter("outside")):
        assert only(client.ask(f"WHOIS {hall.other.nick}"), "319") == []
        assert only(client.ask(f"WHOIS {hall.voiced.nick}"), "319")[0].params[2] == f"+{hall.room}"
    assert only(hall.host.ask(f"WHOIS {hall.other.nick}"), "319")[0].params[2] == hall.room
    assert only(hall.other.ask(f"WHOIS {hall.other.nick}"), "319")[0].params[2] == hall.room


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("PART {room}", "PART"),
        ("NICK x{nick}", "NICK"),
        ("AWAY :out", "AWAY"),
        ("SETNAME :new", "SETNAME"),
        ("QUIT", "QUIT"),
    ],
)
def test_what_somebody_without_rank_does_is_seen_by_hosts(hall: Hall, line: str, command: str) -> None:
    """By nobody else; what the voiced do is seen by all. Source: docs/protocol/rooms.md, "Auditorium"."""
    hall.other.send(line.format(room=hall.room, nick=hall.other.nick))
    assert hall.host.until(command).nick == hall.other.nick
    assert hall.one.sync() == hall.voiced.sync() == []
    hall.voiced.send(line.format(room=hall.room, nick=hall.voiced.nick))
    assert hall.host.until(command).nick == hall.one.until(command).nick == hall.voiced.nick


def test_a_join_and_what_comes_with_it_is_seen_by_hosts(hall: Hall, enter: Enter) -> None:
    """JOIN, and AWAY behind it. Source: docs/protocol/rooms.md, "Auditorium"; IRCv3 away-notify."""
    late = enter("late")
    late.ask("AWAY :out")
    late.join(hall.room)
    assert commands(hall.host.sync()) == ["JOIN", "AWAY"]
    assert hall.one.sync() == hall.voiced.sync() == []


def test_a_kick_is_seen_by_hosts_and_by_whom_it_meets(hall: Hall) -> None:
    """Source: docs/protocol/rooms.md, "Auditorium"."""
    assert hall.host.one(f"KICK {hall.room} {hall.other.nick}").command == "KICK"
    assert commands(hall.other.sync()) == ["KICK"]
    assert hall.one.sync() == hall.voiced.sync() == []


def test_an_invitation_does_not_tell_who_is_there(hall: Hall, enter: Enter) -> None:
    """482 for all but hosts, whoever is invited. Source: docs/protocol/rooms.md, "Auditorium"."""
    outside = enter("outside")
    for nick in (hall.other.nick, outside.nick):
        assert hall.one.one(f"INVITE {nick} {hall.room}").command == "482"
        assert hall.one.one(f"KICK {hall.room} {nick}").command == "482"
        assert hall.one.one(f"MODE {hall.room} +v {nick}").command == "482"


def test_who_speaks_in_a_hall_is_heard_by_all(hall: Hall) -> None:
    """Whoever writes shows themselves. Source: docs/protocol/rooms.md, "Auditorium"."""
    hall.other.ask(f"PRIVMSG {hall.room} :a question")
    for client in (hall.host, hall.voiced, hall.one):
        assert client.until("PRIVMSG").nick == hall.other.nick


def test_several_names_have_one_end(enter: Enter, room: str) -> None:
    """All names as they were asked, however long. Source: RFC 2812, section 3.2.5; modern IRC, "NAMES"."""
    host = enter("host", rooms=[room, f"{room}b"])
    one, two, end = host.ask(f"NAMES {room},{room}b")
    assert [one.params[2], two.params[2], end.params[1]] == [room, f"{room}b", f"{room},{room}b"]
    long = ",".join(f"#{letter * 63}" for letter in "abcd")
    assert host.one(f"NAMES {long}").params[1] == long
    assert host.one(f"NAMES {'x' * 400}").params[1] == "x" * 64
