"""One line per WebSocket message. Source: IRCv3 websocket; RFC 6455.

What holds over any transport is tested over both by the tests of the other files (`conftest.py`).
"""

import pytest
from tests.client import WebSocketClient
from tests.conformance.conftest import SUBPROTOCOLS
from tests.promises.servers import CONFIG, PATIENCE_S, running
from tests.server import Server
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol


def heard_until(client: ClientConnection, part: str) -> list[str]:
    """Give the messages up to the first that holds some words."""
    lines: list[str] = []
    while not lines or part not in lines[-1]:
        message = client.recv(PATIENCE_S)
        lines.append(message if isinstance(message, str) else message.decode())
    return lines


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r"])
def test_a_line_break_inside_a_message_makes_no_second_command(
    tmp_path_factory: pytest.TempPathFactory, ending: bytes
) -> None:
    """Binary or text: what stands behind it is part of the same line. Source: IRCv3 websocket, "Encoding"."""
    config = CONFIG.replace('kind = "irc"', 'kind = "websocket"')
    with running(tmp_path_factory.mktemp("websocket"), config) as server:
        port = server.port()
        for protocol in ("binary.ircv3.net", "text.ircv3.net"):
            with connect(f"ws://127.0.0.1:{port}/irc", subprotocols=[Subprotocol(protocol)], proxy=None) as client:
                for line in (b"NICK anna", b"USER anna 0 * :anna" + ending):
                    client.send(line)
                heard_until(client, " 422 ")
                client.send(b"PING one" + ending + b"PING two")
                client.send((b"PING :three" + ending + b"JOIN #made").decode())
                client.send(b"PING last")
                lines = heard_until(client, "last")
                assert [line.split(" ")[1] for line in lines] == ["PONG"] * 3
                client.send(b"QUIT")


@pytest.mark.parametrize("subprotocol", SUBPROTOCOLS)
def test_a_message_larger_than_any_line_closes_the_connection(server: Server, subprotocol: str) -> None:
    """With 1009: over WebSocket a size comes first, and nobody waits for the rest. Source: RFC 6455, section 7.4.1."""
    with WebSocketClient(server.ws_port, subprotocol) as client:
        client.send("PING :" + "x" * 20000)
        client.until_closed()
        assert client.close_code == 1009


def test_text_that_is_not_utf8_closes_the_connection(server: Server) -> None:
    """With 1007, as for any text message. Source: RFC 6455, section 8.1."""
    with WebSocketClient(server.ws_port, "text.ircv3.net") as client:
        client.send(b"PING \xaa")
        client.until_closed()
        assert client.close_code == 1007


def test_bytes_that_are_not_utf8_are_answered(server: Server) -> None:
    """FAIL, and the connection stays, as over TCP. Source: IRCv3 utf8-only; websocket, "Encoding"."""
    with WebSocketClient(server.ws_port, "binary.ircv3.net") as client:
        client.send(b"PING \xaa", "PING :after")
        assert client.next().params[:2] == ["PING", "INVALID_UTF8"]
        assert client.next().params[-1] == "after"
