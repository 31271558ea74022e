"""One server for all conformance tests, and clients that are closed at the end of each.

A test that opens its connections with `connect` or `enter` runs twice: over TCP, and over WebSocket with one of the
subprotocols, text or binary, whichever its name falls on. One that is about bytes of a stream, or about the same
code a hundred times, is marked `stream` and runs over TCP alone.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from zlib import crc32

import pytest
from tests.client import Client, WebSocketClient
from tests.server import Server, serving

_numbers = count(1)
SUBPROTOCOLS = ("text.ircv3.net", "binary.ircv3.net")
TCP = "tcp"

Connect = Callable[[], Client]
Enter = Callable[..., Client]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server for all tests that need no limits of their own."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over more than one transport."""
    if "transport" in metafunc.fixturenames and metafunc.definition.get_closest_marker("stream") is None:
        subprotocol = SUBPROTOCOLS[crc32(metafunc.definition.name.encode()) % 2]
        metafunc.parametrize("transport", [TCP, subprotocol], ids=[TCP, subprotocol.partition(".")[0]])


@pytest.fixture
def transport() -> str:
    """Say how a test connects: `tcp`, or a subprotocol of WebSocket."""
    return TCP


@pytest.fixture
def connect(server: Server, transport: str) -> Iterator[Connect]:
    """Open connections that have said nothing yet."""
    opened: list[Client] = []

    def make() -> Client:
        opened.append(Client(server.port) if transport == TCP else WebSocketClient(server.ws_port, transport))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def enter(connect: Connect) -> Enter:
    """Let somebody enter: a pseudonym that nobody else bears, made from the one given, and capabilities."""

    def make(stem: str, caps: Sequence[str] = (), rooms: Sequence[str] = (), **given: str) -> Client:
        client = connect().enter(f"{stem}{next(_numbers)}", caps, **given)
        return client.join(*rooms)

    return make


@pytest.fixture
def room() -> str:
    """Give the name of a room that nobody has been in."""
    return f"#room{next(_numbers)}"
