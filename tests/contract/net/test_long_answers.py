"""An answer longer than the send queue, to one who reads and to one who does not.

Source: docs/handbook/operator.md, `limits.send_queue_bytes`; modern IRC, "SAFELIST".
"""

import asyncio
import socket

import pytest
from tests.contract.net.edge import LOOPS, run
from tests.promises.harness import Square

from parvis.net.address import Address
from parvis.net.gate import Gate
from parvis.net.tcp import TcpConnection

SMALL = 4096
ROOMS = 1500


class Watched(TcpConnection):
    """A connection that says when something has come."""

    def __init__(self, gate: Gate) -> None:
        """Come from loopback."""
        super().__init__(gate, Address("127.0.0.1", 50000))
        self.came = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Handle it first."""
        super().data_received(data)
        self.came.set()

    def is_gone(self) -> bool:
        """Tell whether it was told to close."""
        return self.gone


def a_crowded_square() -> Square:
    """Give a square with so many rooms that their list is longer than the send queue."""
    square = Square(rooms_per_session=ROOMS)
    anna = square.enters("anna")
    for number in range(ROOMS):
        name = f"#room{number:04}"
        anna.says(f"JOIN {name}", f"TOPIC {name} :{'x' * 300}")
        square.go_on(0.01)
    return square


async def connected(square: Square) -> tuple[Watched, socket.socket]:
    """Connect over a socket that holds little, so that the rest waits in the server."""
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    for each in (near, far):
        each.setblocking(False)
    gate = Gate(square.chat, square.intake, square.doors)
    client = Watched(gate)
    await asyncio.get_running_loop().create_connection(lambda: client, sock=near)
    return client, far


async def asks(square: Square, client: Watched, far: socket.socket, *lines: str) -> None:
    """Say lines, and let their turn end once they have arrived."""
    client.came.clear()
    await asyncio.get_running_loop().sock_sendall(far, "".join(f"{line}\r\n" for line in lines).encode())
    await client.came.wait()
    square.end_turn()


async def hears_until(far: socket.socket, part: bytes) -> bytes:
    """Read until some words come, or the end."""
    heard = b""
    while part not in heard:
        data = await asyncio.get_running_loop().sock_recv(far, 65536)
        if not data:
            break
        heard += data
    return heard


@pytest.mark.parametrize("loop", LOOPS)
def test_a_long_answer_closes_nobody_who_reads(loop: str) -> None:
    """LIST is whole however long it is, and the connection goes on."""

    async def play() -> None:
        square = a_crowded_square()
        client, far = await connected(square)
        await asks(square, client, far, "NICK bert", "USER bert 0 * :bert")
        await hears_until(far, b" 422 ")
        for _ in range(2):
            await asks(square, client, far, "LIST")
            heard = await hears_until(far, b" 323 ")
            assert len(heard) > square.chat.settings.send_queue_bytes
            assert heard.count(b" 322 ") >= ROOMS
        assert not client.is_gone()
        await asks(square, client, far, "PING 1")
        assert b" PONG " in await hears_until(far, b"\r\n")
        far.close()

    run(loop, play())


@pytest.mark.parametrize("loop", LOOPS)
def test_who_asks_for_more_and_reads_nothing_is_closed(loop: str) -> None:
    """What already waits counts: the second answer behind an unread long one is one too many."""

    async def play() -> None:
        square = a_crowded_square()
        client, far = await connected(square)
        await asks(square, client, far, "NICK bert", "USER bert 0 * :bert")
        await asks(square, client, far, "LIST")
        assert not client.is_gone()
        await asks(square, client, far, "LIST")
        assert client.is_gone()
        far.close()

    run(loop, play())
