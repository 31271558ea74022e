"""Pages and WebSocket on one port, over the real uvicorn and real sockets. Source: DESIGN, sections 3 and 4."""

import asyncio
import contextlib
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from tests.contract.net.edge import LOOPS, WAIT_S, make_certificate, run, serve_direct, serving, trusting
from tests.contract.net.square import Square
from tests.rights import NoExports
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from parvis.net import frames, handshake
from parvis.net.accept import serve_raw
from parvis.net.address import Address, Network, networks
from parvis.net.forwarded import client
from parvis.net.http import server as http_server
from parvis.net.http.app import make_app
from parvis.net.http.server import HttpServer, make_uvicorn
from parvis.net.tls import ALPN_HTTP, Certificate

V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"

pytestmark = pytest.mark.parametrize("loop", LOOPS)


class Echo(asyncio.Protocol):
    """A WebSocket that says who its peer is, then repeats what it hears."""

    def __init__(self, peer: Address | None, trusted: tuple[Network, ...] = ()) -> None:
        assert peer is not None
        self.peer = peer
        self.trusted = trusted
        self.unread = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self.open:
            match handshake.answer(data, lambda path: path == "/irc"):
                case handshake.Accepted(response=response, forwarded=forwarded, rest=data):
                    self.open = True
                    self.transport.write(response)
                    found = client(forwarded, self.peer, self.trusted)
                    self.transport.write(frames.build_frame(frames.TEXT, f"{found.host} {found.port}".encode()))
                case handshake.Rejected(response=response):
                    self.transport.write(response)
                    self.transport.close()
                    return
                case handshake.NEED_MORE:
                    raise AssertionError("the head is given whole")
        messages, self.unread, *_ = frames.split_frames(self.unread + data)
        for opcode, payload in messages:
            self.transport.write(frames.build_frame(opcode, payload))
            if opcode == frames.CLOSE:
                self.transport.close()


@contextlib.asynccontextmanager
async def open_house(
    *, proxied: bool = False, tls: ssl.SSLContext | None = None, trusted: tuple[Network, ...] = ()
) -> AsyncIterator[tuple[int, HttpServer]]:
    """Serve pages and `/irc` while the block runs."""
    server = make_uvicorn(make_app(Square(), NoExports()), lambda peer: Echo(peer, trusted), trusted, drain_wait_s=1)
    running = asyncio.create_task(server.run())
    serve = serve_raw if proxied else serve_direct
    async with serving(lambda sock: serve(sock, server.connect, tls)) as port:
        yield port, server
    server.stop()
    await asyncio.wait_for(running, WAIT_S)


async def exchange(port: int, request: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send bytes, then read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), WAIT_S)
    writer.close()
    return answer


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]).encode()


UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
)


def upgrade(path: str = "/irc", more: str = "") -> bytes:
    return UPGRADE.format(path=path, more=more).encode()


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("subprotocol", ["text.ircv3.net", "binary.ircv3.net"])
def test_one_port_carries_the_page_and_the_websocket(
    loop: str, with_tls: bool, subprotocol: str, tmp_path: Path
) -> None:
    """A kept library opens `/irc` where a browser reads `/` (issue 2, item 6)."""
    cert, key = make_certificate(tmp_path)
    theirs = trusting(cert) if with_tls else None
    scheme = "wss" if with_tls else "ws"

    async def play() -> None:
        async with open_house(tls=Certificate(cert, key, alpn=ALPN_HTTP).context if with_tls else None) as (port, _):
            page = await exchange(port, get("/"), theirs)
            assert page.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"Salons ouverts" in page
            assert b"\r\nserver:" not in page.lower()
            async with connect(
                f"{scheme}://127.0.0.1:{port}/irc", ssl=theirs, subprotocols=[Subprotocol(subprotocol)], proxy=None
            ) as websocket:
                assert websocket.subprotocol == subprotocol
                host, _, source = str(await websocket.recv()).partition(" ")
                assert (host, int(source)) == websocket.local_address[:2]
                await websocket.send("NICK camille" * 500)
                assert await websocket.recv() == "NICK camille" * 500

    run(loop, play())


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "tls"])
def test_the_true_peer_reaches_the_websocket_through_a_proxy(loop: str, with_tls: bool, tmp_path: Path) -> None:
    """The source port is never lost, PROXY protocol and TLS together included (DESIGN, "Configuration")."""
    cert, key = make_certificate(tmp_path)

    async def play() -> None:
        tls = Certificate(cert, key, alpn=ALPN_HTTP).context if with_tls else None
        async with open_house(proxied=True, tls=tls) as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(V1)
            await writer.drain()
            if with_tls:
                await writer.start_tls(trusting(cert), server_hostname="localhost")
            writer.write(upgrade())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)
            assert head.startswith(b"HTTP/1.1 101 ")
            said = b"192.0.2.7 56324"
            assert await asyncio.wait_for(reader.readexactly(2 + len(said)), WAIT_S) == b"\x81\x0f" + said
            writer.close()

    run(loop, play())


def test_a_trusted_proxy_s_forwarded_header_names_the_peer(loop: str) -> None:
    """RFC 7239, for pages (`scope["client"]`) and for the WebSocket alike; one that cannot be read is refused."""
    clients: list[object] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        clients.append(scope["client"])
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    async def play() -> None:
        trusted = networks(["127.0.0.0/8"])
        server = make_uvicorn(app, lambda peer: Echo(peer, trusted), trusted)
        async with serving(lambda sock: serve_direct(sock, server.connect)) as port:
            forwarded = 'Forwarded: for="[2001:db8::7]:4711"'
            assert (await exchange(port, get("/", forwarded))).startswith(b"HTTP/1.1 204 ")
            assert clients == [("2001:db8::7", 4711)]
            assert (await exchange(port, get("/", 'Forwarded: for="'))).startswith(b"HTTP/1.1 400 ")
            assert (await exchange(port, upgrade(more='Forwarded: for="\r\n'))).startswith(b"HTTP/1.1 400 ")
            close = b"\x88\x80\x00\x00\x00\x00"
            assert b"2001:db8::7 4711" in await exchange(port, upgrade(more=forwarded + "\r\n") + close)
            assert len(clients) == 1

    run(loop, play())


def test_frames_sent_with_the_request_are_not_lost(loop: str) -> None:
    """What follows the head in one read belongs to the WebSocket (RFC 6455, section 4.1)."""

    async def play() -> None:
        async with open_house() as (port, _):
            hello = b"\x81\x85\x00\x00\x00\x00Hello"
            answer = await exchange(port, upgrade() + hello + b"\x88\x80\x00\x00\x00\x00")
            assert answer.endswith(b"\x81\x05Hello\x88\x00")

    run(loop, play())


def test_only_irc_upgrades(loop: str) -> None:
    """
    Elsewhere there is no WebSocket: 404; at `/irc` without an upgrade: 426; an upgrade to
    something else is ignored. Source: RFC 9110, sections 7.8 and 15.5.22.
    """

    async def play() -> None:
        async with open_house() as (port, _):
            for path in ("/", "/other", "/irc/x"):
                assert (await exchange(port, upgrade(path))).startswith(b"HTTP/1.1 404 ")
                with pytest.raises(InvalidStatus):
                    await connect(f"ws://127.0.0.1:{port}{path}", proxy=None)
            assert (await exchange(port, get("/irc"))).startswith(b"HTTP/1.1 426 ")
            strange = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: strange\r\n\r\n"
            assert (await exchange(port, strange)).startswith(b"HTTP/1.1 200 ")
            foreign = upgrade(more="Origin: https://evil.example\r\n")
            assert (await exchange(port, foreign)).startswith(b"HTTP/1.1 403 ")
            assert (await exchange(port, get("/healthz"))).endswith(b"\r\n\r\nok\n")

    run(loop, play())


def test_a_connection_is_kept_for_the_next_request(loop: str) -> None:
    """Pages and probes reuse a connection, which may end as a WebSocket (RFC 9112, section 9.3)."""

    async def play() -> None:
        async with open_house() as (port, _):
            keep = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(keep)
                assert (await asyncio.wait_for(reader.readuntil(b"ok\n"), WAIT_S)).startswith(b"HTTP/1.1 200 ")
            writer.write(upgrade())
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)).startswith(b"HTTP/1.1 101 ")
            writer.close()

    run(loop, play())


def test_the_numbers_are_kept_from_whom_a_proxy_speaks_for(loop: str) -> None:
    """A proxy on loopback opens `/metrics` to nobody but those it says are there."""

    async def play() -> None:
        async with open_house(proxied=True) as (port, _):
            for header, status in (
                (V1, b"403"),
                (b"PROXY UNKNOWN\r\n", b"403"),
                (b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 443\r\n", b"200"),
            ):
                assert (await exchange(port, header + get("/metrics"))).startswith(b"HTTP/1.1 " + status)

    run(loop, play())


WRONG = {
    "an IRC client": (b"NICK camille\r\nUSER camille 0 * :x\r\n", b"HTTP/1.1 400 "),
    "a head without end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 400_000, b"HTTP/1.1 431 "),
    "an address without end": (b"GET /" + b"x" * 400_000, b"HTTP/1.1 431 "),
    "two lengths": (get("/", "Content-Length: 1", "Content-Length: 2"), b"HTTP/1.1 400 "),
    "a length and chunks": (get("/", "Content-Length: 1", "Transfer-Encoding: chunked"), b"HTTP/1.1 400 "),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_answered_and_closed(loop: str, name: str) -> None:
    """Heads are bounded, and what two readers could read differently is refused (RFC 9112, sections 3, 5, 6.3)."""
    sent, expected = WRONG[name]

    async def play() -> None:
        async with open_house() as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionError):
                for at in range(0, len(sent), 20_000):
                    writer.write(sent[at : at + 20_000])
                    await writer.drain()
            with contextlib.suppress(ConnectionError):
                assert (await asyncio.wait_for(reader.read(), WAIT_S)).startswith(expected)
            writer.close()
            assert (await exchange(port, get("/healthz"))).endswith(b"ok\n")

    run(loop, play())


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"\r\n" * 20], ids=["nothing", "half a line", "empty lines"])
def test_a_slow_head_is_closed(loop: str, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holding a connection open costs its holder a request every few seconds."""
    monkeypatch.setattr(http_server, "HEAD_WAIT_S", 0.2)

    async def play() -> None:
        async with open_house() as (port, server):
            assert await exchange(port, sent) == b""
            assert not server.server_state.connections

    run(loop, play())


def test_stopping_is_bounded_and_leaves_the_signals_alone(loop: str) -> None:
    """A reader that does not read holds up the end for the time given, and no longer; SIGTERM stays the program's."""
    sent = asyncio.Event()

    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        sent.set()
        while True:
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})  # type: ignore[operator]

    async def play() -> None:
        before = signal.getsignal(signal.SIGTERM)
        server = make_uvicorn(app, Echo, drain_wait_s=1)
        running = asyncio.create_task(server.run())
        async with serving(lambda sock: serve_direct(sock, server.connect)) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get("/"))
            await asyncio.wait_for(sent.wait(), WAIT_S)
            assert signal.getsignal(signal.SIGTERM) is before
            server.stop()
            await asyncio.wait_for(running, 3)
            assert all(connection.transport.is_closing() for connection in server.server_state.connections)
            writer.close()
            await asyncio.sleep(0.05)

    run(loop, play())


def test_the_chat_s_edge_loads_no_http(loop: str) -> None:
    """Chat listeners accept before the HTTP application loads (DESIGN, section 5)."""
    code = (
        "import sys, parvis.net.frames, parvis.net.handshake, parvis.net.proxy_header, parvis.net.accept, "
        "parvis.net.tls, parvis.net.forwarded, parvis.ports.view; "
        "sys.exit(bool({'uvicorn', 'litestar', 'prometheus_client', 'httptools', 'websockets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
