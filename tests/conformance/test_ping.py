"""PING and PONG. Source: modern IRC, "PING", "PONG"."""

from tests.client import Client
from tests.conformance.conftest import Connect, Enter


def test_pong_gives_back_the_token_after_the_servers_name(enter: Enter) -> None:
    """PONG has the server and the token. Source: modern IRC, "PONG"."""
    answer = enter("ping").one("PING abcdef")
    assert (answer.source, answer.command, answer.params) == ("chat.test", "PONG", ["chat.test", "abcdef"])


def test_ping_without_token_lacks_a_parameter(enter: Enter) -> None:
    """461, with nothing and with an empty token. Source: modern IRC, "PING"."""
    client = enter("ping")
    for line in ("PING", "PING :"):
        answer = client.one(line)
        assert (answer.command, answer.params[:2]) == ("461", [client.nick, "PING"])


def test_ping_is_answered_before_registration(connect: Connect) -> None:
    """Clients keep a slow negotiation alive with it. Source: modern IRC, "PING"."""
    client = connect()
    client.send("PING one")
    assert client.next().params == ["chat.test", "one"]


def test_pong_is_never_answered(enter: Enter) -> None:
    """Whatever its parameters. Source: modern IRC, "PONG"."""
    assert enter("pong").ask("PONG", "PONG :x y z") == []


def test_pong_comes_after_what_was_sent_before_it(enter: Enter, room: str) -> None:
    """A pipelined PRIVMSG;PING is answered in order: the echo, then PONG. Source: ADR 1, "fence"."""
    client = enter("order", ["echo-message"], [room])
    for number in range(20):
        client.send(f"PRIVMSG {room} :{number}", f"PING {number}")
        echo, pong = client.next(), client.next()
        assert (echo.command, echo.params) == ("PRIVMSG", [room, str(number)])
        assert (pong.command, pong.params[-1]) == ("PONG", str(number))


def test_a_line_of_the_server_is_never_longer_than_a_line_may_be(enter: Enter) -> None:
    """A token that no longer fits behind the server's name is cut. Source: RFC 1459, section 2.3."""
    client: Client = enter("ping")
    client.send("PING " + "x" * 505)
    answer = client.next()
    assert answer.command == "PONG"
    assert len(answer.body) == 510
    assert answer.params[1] == "x" * len(answer.params[1])
    assert len(answer.params[1]) > 450
