"""WEBIRC over a real socket. Source: IRCv3 webirc."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client import Client, commands
from tests.server import Server, serving

GATEWAY = """
connections_per_address = 2
exempt_loopback = true
[[webirc]]
name = "web"
hosts = ["127.0.0.1"]
password = "hunter2"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server that knows a gateway; two connections may come from one address."""
    with serving(tmp_path_factory.mktemp("webirc"), limits=GATEWAY, store="memory") as running:
        yield running


def through(server: Server, address: str, options: str = "") -> Client:
    """Connect through the gateway."""
    client = Client(server.port)
    client.send(f"WEBIRC hunter2 web host.example {address}{options}")
    return client


def test_who_comes_through_a_gateway_has_the_cloak_of_their_own_address(server: Server) -> None:
    """The same for one address, another for another; nobody is shown an address or a host name."""
    hosts = []
    for nick, address in (("one", "203.0.113.7"), ("two", "203.0.113.7"), ("three", "203.0.113.8")):
        with through(server, address, " :secure remote-port=4711") as client:
            client.enter(nick)
            hosts.append(client.ask(f"WHOIS {nick}")[0].params[3])
            assert not any(b"203.0.113" in message.raw or b"host.example" in message.raw for message in client.read)
            client.send("QUIT")
            client.until_closed()
    assert hosts[0] == hosts[1] != hosts[2]


def test_limits_are_those_of_the_address_that_is_stated(server: Server) -> None:
    """Loopback is exempt here; those who come through a gateway on it are not."""
    with through(server, "203.0.113.9") as one, through(server, "203.0.113.9") as two:
        one.enter("limited1")
        two.enter("limited2")
        with through(server, "203.0.113.9") as three:
            [error] = three.until_closed()
            assert error.params == ["Your address has 2 connections, which is the most. Close one first."]
        with through(server, "203.0.113.10") as elsewhere:
            elsewhere.enter("elsewhere")


def test_a_wrong_password_is_told_and_closes(server: Server) -> None:
    """Source: IRCv3 webirc, "Error from invalid password"."""
    with Client(server.port) as client:
        client.send("WEBIRC wrong web host 203.0.113.7", "NICK never", "USER u 0 * :u")
        assert [(message.command, message.params) for message in client.until_closed()] == [
            ("ERROR", ["Closing link: Invalid WebIRC password, or no gateway is known at this address"])
        ]


@pytest.mark.parametrize("address", ["host.example", "203.0.113.300", "203.0.113.7 remote-port=none"])
def test_an_address_or_a_port_that_is_none_closes(server: Server, address: str) -> None:
    """Who is spoken for must be known."""
    with Client(server.port) as client:
        client.send(f"WEBIRC hunter2 web host {address}")
        assert commands(client.until_closed()) == ["ERROR"]


@pytest.mark.parametrize("first", ["NICK early", "USER u 0 * :u", "CAP LS 302", "WEBIRC hunter2 web h 203.0.113.7"])
def test_it_is_the_first_command(server: Server, first: str) -> None:
    """Source: IRCv3 webirc, "Format": before capability negotiation."""
    with Client(server.port) as client:
        client.send(first, "WEBIRC hunter2 web host 203.0.113.7")
        assert client.until_closed()[-1].params == ["Closing link: WEBIRC must be the first command of a connection"]


def test_it_needs_four_parameters_and_comes_once(server: Server) -> None:
    """461 for fewer; 462 for who has entered."""
    with Client(server.port) as client:
        assert client.one("WEBIRC hunter2 web host").command == "461"
        client.enter("already")
        assert client.one("WEBIRC hunter2 web host 203.0.113.7").command == "462"


def test_who_is_no_gateway_is_not_believed(tmp_path: Path) -> None:
    """A server that knows none; after five wrong passwords no more are tried from the address."""
    with serving(tmp_path, store="memory", limits="connections_per_address = 16") as running:
        told = []
        for _ in range(6):
            with Client(running.port) as client:
                client.send("WEBIRC hunter2 web host 203.0.113.7")
                told += [message.params[0] for message in client.until_closed()]
        assert told[0] == "Closing link: Invalid WebIRC password, or no gateway is known at this address"
        assert told[5].startswith("Closing link: Too many wrong passwords from your address")
