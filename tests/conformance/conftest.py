"""One server for all conformance tests, and clients that are closed at the end of each."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest
from tests.client import Client
from tests.server import Server, serving

_numbers = count(1)

Connect = Callable[[], Client]
Enter = Callable[..., Client]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server for all tests that need no limits of their own."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def connect(server: Server) -> Iterator[Connect]:
    """Open connections that have said nothing yet."""
    opened: list[Client] = []

    def make() -> Client:
        opened.append(Client(server.port))
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
