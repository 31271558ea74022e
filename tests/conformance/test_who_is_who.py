"""WHOX, WHOIS, WHOWAS, SILENCE, bot mode, invitations. Source: IRCv3 whox, bot-mode, invite-notify; modern IRC."""

import pytest
from tests.client import Client, Closed, commands, only
from tests.conformance.conftest import Connect, Enter


def leave(client: Client) -> None:
    """Quit, and wait until that is done."""
    client.send("QUIT")
    with pytest.raises(Closed):
        client.until("nothing")


# WHOX.


def test_whox_shows_every_field_in_its_order(enter: Enter, room: str) -> None:
    """Never an address, nobody else's idle time. Source: IRCv3 whox, "RPL_WHOSPCRPL"."""
    cool, asker = enter("cool", rooms=[room], real_name="My Real Name"), enter("asker", rooms=[room])
    for fields in ("tcuihsnfdlaor", "roaldfnshiuct"):
        row, end = asker.ask(f"WHO {cool.nick} %{fields},123")
        assert row.command == "354"
        host = row.params[5]
        assert host.endswith(".guest")
        expected = [asker.nick, "123", room, "~user", "255.255.255.255", host, "chat.test", cool.nick, "H@"]
        assert row.params == [*expected, "0", "0", "0", "n/a", "My Real Name"]
        assert (end.command, end.params[1]) == ("315", cool.nick)


def test_whox_shows_what_was_asked_for_alone(enter: Enter, room: str) -> None:
    """Token, account, flags in front of the percent sign. Source: IRCv3 whox."""
    cool, asker = enter("cool", rooms=[room]), enter("asker", ["multi-prefix"], rooms=[room])
    assert asker.ask(f"WHO {cool.nick} %tn,321")[0].params == [asker.nick, "321", cool.nick]
    assert asker.ask(f"WHO {cool.nick} %na")[0].params == [asker.nick, cool.nick, "0"]
    rows = only(asker.ask(f"WHO {room} %nf"), "354")
    assert [row.params[1:] for row in rows] == [[cool.nick, "H@"], [asker.nick, "H"]]
    cool.ask(f"MODE {room} +v {cool.nick}", "AWAY :out", f"MODE {cool.nick} +B")
    asker.sync()
    assert asker.ask(f"WHO {cool.nick} %f")[0].params[1] == "G@+B"
    assert commands(asker.ask(f"WHO {cool.nick} o%n")) == ["315"]
    cool.ask("OPER operuser operpassword")
    assert asker.ask(f"WHO {cool.nick} o%nf")[0].params[1:] == [cool.nick, "G*@+B"]
    assert cool.nick in [row.params[5] for row in only(asker.ask("WHO 0 o"), "352")]


# WHOIS.


def test_whois_of_several(enter: Enter) -> None:
    """One end for all; too many are 407, another server is 402. Source: modern IRC, "WHOIS", TARGMAX."""
    one, two, asker = enter("one"), enter("two"), enter("asker")
    wanted = f"{one.nick},nobody99,{two.nick},{one.nick}"
    answers = asker.ask(f"WHOIS {wanted}")
    assert commands(answers) == ["311", "312", "401", "311", "312", "318"]
    assert answers[-1].params[1] == wanted
    assert asker.one("WHOIS a,b,c,d,e").command == "407"
    assert asker.one(f"WHOIS other.example {one.nick}").command == "402"
    assert asker.one("WHOIS ,").command == "431"


def test_whois_shows_operators_no_address(enter: Enter) -> None:
    """Of nobody, to nobody. Source: ADR 15."""
    known, operator = enter("known"), enter("operator")
    operator.ask("OPER operuser operpassword")
    answers = operator.ask(f"WHOIS {known.nick}", f"WHOWAS {known.nick}", f"USERHOST {known.nick}", f"WHO {known.nick}")
    assert not any(b"127.0.0.1" in answer.raw for answer in answers)
    assert not {"338", "378"} & set(commands(answers))


# WHOWAS.


@pytest.mark.stream  # its names are looked for on one server
def test_whowas(enter: Enter, connect: Connect) -> None:
    """The newest first, as many as asked for. Source: modern IRC, "WHOWAS"; RFC 2812, section 3.6.3."""
    asker = enter("asker")
    for user in ("first", "second"):
        leave(connect().enter("WasHere", user=user))
    for words, users in (("", ["~second", "~first"]), (" 1", ["~second"]), (" 0", ["~second", "~first"])):
        answers = asker.ask(f"WHOWAS washere{words}")
        assert commands(answers) == ["314", "312"] * len(users) + ["369"]
        rows = only(answers, "314")
        assert [row.params[1:3] for row in rows] == [["WasHere", user] for user in users]
        assert all(row.params[3].endswith(".guest") and row.params[4:] == ["*", "Real name"] for row in rows)
        assert answers[-1].params[:2] == [asker.nick, "washere"]
    assert commands(asker.ask("WHOWAS WasHere -1")) == ["314", "312"] * 2 + ["369"]


@pytest.mark.stream  # its names are looked for on one server
def test_whowas_of_several(enter: Enter, connect: Connect) -> None:
    """The newest first, whatever the order of the names, with one end. Source: RFC 2812, section 3.6.3."""
    asker = enter("asker")
    for nick in ("WasOne", "WasTwo"):
        leave(connect().enter(nick))
    for wanted in ("WasOne,WasTwo", "WasTwo,WasOne"):
        answers = asker.ask(f"WHOWAS {wanted}")
        assert [row.params[1] for row in only(answers, "314")] == ["WasTwo", "WasOne"]
        assert (answers[-1].command, answers[-1].params[1]) == ("369", wanted)
    assert commands(asker.ask("WHOWAS wasone,never99")) == ["406", "314", "312", "369"]
    assert asker.one("WHOWAS a,b,c,d,e").command == "407"


def test_whowas_of_nobody(enter: Enter) -> None:
    """406 and 369; 431 without a name; a name that was changed was borne. Source: modern IRC, "WHOWAS"."""
    asker = enter("asker")
    assert [answer.params[1] for answer in asker.ask("WHOWAS never99")] == ["never99", "never99"]
    assert asker.one("WHOWAS").command == "431"
    before = asker.nick
    asker.ask(f"NICK {before}x", f"NICK {before.upper()}X")
    assert commands(asker.ask(f"WHOWAS {before}")) == ["314", "312", "369"]
    assert commands(asker.ask(f"WHOWAS {before}x")) == ["406", "369"]


# SILENCE.


def test_silence_is_listed_and_lifted(enter: Enter) -> None:
    """271 and 272; masks are filled in. Source: `chat/commands/silence.py`."""
    client = enter("client")
    assert commands(client.ask("SILENCE")) == ["272"]
    assert [answer.params for answer in client.ask("SILENCE +troll,*!*@Spam,Troll!*@*")] == [
        ["+troll!*@*"],
        ["+*!*@Spam"],
    ]
    rows = client.ask("SILENCE")
    assert [row.params for row in rows[:-1]] == [
        [client.nick, client.nick, "troll!*@*"],
        [client.nick, client.nick, "*!*@Spam"],
    ]
    assert client.one("SILENCE -TROLL").params == ["-troll!*@*"]
    assert client.ask("SILENCE -nobody") == []
    answer = client.one(f"SILENCE +{'x' * 201}")
    assert (answer.command, answer.params[:2]) == ("FAIL", ["SILENCE", "INVALID_MASK"])


def test_a_silenced_person_is_not_read_and_not_told(enter: Enter, room: str) -> None:
    """Private lines alone; rooms are read as ever. Source: DESIGN, promise 4."""
    client, troll = enter("client", rooms=[room]), enter("troll", ["echo-message"], rooms=[room])
    client.ask(f"SILENCE +{troll.nick}")
    assert commands(troll.ask(f"PRIVMSG {client.nick} :x", f"NOTICE {client.nick} :x")) == ["PRIVMSG", "NOTICE"]
    assert client.sync() == []
    troll.ask(f"PRIVMSG {room} :x")
    assert commands(client.sync()) == ["PRIVMSG"]
    client.ask(f"SILENCE -{troll.nick}")
    troll.ask(f"PRIVMSG {client.nick} :x")
    assert commands(client.sync()) == ["PRIVMSG"]
    client.ask("SILENCE +*")
    assert commands(client.ask(f"PRIVMSG {client.nick} :to myself")) == ["PRIVMSG"]


def test_a_silence_list_has_a_limit(enter: Enter) -> None:
    """511 for each mask that is left out, SILENCE=64. Source: the SILENCE of ircu."""
    client = enter("client")
    for start in range(0, 60, 20):
        client.ask(f"SILENCE {','.join(f'+n{number}' for number in range(start, start + 20))}")
    answers = client.ask("SILENCE +a,b,c,d,e,f")
    assert [answer.params[1] for answer in only(answers, "511")] == ["e!*@*", "f!*@*"]
    assert len(only(client.ask("SILENCE"), "271")) == 64


# Bots.


def test_bots_are_marked(enter: Enter, room: str) -> None:
    """By 335, the flag of WHO and the tag `bot`, where tags are understood. Source: IRCv3 bot-mode."""
    bot, asker, plain = enter("bot"), enter("asker", ["message-tags"], [room]), enter("plain", rooms=[room])
    asker.sync()
    assert bot.one(f"MODE {bot.nick} +B").params == [bot.nick, "+B"]
    assert only(asker.ask(f"WHOIS {bot.nick}"), "335")[0].params[1:] == [bot.nick, "is a bot"]
    assert asker.ask(f"WHO {bot.nick}")[0].params[6] == "HB"
    bot.join(room)
    bot.ask(f"PRIVMSG {room} :beep", f"PRIVMSG {asker.nick} :beep", f"NOTICE {asker.nick} :beep", f"PART {room}")
    told = asker.sync()
    assert commands(told) == ["JOIN", "PRIVMSG", "PRIVMSG", "NOTICE", "PART"]
    assert all(message.tags["bot"] == "" for message in told)
    assert not any(message.tags for message in plain.sync())
    asker.send(f"@+draft/bot;bot;+x=y PRIVMSG {asker.nick} :not a bot")
    assert "bot" not in asker.until("PRIVMSG").tags


# Invitations.


def test_invitations_are_listed_until_they_are_used(enter: Enter, room: str) -> None:
    """336 and 337. Source: modern IRC, "INVITE", "RPL_INVITELIST"."""
    host, guest = enter("host", rooms=[room, f"{room}b"]), enter("guest")
    assert commands(guest.ask("INVITE")) == ["337"]
    host.ask(f"INVITE {guest.nick} {room}", f"INVITE {guest.nick} {room}b")
    guest.sync()
    answers = guest.ask("INVITE")
    assert [answer.params for answer in answers] == [
        [guest.nick, f"{room}b"],
        [guest.nick, room],
        [guest.nick, "End of INVITE list"],
    ]
    guest.join(room)
    assert commands(guest.ask("INVITE")) == ["336", "337"]
    host.ask(f"PART {room}b")
    assert commands(guest.ask("INVITE")) == ["337"]
    assert guest.one(f"INVITE {host.nick}").command == "461"


def test_invite_notify(enter: Enter, room: str) -> None:
    """Told to members who asked, in the order of the room. Source: IRCv3 invite-notify."""
    host = enter("host", ["invite-notify"], [room])
    member, plain, guest = enter("member", ["invite-notify"], [room]), enter("plain", rooms=[room]), enter("guest")
    host.sync(), member.sync()
    assert commands(host.ask(f"PRIVMSG {room} :1", f"INVITE {guest.nick} {room}", f"PRIVMSG {room} :2")) == ["341"]
    told = member.sync()
    assert [(message.command, message.params[-1]) for message in told if message.command != "JOIN"] == [
        ("PRIVMSG", "1"),
        ("INVITE", room),
        ("PRIVMSG", "2"),
    ]
    assert (told[-2].nick, told[-2].params[0]) == (host.nick, guest.nick)
    assert commands(plain.sync()) == ["PRIVMSG", "PRIVMSG"]
    assert commands(guest.sync()) == ["INVITE"]


def test_a_secret_room_is_not_found_by_inviting(enter: Enter, room: str) -> None:
    """It answers an outsider as one that does not exist. Source: DESIGN, promise 2; modern IRC, "INVITE"."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +s")
    assert outside.one(f"INVITE {host.nick} {room}").command == "403"


def test_who_is_banned_somewhere_keeps_the_real_name(enter: Enter, room: str) -> None:
    """As the pseudonym. Source: IRCv3 setname, "Errors"."""
    host, member = enter("host", rooms=[room]), enter("member", ["setname"], [room])
    host.ask(f"MODE {room} +b {member.nick}")
    member.sync()
    answer = member.one("SETNAME :other")
    assert (answer.command, answer.params[:2]) == ("FAIL", ["SETNAME", "CANNOT_CHANGE_REALNAME"])
