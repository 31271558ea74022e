"""One line per WebSocket message. Source: IRCv3 websocket; RFC 6455."""

import pytest
from tests.promises.servers import CONFIG, PATIENCE_S, running
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
