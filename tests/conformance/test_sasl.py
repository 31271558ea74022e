"""Logging in. Source: IRCv3 sasl 3.1 and 3.2; RFC 4616 (PLAIN), RFC 5802 and 7677 (SCRAM-SHA-256)."""

from itertools import count
from pathlib import Path

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Connect, Enter
from tests.logins import Scram, in_pieces, plain
from tests.server import serving

_numbers = count(1)


@pytest.fixture
def account(connect: Connect) -> str:
    """Register an account with the password `sesame`; its owner has left."""
    name = f"owner{next(_numbers)}"
    with_password(connect, name, "sesame")
    return name


def with_password(connect: Connect, name: str, password: str) -> None:
    """Register an account as a connected client does, and leave."""
    client = connect().enter(name)
    assert [answer.params[:2] for answer in only(client.ask(f"REGISTER * * {password}"), "REGISTER")] == [
        ["SUCCESS", name]
    ]
    client.send("QUIT")
    client.until_closed()


def begins(client: Client, mechanism: str) -> Client:
    """Begin a login before entering."""
    client.send("CAP LS 302", "CAP REQ :sasl", f"AUTHENTICATE {mechanism}")
    assert client.until("AUTHENTICATE").params == ["+"]
    return client


def test_the_mechanisms_are_listed_with_the_capability(connect: Connect) -> None:
    """EXTERNAL is for TLS alone. Source: IRCv3 sasl 3.2, "Mechanism list in CAP LS"."""
    client = connect()
    client.send("CAP LS 302")
    assert client.offered()["sasl"] == "PLAIN,SCRAM-SHA-256"


def test_plain_logs_in_before_entering(connect: Connect, account: str) -> None:
    """900 and 903, then one enters as whom one is. Source: IRCv3 sasl 3.1, "Example protocol exchange"."""
    client = begins(connect(), "PLAIN")
    client.send(f"AUTHENTICATE {plain(account, 'sesame')}")
    logged_in = client.next()
    assert (logged_in.command, logged_in.params[2]) == ("900", account)
    assert logged_in.params[1].startswith("*!*@")
    assert client.next().command == "903"
    client.send(f"NICK {account}", "USER user 0 * :Real name", "CAP END")
    assert client.next().command == "001"
    assert only(client.ask(f"WHOIS {account}"), "330")[0].params[1:3] == [account, account]


def test_everything_may_be_sent_at_once(connect: Connect, account: str) -> None:
    """The lines behind a login wait for it. Source: ARCHITECTURE.md, "Invariants", 6."""
    client = connect()
    client.send(
        "CAP LS 302",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain(account, 'sesame')}",
        f"NICK {account}",
        "USER user 0 * :Real name",
        "CAP END",
    )
    assert client.until("001").params[0] == account


@pytest.mark.parametrize("password", ["é" * 100, "bar" * 97, "bar" * 100])
def test_long_responses_come_in_pieces(connect: Connect, password: str) -> None:
    """Pieces of 400; a plus after a last full one. Source: IRCv3 sasl 3.1, "The AUTHENTICATE command"."""
    name = f"long{next(_numbers)}"
    with_password(connect, name, password)
    client = begins(connect(), "PLAIN")
    client.send(*in_pieces(b"\0".join((name.encode(), name.encode(), password.encode()))))
    assert [client.next().command, client.next().command] == ["900", "903"]


def test_scram_logs_in_and_proves_the_server(connect: Connect, account: str) -> None:
    """Neither side sends the password, both prove it. Source: RFC 5802, section 5; RFC 7677, section 4."""
    client = begins(connect(), "SCRAM-SHA-256")
    scram = Scram(account, "sesame")
    client.send(f"AUTHENTICATE {scram.first()}")
    client.send(f"AUTHENTICATE {scram.final(client.next().params[0])}")
    assert scram.iterations >= 4096
    assert scram.trusts(client.next().params[0])
    client.send("AUTHENTICATE +")
    assert [client.next().command, client.next().command] == ["900", "903"]


def test_wrong_passwords_and_unknown_names_are_one_answer(connect: Connect, account: str) -> None:
    """904, word for word. Source: IRCv3 sasl 3.1, "ERR_SASLFAIL"; ADR 9."""
    told = set()
    for name, password in ((account, "open"), (f"no{account}", "open"), (account, "sesam")):
        client = begins(connect(), "PLAIN")
        client.send(f"AUTHENTICATE {plain(name, password)}")
        told.add(client.next().body)
    assert told == {b":chat.test 904 * :SASL authentication failed"}


def test_scram_answers_unknown_names_like_known_ones(connect: Connect, account: str) -> None:
    """A salt that stays the same, and 904 after the proof. Source: ADR 9."""
    salts = []
    for name in (account, f"no{account}", f"no{account}"):
        client = begins(connect(), "SCRAM-SHA-256")
        scram = Scram(name, "open")
        client.send(f"AUTHENTICATE {scram.first()}")
        client.send(f"AUTHENTICATE {scram.final(client.next().params[0])}")
        assert client.next().body == b":chat.test 904 * :SASL authentication failed"
        salts.append((scram.salt, scram.iterations))
    assert salts[1] == salts[2] != salts[0]
    assert {(len(salt), iterations) for salt, iterations in salts} == {(16, salts[0][1])}


def test_what_is_no_login_is_answered_and_another_may_begin(connect: Connect, account: str) -> None:
    """908 and 904, 906, 905, 904. Source: IRCv3 sasl 3.1, "Numerics used by this extension"."""
    client = connect()
    client.send("AUTHENTICATE FOO")
    assert [client.next().command, client.next().command] == ["908", "904"]
    client.send("AUTHENTICATE EXTERNAL")
    assert client.next().params[1] == "PLAIN,SCRAM-SHA-256"
    assert client.next().command == "904"
    for data, numeric in (("*", "906"), ("a" * 401, "905"), ("&", "904"), (plain(account, ""), "904")):
        client.send("AUTHENTICATE plain", f"AUTHENTICATE {data}")
        assert client.next().params == ["+"]
        assert client.next().command == numeric
    client.send("AUTHENTICATE")
    assert client.next().command == "461"
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, 'sesame')}")
    assert [client.next().command for _ in range(3)] == ["AUTHENTICATE", "900", "903"]


def test_entering_in_the_middle_of_a_login_ends_it(connect: Connect) -> None:
    """906, and one is a guest. Source: IRCv3 sasl 3.1, "The AUTHENTICATE command"."""
    client = begins(connect(), "PLAIN")
    nick = f"hasty{next(_numbers)}"
    client.send(f"NICK {nick}", "USER user 0 * :Real name", "CAP END")
    assert [client.next().command, client.next().command] == ["906", "001"]
    assert only(client.ask(f"WHOIS {nick}"), "330") == []


def test_a_login_after_entering_and_to_another_account(connect: Connect, enter: Enter, account: str) -> None:
    """At any time, and it switches. Source: IRCv3 sasl 3.2, "SASL Reauthentication"."""
    other = f"other{next(_numbers)}"
    with_password(connect, other, "bar")
    client = enter("late", ["sasl"])
    for name, password in ((account, "sesame"), (other, "bar"), (other, "bar")):
        answers = client.ask("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name, password)}")
        assert commands(answers) == ["AUTHENTICATE", "900", "903"]
        assert only(client.ask(f"WHOIS {client.nick}"), "330")[0].params[2] == name


def test_accounts_survive_a_restart(tmp_path: Path) -> None:
    """Claimed before, and logged in to after, by both mechanisms. Source: DESIGN 3, "What survives a restart"."""
    with serving(tmp_path) as server, Client(server.port) as client:
        client.enter("anna").ask("REGISTER * * sesame")
    with serving(tmp_path) as server:
        with Client(server.port) as client:
            begins(client, "PLAIN").send(f"AUTHENTICATE {plain('Anna', 'sesame')}")
            assert client.next().params[2] == "anna"
        with Client(server.port) as client:
            scram = Scram("anna", "sesame")
            begins(client, "SCRAM-SHA-256").send(f"AUTHENTICATE {scram.first()}")
            client.send(f"AUTHENTICATE {scram.final(client.next().params[0])}")
            assert scram.trusts(client.next().params[0])
        with Client(server.port) as client:
            client.send("NICK ANNA", "USER user 0 * :Real name")
            assert client.next().command == "433"


def test_a_login_is_one_labelled_answer(enter: Enter, account: str) -> None:
    """Source: IRCv3 labeled-response."""
    client = enter("labels", ["labeled-response", "batch", "sasl"])
    begun, *_ = client.ask("@label=a AUTHENTICATE PLAIN")
    assert (begun.command, begun.tags["label"]) == ("AUTHENTICATE", "a")
    answers = client.ask(f"@label=b AUTHENTICATE {plain(account, 'sesame')}")
    assert commands(answers) == ["BATCH", "900", "903", "BATCH"]
    assert answers[0].tags["label"] == "b"


def test_who_logs_in_behind_the_door_gets_the_pseudonym_that_was_refused_at_it(connect: Connect, account: str) -> None:
    """433, another one, a login, and then NICK by the server. Source: `chat/wishes.py`."""
    client = connect()
    other = f"other{next(_numbers)}"
    client.send("CAP LS 302", f"NICK {account}", "USER user 0 * :Real name", "CAP END")
    assert client.until("433").params[1] == account
    client.send(f"NICK {other}")
    client.until("001")
    answers = client.ask("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, 'sesame')}")
    nick = only(answers, "NICK")
    assert [message.params for message in nick] == [[account]]
    assert only(client.ask("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, 'sesame')}"), "NICK") == []


def test_who_negotiates_again_and_logs_in_enters_under_the_pseudonym_that_was_refused(
    connect: Connect, account: str
) -> None:
    """As pydle does, which ends the negotiation at the first of two lines. Source: `chat/registration.py`."""
    client = connect()
    client.send("CAP LS 302", f"NICK {account}", "USER user 0 * :Real name", "CAP END")
    client.until("433")
    client.send("CAP REQ sasl", f"NICK {account}_", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, 'sesame')}")
    client.until("903")
    client.send("CAP END")
    assert client.until("001").params[0] == account
