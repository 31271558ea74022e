"""A whole chat on the test's own event loop, so that a test sees both ends of a connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from tests.contract.net.edge import WAIT_S

from parvis.app import config as c
from parvis.app.gateways import GatewayBook
from parvis.app.listeners import Listeners
from parvis.app.operators import OperatorBook
from parvis.app.wiring import Parts, assemble
from parvis.net import frames

UPGRADE = (
    b"GET /irc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%b\r\n"
)


@contextlib.asynccontextmanager
async def chatting(
    folder: Path,
    *listeners: c.Listener,
    exempt: bool = False,
    webirc: tuple[c.Gateway, ...] = (),
    **limits: int,
) -> AsyncIterator[tuple[Parts, list[int]]]:
    """Run a chat while the block runs; give its parts and the ports of its listeners."""
    config = c.Config(
        server=c.Server(profile=c.Profile.TEST, data_dir=folder, motd=""),
        listen=listeners,
        webirc=webirc,
        limits=msgspec.structs.replace(c.Limits(exempt_loopback=exempt), **limits),
        archive=c.ArchiveStore(store=c.StoreKind.MEMORY),
    )
    doors = Listeners(config.listen)
    books = OperatorBook(()), GatewayBook(config.webirc)
    parts = assemble(config, *books, asyncio.get_running_loop(), lambda why: None, lambda: True)
    parts.doors.start()
    await doors.serve(parts)
    try:
        yield parts, [listening.port for listening in doors.all]
    finally:
        doors.close()
        parts.doors.say_goodbye()
        await asyncio.sleep(0.05)
        parts.workers.close()
        parts.history_workers.close()
        parts.archive.close()


async def let_in(parts: Parts) -> None:
    """Wait until somebody is connected."""
    for _ in range(int(WAIT_S / 0.01)):
        if parts.doors.open_connections:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody came")


def masked(first: int, payload: bytes = b"", mask: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """Make a frame as a client sends it."""
    head = frames.build_frame(0, payload)
    head_bytes = len(head) - len(payload)
    return bytes((first, head[1] | 0x80)) + head[2:head_bytes] + mask + frames.unmask(payload, mask)


class Browser:
    """A client of the WebSocket that shows every frame as it came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak over an open connection."""
        self._reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, first: bytes = b"", more: bytes = b"") -> "Browser":
        """Connect and upgrade; `first` stands before the request, `more` among its headers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first + UPGRADE % more)
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)).startswith(b"HTTP/1.1 101 ")
        return cls(reader, writer)

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame: its opcode and its payload."""
        head = await asyncio.wait_for(self._reader.readexactly(2), WAIT_S)
        size = head[1] if head[1] < 126 else int.from_bytes(await self._reader.readexactly(2))
        return head[0] & 0x0F, await asyncio.wait_for(self._reader.readexactly(size), WAIT_S)

    async def until(self, opcode: int, part: bytes = b"") -> list[tuple[int, bytes]]:
        """Read frames up to the first of a kind that holds some words."""
        heard = [await self.frame()]
        while heard[-1][0] != opcode or part not in heard[-1][1]:
            heard.append(await self.frame())
        return heard

    async def to_the_end(self) -> list[tuple[int, bytes]]:
        """Read frames until the connection ends; it may be reset, for who floods is not read to the end."""
        heard: list[tuple[int, bytes]] = []
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heard.append(await self.frame())
        self.writer.close()
        return heard
