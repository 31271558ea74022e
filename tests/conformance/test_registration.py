"""Coming in and going out. Source: modern IRC, "Connection Setup"; RFC 2812, section 3.1."""

from pathlib import Path

import pytest
from tests.client import Client, Closed, commands, only
from tests.conformance.conftest import Connect, Enter
from tests.server import serving


def test_the_welcome_is_in_its_order(connect: Connect) -> None:
    """001 to 005, then LUSERS, then the message of the day. Source: modern IRC, "Connection Registration"."""
    client = connect()
    client.send("NICK welcome", "USER user 0 * :Real name", "PING end")
    came = []
    while (message := client.next()).command != "PONG":
        came.append(message)
    seen = list(dict.fromkeys(commands(came)))
    numerics = ["001", "002", "003", "004", "005", "251", "252", "253", "254", "255", "265", "266"]
    assert seen == [*numerics, "375", "372", "376"]
    assert all(message.params[0] == "welcome" for message in came)
    assert all(message.source == "chat.test" for message in came)
    assert only(came, "004")[0].params[1] == "chat.test"
    assert [message.params[1] for message in only(came, "372")] == ["- Hello", "- to you"]


def test_isupport_says_what_the_server_can_do(enter: Enter) -> None:
    """At most 13 tokens a line, ASCII, as configured. Source: modern IRC, "RPL_ISUPPORT"."""
    answers = enter("isupport").ask("ISUPPORT")
    assert set(commands(answers)) == {"005"}
    assert all(len(answer.params) <= 15 for answer in answers)
    tokens = dict(token.partition("=")[::2] for answer in answers for token in answer.params[1:-1])
    assert tokens == {
        "ACCOUNTEXTBAN": "a,account",
        "AWAYLEN": "200",
        "BOT": "B",
        "CLIENTTAGDENY": "display-name,draft/display-name,draft/icon,icon",
        "CASEMAPPING": "ascii",
        "CHANLIMIT": "#:50",
        "CHANMODES": "beI,k,Hl,CimMnRstuU",
        "CHATHISTORY": "100",
        "MSGREFTYPES": "msgid,timestamp",
        "CHANNELLEN": "64",
        "CHANTYPES": "#",
        "ELIST": "CMNTU",
        "EXCEPTS": "e",
        "EXTBAN": ",am",
        "INVEX": "I",
        "KEYLEN": "32",
        "KICKLEN": "390",
        "MAXLIST": "beI:100",
        "MODES": "20",
        "MONITOR": "100",
        "NAMELEN": "150",
        "NETWORK": "Example",
        "NICKLEN": "32",
        "PREFIX": "(ov)@+",
        "SAFELIST": "",
        "SILENCE": "64",
        "STATUSMSG": "@+",
        "TARGMAX": "JOIN:16,KICK:4,NAMES:4,NOTICE:4,PART:16,PRIVMSG:4,TAGMSG:4,WHOIS:4,WHOWAS:4",
        "TOPICLEN": "390",
        "USERLEN": "12",
        "UTF8ONLY": "",
        "WHOX": "",
    }


def test_nothing_but_registration_is_heard_before_it(connect: Connect) -> None:
    """451 for anything else. Source: modern IRC, "ERR_NOTREGISTERED"."""
    client = connect()
    for line in ("JOIN #a", "PRIVMSG a :b", "WHO", "MODE a", "LIST", "OPER a b"):
        client.send(line)
        answer = client.next()
        assert (answer.command, answer.params[0]) == ("451", "*")


def test_nick_and_user_may_come_in_either_order(connect: Connect) -> None:
    """Source: modern IRC, "Connection Registration"."""
    client = connect()
    client.send("USER user 0 * :Real name", "NICK either")
    assert client.next().command == "001"


@pytest.mark.parametrize("nick", ["*", "a b", "1abc", "-abc", "a.b", "#room", "a!b", "a@b", "é\u200bx", "x" * 33, ":x"])
def test_a_name_that_nobody_may_bear_is_refused(connect: Connect, nick: str) -> None:
    """432 with the grammar in words, and another may be tried. Source: modern IRC, "NICK"."""
    client = connect()
    client.send(f"NICK :{nick}", "USER user 0 * :Real name")
    answer = client.next()
    assert answer.command == "432"
    assert answer.params[-1] == (
        "A pseudonym has 1 to 32 bytes: letters, digits and []\\`_^{|}-, no digit or - in front."
    )
    client.send("NICK valid")
    assert client.next().command == "001"


def test_names_in_other_scripts_are_names(connect: Connect) -> None:
    """Letters of any script. Source: IRCv3 utf8-only."""
    client = connect()
    client.send("NICK Zoé", "USER user 0 * :Real name")
    assert client.until("001").params[0] == "Zoé"


def test_no_name_is_no_name(connect: Connect) -> None:
    """431 with nothing and with an empty one. Source: modern IRC, "ERR_NONICKNAMEGIVEN"."""
    client = connect()
    for line in ("NICK", "NICK :"):
        client.send(line)
        assert client.next().command == "431"


def test_a_name_is_borne_by_one(enter: Enter, connect: Connect) -> None:
    """433 whatever the case; the second may choose another. Source: modern IRC, "ERR_NICKNAMEINUSE"."""
    first = enter("taken")
    second = connect()
    second.send(f"NICK {first.nick.upper()}", "USER user 0 * :Real name")
    answer = second.next()
    assert (answer.command, answer.params) == ("433", ["*", first.nick.upper(), "Nickname is already in use"])
    second.send("NICK another")
    assert second.next().command == "001"


def test_of_two_who_register_at_once_one_gets_the_name(connect: Connect) -> None:
    """The other is told when it completes. Source: modern IRC, "NICK"."""
    one, other = connect(), connect()
    one.send("NICK racing")
    other.send("NICK racing", "PING a")
    other.until("PONG")
    one.send("USER user 0 * :Real name")
    assert one.next().command == "001"
    other.send("USER user 0 * :Real name")
    assert other.next().command == "433"


def test_ascii_case_alone_is_folded(enter: Enter) -> None:
    """`{` and `[` are two letters; É and é are two, but they look alike. Source: modern IRC, "CASEMAPPING"."""
    one, other = enter("case["), enter("x")
    assert one.nick.endswith(tuple("0123456789"))
    folded = one.nick.replace("[", "{")
    assert only(other.ask(f"NICK {folded}"), "NICK")[0].params == [folded]
    assert only(one.ask("NICK École"), "NICK")
    assert other.one("NICK école").command == "433"
    assert only(one.ask("NICK école"), "NICK")[0].params == ["école"]


def test_a_new_name_is_told_to_oneself_and_to_those_in_ones_rooms_once(enter: Enter, room: str) -> None:
    """Not to others; the old name is free then. Source: modern IRC, "NICK"."""
    one = enter("old", rooms=[room, room + "b"])
    near, far = enter("near", rooms=[room, room + "b"]), enter("far")
    one.sync()
    assert [message.raw.split(b" ", 1)[1] for message in one.ask("NICK brandnew")] == [b"NICK :brandnew"]
    seen = near.sync()
    assert [(message.command, message.nick, message.params) for message in seen] == [("NICK", one.nick, ["brandnew"])]
    assert far.sync() == []
    assert only(far.ask(f"NICK {one.nick}"), "NICK")


def test_a_name_may_change_its_case_and_nothing_happens_when_it_stays(enter: Enter) -> None:
    """Source: modern IRC, "NICK"."""
    client = enter("kase")
    upper = client.nick.upper()
    assert client.one(f"NICK {upper}").params == [upper]
    assert client.ask(f"NICK {upper}") == []


def test_a_refused_name_is_shown_whole(enter: Enter) -> None:
    """So that a client knows which of its wishes was refused. Source: modern IRC, "ERR_ERRONEUSNICKNAME"."""
    client = enter("long")
    assert client.one("NICK " + "b" * 37).params[:2] == [client.nick, "b" * 37]


def test_user_needs_all_its_parameters(connect: Connect) -> None:
    """461, an empty real name included. Source: modern IRC, "USER"."""
    client = connect()
    for line in ("USER", "USER a", "USER a 0 *", "USER a 0 * :"):
        client.send(line)
        answer = client.next()
        assert (answer.command, answer.params[1]) == ("461", "USER")


def test_user_and_pass_come_once(enter: Enter) -> None:
    """462. Source: modern IRC, "ERR_ALREADYREGISTERED"."""
    client = enter("again")
    assert client.one("USER a 0 * :b").command == "462"
    assert client.one("PASS a").command == "462"


def test_quit_is_answered_and_told_to_the_rooms(enter: Enter, room: str) -> None:
    """Closed after QUIT and ERROR, the name free. Source: RFC 2812, section 3.1.7; modern IRC, "QUIT"."""
    leaving, staying = enter("leaving", rooms=[room]), enter("staying", rooms=[room])
    leaving.sync()
    leaving.send("QUIT :gone home")
    own, error = leaving.until_closed()
    assert (own.nick, own.params, error.command) == (leaving.nick, ["Quit: gone home"], "ERROR")
    told = staying.until("QUIT")
    assert (told.source, told.params) == (own.source, own.params)
    assert only(staying.ask(f"NICK {leaving.nick}"), "NICK")


def test_what_was_said_before_quit_is_delivered(enter: Enter, room: str) -> None:
    """A pipelined PRIVMSG;QUIT loses nothing. Source: ADR 1."""
    leaving, staying = enter("last", ["echo-message"], [room]), enter("hearing", rooms=[room])
    leaving.sync()
    leaving.send(f"PRIVMSG {room} :last words", "QUIT")
    assert commands(leaving.until_closed()) == ["PRIVMSG", "QUIT", "ERROR"]
    assert [staying.next().command for _ in range(2)] == ["PRIVMSG", "QUIT"]


def test_a_lost_connection_is_a_quit(enter: Enter, room: str) -> None:
    """Source: modern IRC, "QUIT"."""
    leaving, staying = enter("lost", rooms=[room]), enter("found", rooms=[room])
    leaving.sync()
    leaving.close()
    told = staying.until("QUIT")
    assert (told.nick, told.params) == (leaving.nick, ["Connection closed"])


def test_quit_before_registration(connect: Connect) -> None:
    """ERROR, and closed. Source: modern IRC, "ERROR"."""
    client = connect()
    client.send("NICK early", "QUIT")
    assert commands(client.until_closed()) == ["ERROR"]


def test_error_and_unknown_commands(enter: Enter) -> None:
    """421 with the command. Source: modern IRC, "ERR_UNKNOWNCOMMAND"."""
    client = enter("unknown")
    for line in ("NOSUCHTHING a b", "ERROR :x", "é"):
        answer = client.one(line)
        assert (answer.command, answer.params[:2]) == ("421", [client.nick, line.split(" ")[0]])


def test_the_connection_password(tmp_path: Path) -> None:
    """Right: in. Wrong or none: 464 and ERROR. After registration: too late. Source: modern IRC, "PASS"."""
    with serving(tmp_path, password="sesame", store="memory") as server:
        with Client(server.port) as client:
            client.send("PASS sesame", "NICK right", "USER user 0 * :Real name")
            assert client.next().command == "001"
        for lines in (["PASS sesam"], [], ["PASS sesame", "PASS other"]):
            with Client(server.port) as client:
                client.send(*lines, "NICK wrong", "USER user 0 * :Real name")
                answers = client.until_closed()
                assert commands(answers) == ["464", "ERROR"]
                assert answers[0].params[-1] == "Password incorrect"
        with Client(server.port) as client:
            client.send("PASS")
            assert client.next().command == "461"


def test_who_stops_the_server_is_said_goodbye_to(tmp_path: Path) -> None:
    """ERROR to everybody, registered or not. Source: modern IRC, "ERROR"."""
    with serving(tmp_path, store="memory") as server:
        inside, outside = Client(server.port).enter("inside"), Client(server.port)
        outside.send("PING a")
        outside.next()
        assert server.stop() == 0
        for client in (inside, outside):
            last = client.next()
            assert (last.command, last.params) == ("ERROR", ["Closing link: the server is stopping"])
            with pytest.raises(Closed):
                client.next()
            client.close()
