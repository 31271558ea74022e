"""Staff over a real socket: bans, defence, the record of decisions. Ours: docs/handbook/operator.md, "Staff commands".

The whole of it is held in `tests/promises/test_no_sanction_without_reasons.py`; here is what clients see.
"""

from collections.abc import Iterator

import pytest
from tests.client import Client, commands
from tests.server import Server, serving

GATEWAY = """
exempt_loopback = true
[[webirc]]
name = "web"
hosts = ["127.0.0.1"]
password = "hunter2"
"""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server that knows a gateway, so that people come from elsewhere."""
    with serving(tmp_path_factory.mktemp("staff"), limits=GATEWAY) as running:
        yield running


def coming(server: Server, address: str) -> Client:
    """Connect from an address."""
    client = Client(server.port)
    client.send(f"WEBIRC hunter2 web host {address}")
    return client


def staff(server: Server) -> Client:
    """Have an operator enter."""
    client = Client(server.port).enter("oper", ["labeled-response", "batch", "standard-replies"])
    client.ask("OPER operuser operpassword")
    return client


def test_a_ban_by_cloak_closes_who_is_here_and_who_comes_back(server: Server) -> None:
    """465, then ERROR with reason, end and appeal; the answer is one labelled unit."""
    with staff(server) as oper, coming(server, "203.0.113.7") as bert:
        bert.enter("bert")
        host = oper.ask("WHOIS bert")[0].params[3]
        answer = oper.one(f"@label=b1 UBAN ADD 12h host:{host} :Insulted everybody")
        assert (answer.tags["label"], answer.command, answer.params[:2]) == ("b1", "NOTE", ["UBAN", "BAN"])
        heard = bert.until_closed()
        assert commands(heard) == ["465", "ERROR"]
        assert heard[0].params[1] == "You are banned from this server"
        [told] = heard[1].params
        assert told.startswith("Closing link: You are banned from this server until ")
        assert f": Insulted everybody To appeal: write to those who run it (decision {answer.params[2]})." in told
        with coming(server, "203.0.113.7") as again:
            assert commands(again.until_closed()) == ["465", "ERROR"]
        with coming(server, "203.0.113.8") as other:
            other.enter("other")
        listed = oper.ask("@label=b2 UBAN LIST")
        assert commands(listed) == ["BATCH", "NOTE", "NOTE", "BATCH"]
        assert "203.0.113" not in server.log()
        assert "Insulted" not in server.log()
        assert host not in server.log()


def test_staff_are_seen_to_be_staff(server: Server) -> None:
    """313 and `*`. Source: modern IRC, "RPL_WHOISOPERATOR", "RPL_WHOREPLY"."""
    with staff(server) as oper, Client(server.port) as anna:
        anna.enter("anna")
        assert "313" in commands(anna.ask(f"WHOIS {oper.nick}"))
        assert "*" in anna.ask(f"WHO {oper.nick}")[0].params[6]


def test_members_have_no_staff_commands(server: Server) -> None:
    """481. Source: modern IRC, "ERR_NOPRIVILEGES"."""
    with Client(server.port) as anna:
        anna.enter("anna")
        for line in ("UBAN LIST", "UBAN ADD 1h ip:203.0.113.7 :x", "DEFENCE", "DEFENCE 1 :x", "KILL anna :x"):
            assert anna.one(line).command == "481"


def test_defence_refuses_guests_with_words(server: Server) -> None:
    """FAIL for the client, ERROR for the person."""
    with staff(server) as oper:
        assert oper.one("DEFENCE 1 30m :A wave").params[:3] == ["DEFENCE", "LEVEL", "1"]
        with coming(server, "203.0.113.9") as guest:
            guest.send("NICK guest", "USER u 0 * :u")
            heard = guest.until_closed()
            assert commands(heard) == ["FAIL", "ERROR"]
            assert heard[0].params[:2] == ["*", "DEFENCE"]
            assert "log in (SASL)" in heard[1].params[0]
        assert oper.one("DEFENCE 5 :Over").params[:3] == ["DEFENCE", "LEVEL", "5"]
        with coming(server, "203.0.113.9") as guest:
            guest.enter("guest")
