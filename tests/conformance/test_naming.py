"""Pseudonyms and room names that look alike. Source: Unicode UTS 39; docs/handbook/member.md, "Your pseudonym"."""

from base64 import b64encode
from itertools import count
from pathlib import Path

import pytest
from tests.client import Client, only
from tests.conformance.conftest import Connect, Enter
from tests.server import serving

_numbers = count(1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("evan", "еvan"),
        ("еvelyn", "evelyn"),
        ("Ivor", "Іvor"),
        ("Іgor", "igor"),
        ("wide", "ｗｉｄｅ"),
        ("Zara", "Zará"),
        ("ИВАН", "Иван"),
        ("Łucja", "Lucja"),
    ],
    ids=ascii,
)
def test_a_name_that_looks_like_one_that_is_borne_is_refused(connect: Connect, first: str, second: str) -> None:
    """433 with what it looks like, when entering and later; its bearer may take it. Source: UTS 39."""
    bearer, other = connect().enter(first), connect()
    other.send(f"NICK {second}", "USER user 0 * :Real name")
    answer = other.next()
    assert (answer.command, answer.params[:2]) == ("433", ["*", second])
    assert answer.params[2] == (
        f"This pseudonym looks too much like {first}, which is somebody else's. Choose another one."
    )
    other.send("NICK different")
    assert other.next().command == "001"
    other.sync()
    assert other.one(f"NICK {second}").command == "433"
    assert only(bearer.ask(f"NICK {second}"), "NICK")[0].params == [second]
    assert other.one(f"NICK {first}").command == "433"
    bearer.ask("NICK elsewhere")
    assert only(other.ask(f"NICK {first}"), "NICK")[0].params == [first]


def test_a_claimed_name_is_nobody_elses_in_any_look(connect: Connect) -> None:
    """433 while its bearer is away; logged in, one may bear what looks like one's own. Source: UTS 39."""
    nick = f"evangeline{next(_numbers)}"
    alike = nick.replace("e", "е", 1)
    owner, other = connect().enter(nick, ["sasl"]), connect()
    owner.send("REGISTER * * sesame-and-more")
    owner.until("REGISTER")
    owner.send("QUIT")
    owner.until_closed()
    other.send(f"NICK {alike}", "USER user 0 * :Real name")
    assert other.next().command == "433"
    back = connect()
    back.send("CAP REQ sasl", f"NICK {nick}", "USER user 0 * :Real name", "AUTHENTICATE PLAIN")
    back.until("AUTHENTICATE")
    proof = b64encode(f"{nick}\0{nick}\0sesame-and-more".encode()).decode()
    back.send(f"AUTHENTICATE {proof}", "CAP END")
    back.until("001")
    assert only(back.ask(f"NICK {alike}"), "NICK")[0].params == [alike]


def test_names_in_ascii_are_told_apart_as_ever(connect: Connect) -> None:
    """Ordinary names stay usable. Source: docs/handbook/member.md, "Your pseudonym"."""
    for nick in ("Bill", "Bi11", "b1ll", "modern", "rnodern", "bob0", "bobo"):
        connect().enter(nick)


def test_too_many_look_alikes_are_unfit(connect: Connect) -> None:
    """432. Source: `model/skeleton.py`, READINGS_MAX."""
    client = connect()
    client.send("NICK ооооооооо")
    assert client.next().command == "432"


def test_while_capabilities_are_agreed_on_a_name_is_only_looked_at(connect: Connect, enter: Enter) -> None:
    """Who one is may come after NICK; at its end the name is asked for. Source: docs/protocol/resume.md."""
    taken = enter("wanted").nick
    client = connect()
    client.send("CAP LS 302", f"NICK {taken}", "USER user 0 * :Real name", "PING a")
    client.until("PONG")
    assert not only(client.read, "433")
    client.send("NICK 1x")
    assert client.next().command == "432"
    client.send("CAP END")
    assert client.next().command == "433"
    client.send(f"NICK {taken}x")
    assert client.next().command == "001"


def test_a_room_does_not_open_beside_one_that_it_looks_like(enter: Enter, room: str) -> None:
    """479 with the reason; a secret one is not named. Source: docs/protocol/names.md, "Rooms"."""
    host, other = enter("host"), enter("other")
    host.join(room)
    alike = room.replace("o", "о")
    answer = other.one(f"JOIN {alike}")
    assert (answer.command, answer.params) == (
        "479",
        [other.nick, alike, f"This name looks too much like the name of {room}. Choose another one."],
    )
    host.ask(f"MODE {room} +s")
    assert other.one(f"JOIN {alike}").params[-1] == (
        "This name looks too much like that of another room. Choose another one."
    )
    assert other.one("JOIN #ооооооооо").command == "479"
    host.ask(f"PART {room}")
    other.join(alike)
    assert host.one(f"JOIN {room}").command == "479"


def test_staffs_names_are_for_staff(tmp_path: Path) -> None:
    """433, for what looks like one too; OPER lifts it. Source: docs/handbook/operator.md, "reserved_names"."""
    accounts = 'reserved_names = ["admin", "opérateur"]'
    with serving(tmp_path, store="memory", accounts=accounts) as server, Client(server.port) as client:
        for nick in ("admin", "Adm1n", "аdmin", "operateur", "example"):
            client.send(f"NICK {nick}", "USER user 0 * :Real name")
            answer = client.next()
            assert (answer.command, answer.params[1]) == ("433", nick)
            assert answer.params[2].startswith("This pseudonym is reserved")
        client.send("NICK person")
        client.until("001")
        client.sync()
        assert client.one("NICK admin").command == "433"
        client.send("OPER operuser operpassword")
        client.until("MODE")
        assert only(client.ask("NICK admin"), "NICK")[0].params == ["admin"]


def test_names_change_at_a_pace(tmp_path: Path) -> None:
    """438 after six in a minute, with how to go on. Source: `chat/naming.py`, CHANGES_MAX."""
    limits = "commands_per_second = 1000\ncommands_burst = 1000"
    with serving(tmp_path, store="memory", limits=limits) as server, Client(server.port) as client:
        client.enter("person")
        for number in range(6):
            assert client.one(f"NICK person{number}").command == "NICK"
        answer = client.one("NICK person7")
        assert (answer.command, answer.params) == (
            "438",
            [
                "person5",
                "person7",
                "You have changed your pseudonym 6 times in 60 seconds. Wait a little and try again.",
            ],
        )
