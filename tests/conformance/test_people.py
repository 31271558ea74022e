"""People: WHO, WHOIS, AWAY, USERHOST, SETNAME, LUSERS, MOTD, OPER, KILL. Source: modern IRC."""

from pathlib import Path

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Enter
from tests.server import serving


@pytest.mark.parametrize("change", [str, str.upper, lambda nick: nick[:-1] + "*"], ids=["exact", "case", "mask"])
def test_who_finds_a_person(enter: Enter, room: str, change: "type[str]") -> None:
    """By name, by any case, by mask; 315 repeats what was asked. Source: modern IRC, "WHO"."""
    cool = enter("coolnick", rooms=[room], user="myusernam", real_name="My UniqueReal Name")
    asker = enter("asker", rooms=[room])
    asked = change(cool.nick)
    *rows, end = asker.ask(f"WHO {asked}")
    assert end.params[:2] == [asker.nick, asked]
    row = next(row for row in rows if row.params[5] == cool.nick)
    assert row.params[:3] == [asker.nick, room, "~myusernam"]
    assert row.params[3].endswith(".guest")
    assert row.params[4:] == ["chat.test", cool.nick, "H@", "0 My UniqueReal Name"]


def test_who_shows_who_is_away_and_who_is_an_operator(enter: Enter) -> None:
    """G and `*`. Source: modern IRC, "RPL_WHOREPLY"."""
    client, asker = enter("client"), enter("asker")
    client.ask("OPER operuser operpassword", "AWAY :be right back")
    assert asker.ask(f"WHO {client.nick}")[0].params[6] == "G*"
    assert commands(asker.ask(f"WHO {client.nick} o")) == ["352", "315"]
    assert commands(asker.ask(f"WHO {asker.nick} o")) == ["315"]


def test_who_of_a_room(enter: Enter, room: str) -> None:
    """Everybody in it, under its name; nobody for what is not there. Source: modern IRC, "WHO"."""
    host = enter("host", rooms=[room, f"{room}b"])
    guest = enter("guest", rooms=[room, f"{room}b"])
    for name in (room, f"{room}b"):
        *rows, end = guest.ask(f"WHO {name.upper()}")
        assert [row.params[1] for row in rows] == [name, name]
        assert [row.params[5] for row in rows] == [host.nick, guest.nick]
        assert end.params[1] == name.upper()
    assert commands(guest.ask("WHO #nowhere", "WHO idontexist")) == ["315", "315"]


def test_who_by_mask_leaves_out_invisible_strangers(enter: Enter, room: str) -> None:
    """But not who shares a room, nor who is asked for by name. Source: modern IRC, "Invisible User Mode"."""
    hidden, near, far = enter("hidden", rooms=[room]), enter("near", rooms=[room]), enter("far")
    hidden.ask(f"MODE {hidden.nick} +i")
    mask = f"{hidden.nick[:-1]}?"
    assert hidden.nick in [row.params[5] for row in only(near.ask(f"WHO {mask}"), "352")]
    assert hidden.nick not in [row.params[5] for row in only(far.ask(f"WHO {mask}"), "352")]
    assert commands(far.ask(f"WHO {hidden.nick}")) == ["352", "315"]


def test_whois(enter: Enter, room: str) -> None:
    """User, rooms, server, away, end; with a server's name too. Source: modern IRC, "WHOIS"."""
    known = enter("known", rooms=[room], real_name="My User Name")
    known.ask("AWAY :I'm on a break")
    asker = enter("asker")
    for words in (known.nick, f"chat.test {known.nick}", f"{known.nick} {known.nick.upper()}"):
        answers = asker.ask(f"WHOIS {words}")
        assert commands(answers) == ["311", "319", "312", "301", "318"]
        assert all(answer.params[:2] == [asker.nick, known.nick] for answer in answers[:-1])
        assert answers[0].params[2] == "~user"
        assert answers[0].params[4:] == ["*", "My User Name"]
        assert answers[1].params[2] == f"@{room}"
        assert answers[2].params[2] == "chat.test"
        assert answers[3].params[2] == "I'm on a break"
        assert answers[4].params[1] == words.split(" ")[-1]


def test_whois_shows_oneself_and_operators_more(enter: Enter) -> None:
    """Modes to oneself, idle time to oneself and operators. Source: modern IRC, "RPL_WHOISIDLE"; our ADR."""
    known, operator = enter("known"), enter("operator")
    operator.ask("OPER operuser operpassword")
    assert commands(known.ask(f"WHOIS {known.nick}")) == ["311", "312", "379", "317", "318"]
    assert commands(operator.ask(f"WHOIS {known.nick}")) == ["311", "312", "317", "318"]
    assert commands(known.ask(f"WHOIS {operator.nick}")) == ["311", "312", "313", "318"]


def test_whois_of_nobody(enter: Enter) -> None:
    """401 and 318; 431 without a name. Source: modern IRC, "WHOIS"."""
    asker = enter("asker")
    assert [(answer.command, answer.params[1]) for answer in asker.ask("WHOIS nobody")] == [
        ("401", "nobody"),
        ("318", "nobody"),
    ]
    assert asker.one("WHOIS").command == "431"


def test_an_invisible_persons_rooms_are_seen_by_members(enter: Enter, room: str) -> None:
    """Source: modern IRC, "Invisible User Mode"."""
    hidden, outside = enter("hidden", rooms=[room]), enter("outside")
    assert only(outside.ask(f"WHOIS {hidden.nick}"), "319")
    hidden.ask(f"MODE {hidden.nick} +i")
    assert not only(outside.ask(f"WHOIS {hidden.nick}"), "319")
    outside.join(room)
    assert only(outside.ask(f"WHOIS {hidden.nick}"), "319")


def test_whois_lists_many_rooms_on_several_lines(enter: Enter, room: str) -> None:
    """Each room once. Source: modern IRC, "RPL_WHOISCHANNELS"."""
    client = enter("wide")
    rooms = [f"{room}{'x' * 40}{number}" for number in range(20)]
    client.join(*rooms)
    lines = only(client.ask(f"WHOIS {client.nick}"), "319")
    assert len(lines) > 1
    assert sorted(name for line in lines for name in line.params[2].split()) == sorted(f"@{name}" for name in rooms)


def test_away_is_acknowledged(enter: Enter) -> None:
    """306 and 305; an empty word comes back. Source: modern IRC, "AWAY"."""
    client = enter("away")
    for line, numeric in (("AWAY :gone", "306"), ("AWAY", "305"), ("AWAY :gone", "306"), ("AWAY :", "305")):
        assert client.one(line).command == numeric


def test_away_notify(enter: Enter, room: str) -> None:
    """Told once to those who asked and share a room, also on a join. Source: IRCv3 away-notify."""
    watcher, plain = enter("watcher", ["away-notify"], [room, f"{room}b"]), enter("plain", rooms=[room])
    far, leaving = enter("far", ["away-notify"]), enter("leaving", rooms=[room, f"{room}b"])
    watcher.sync(), plain.sync()
    leaving.ask("AWAY :i'm going away", "AWAY :i'm going away", "AWAY")
    seen = watcher.sync()
    assert [(message.command, message.nick, message.params) for message in seen] == [
        ("AWAY", leaving.nick, ["i'm going away"]),
        ("AWAY", leaving.nick, []),
    ]
    assert plain.sync() == far.sync() == []
    coming = enter("coming")
    coming.ask("AWAY :already away")
    coming.join(room)
    assert [(message.command, message.params) for message in watcher.sync()] == [
        ("JOIN", [room]),
        ("AWAY", ["already away"]),
    ]
    assert commands(plain.sync()) == ["JOIN"]


def test_userhost(enter: Enter) -> None:
    """`+` here, `-` away, `*` operator; five at most. Source: modern IRC, "USERHOST"."""
    client, asker = enter("client"), enter("asker")
    assert asker.one(f"USERHOST {client.nick.upper()}").params[1].startswith(f"{client.nick}=+~user@")
    client.ask("AWAY :out", "OPER operuser operpassword")
    assert asker.one(f"USERHOST {client.nick}").params[1].startswith(f"{client.nick}*=-~user@")
    assert asker.one("USERHOST nobody").params == [asker.nick, ""]
    assert len(asker.one(f"USERHOST {' '.join([asker.nick] * 7)}").params[1].split()) == 5
    assert asker.one("USERHOST").command == "461"


def test_setname(enter: Enter, room: str) -> None:
    """Told to oneself and those who asked. Source: IRCv3 setname."""
    client = enter("client", ["setname"], [room])
    watcher, plain = enter("watcher", ["setname"], [room]), enter("plain", rooms=[room])
    client.sync(), plain.sync()
    answer = client.one("SETNAME :new real name")
    assert (answer.command, answer.nick, answer.params) == ("SETNAME", client.nick, ["new real name"])
    assert watcher.until("SETNAME").params == ["new real name"]
    assert plain.sync() == []
    assert plain.ask(f"WHOIS {client.nick}")[0].params[-1] == "new real name"


@pytest.mark.parametrize("name", ["", "x" * 151])
def test_setname_has_limits(enter: Enter, name: str) -> None:
    """FAIL with words. Source: IRCv3 setname, "Errors"; standard-replies."""
    answer = enter("client", ["setname"]).one(f"SETNAME :{name}")
    assert (answer.source, answer.command, answer.params) == (
        "chat.test",
        "FAIL",
        ["SETNAME", "INVALID_REALNAME", "A real name has 1 to 150 bytes. Yours stays as it was."],
    )


def test_motd(enter: Enter) -> None:
    """375, 372, 376; of another server 402. Source: modern IRC, "MOTD"."""
    client = enter("motd")
    for line in ("MOTD", "MOTD chat.test", "MOTD *.test", f"MOTD {client.nick}"):
        assert commands(client.ask(line)) == ["375", "372", "372", "376"]
    assert client.one("MOTD elsewhere.example").params[:2] == [client.nick, "elsewhere.example"]


def test_oper(enter: Enter) -> None:
    """381 and MODE +o; 464 for a wrong name or password, 461 for too few words. Source: modern IRC, "OPER"."""
    client = enter("oper")
    for line in ("OPER operuser wrong", "OPER nobody operpassword"):
        answer = client.one(line)
        assert (answer.command, answer.params) == ("464", [client.nick, "Password incorrect"])
    assert client.one("OPER operuser").command == "461"
    answers = client.ask("OPER operuser operpassword")
    assert commands(answers) == ["381", "MODE"]
    assert answers[1].params == [client.nick, "+o"]
    assert client.one(f"MODE {client.nick} -o").params == [client.nick, "-o"]


def test_what_follows_oper_waits_for_it(enter: Enter) -> None:
    """A pipelined KILL is judged after the password. Source: ADR 1, "parks its connection"."""
    victim, operator = enter("victim"), enter("operator")
    operator.send("OPER operuser operpassword", f"KILL {victim.nick} :enough", "PING after")
    assert [operator.next().command for _ in range(3)] == ["381", "MODE", "PONG"]
    assert victim.until_closed()[-1].command == "ERROR"


def test_kill(enter: Enter, room: str) -> None:
    """By operators, with a reason that its target and rooms read. Source: modern IRC, "KILL"."""
    victim, witness, operator = enter("victim", rooms=[room]), enter("witness", rooms=[room]), enter("operator")
    assert operator.one(f"KILL {victim.nick} :because").params[1:] == ["Permission Denied- You're not an IRC operator"]
    operator.ask("OPER operuser operpassword")
    assert operator.one(f"KILL {victim.nick}").command == "461"
    assert operator.one("KILL nobody :because").command == "401"
    assert operator.ask(f"KILL {victim.nick} :because") == []
    assert victim.until_closed()[-1].params == [f"Closing link: closed by the operator {operator.nick}: because"]
    assert witness.until("QUIT").params == [f"Killed ({operator.nick} (because))"]


def counts(client: Client) -> dict[str, list[str]]:
    """Give the parameters of each numeric of LUSERS."""
    answers = client.ask("LUSERS")
    assert commands(answers) == ["251", "252", "253", "254", "255", "265", "266"]
    return {answer.command: answer.params[1:] for answer in answers}


def test_lusers(tmp_path: Path) -> None:
    """People, invisible ones, operators, connections without a name, rooms, the most so far. Source: "LUSERS"."""
    with serving(tmp_path, user_modes="+i", store="memory") as server:
        one = Client(server.port)
        one.send("NICK one", "USER user 0 * :Real name")
        one.until("376")
        assert one.next().params == ["one", "+i"]
        found = counts(one)
        assert found["251"] == ["There are 0 users and 1 invisible on 1 servers"]
        assert found["253"][0] == "0"
        rooms = int(found["254"][0])
        two, three = Client(server.port), Client(server.port)
        two.send("NICK two", "PING x")
        two.until("PONG")
        three.enter("three")
        one.join("#new")
        one.ask("MODE one -i", "OPER operuser operpassword")
        found = counts(one)
        assert found["251"] == ["There are 1 users and 1 invisible on 1 servers"]
        assert [found[code][0] for code in ("252", "253", "254")] == ["1", "1", str(rooms + 1)]
        assert found["265"][:2] == found["266"][:2] == ["2", "2"]
        three.send("QUIT")
        three.until_closed()
        found = counts(one)
        assert found["251"] == ["There are 1 users and 0 invisible on 1 servers"]
        assert found["265"][:2] == ["1", "2"]
        for client in (one, two, three):
            client.close()
