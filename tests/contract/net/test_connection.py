"""Connections that end badly, in front of a whole chat. Source: docs/handbook/operator.md, "Signals" and "systemd"."""

import asyncio
import socket
import ssl
import struct
from math import inf
from pathlib import Path
from typing import cast

import pytest
from tests.contract.net.edge import LOOPS, WAIT_S, make_certificate, run, trusting
from tests.contract.net.house import UPGRADE, Browser, chatting, let_in

from parvis.app import listeners
from parvis.app.config import Kind, Listener
from parvis.net import tcp
from parvis.net.address import Address, networks
from parvis.net.fanout import fan_out
from parvis.net.gate import Gate
from parvis.net.proxy_header import V2_SIGNATURE

pytestmark = pytest.mark.parametrize("loop", LOOPS)


def tls_door(folder: Path, kind: Kind = Kind.IRC) -> tuple[Listener, ssl.SSLContext]:
    """Make a listener with a certificate, and a client's context that trusts it."""
    cert, key = make_certificate(folder)
    key.chmod(0o600)
    return Listener(kind=kind, port=0, tls_cert=cert, tls_key=key), trusting(cert)


def shake_hands(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Open TLS; what comes after it is not read."""
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), WAIT_S), server_hostname="localhost")


@pytest.mark.parametrize("kind", [Kind.IRC, Kind.WEBSOCKET])
def test_a_tls_handshake_that_never_begins_is_cut(
    loop: str, kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listener without a proxy waits no longer than one behind it."""
    monkeypatch.setattr(listeners, "HANDSHAKE_WAIT_S", 0.2)
    door, _ = tls_door(tmp_path, kind)

    async def play() -> None:
        async with chatting(tmp_path, door) as (_, [port]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
            writer.close()

    run(loop, play())


def test_an_end_does_not_wait_for_a_goodbye_of_tls(loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that never answers close_notify (RFC 8446, section 6.1) does not hold up SIGTERM."""
    monkeypatch.setattr(tcp, "HANG_UP_S", 0.2)
    door, context = tls_door(tmp_path)

    async def play() -> None:
        async with chatting(tmp_path, door) as (parts, [port]):
            silent = await asyncio.to_thread(shake_hands, port, context)
            await let_in(parts)
            gone = asyncio.Event()
            parts.doors.drain(gone.set)
            await asyncio.wait_for(gone.wait(), 2)
            silent.close()

    run(loop, play())


@pytest.mark.parametrize("to_many", [False, True], ids=["send", "fan_out"])
def test_a_peer_that_vanished_is_noticed_when_it_is_written_to(loop: str, to_many: bool, tmp_path: Path) -> None:
    """While nothing is read of it, only a write can tell."""

    async def play() -> None:
        async with chatting(tmp_path, Listener(kind=Kind.IRC, port=0)) as (parts, [port]):
            peer = socket.create_connection(("127.0.0.1", port))
            await let_in(parts)
            [client] = list(parts.doors._connections)
            client.stop_reading()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            await asyncio.sleep(0.05)
            for _ in range(2):
                if to_many:
                    fan_out([client], b"PING 1\r\n")
                else:
                    client.send(b"PING 1\r\n")
            await asyncio.sleep(0.05)
            assert parts.doors.open_connections == 0

    run(loop, play())


class Busy(asyncio.Transport):
    """A transport that still holds bytes of what was answered before."""

    def __init__(self, sock: socket.socket) -> None:
        """Stand in front of a socket."""
        super().__init__({"socket": sock, "peername": ("192.0.2.7", 4711)})
        self.waiting = 10

    def get_write_buffer_size(self) -> int:
        """Tell how much waits."""
        return self.waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take any limits."""


def test_nothing_overtakes_what_waits_already(loop: str, tmp_path: Path) -> None:
    """An upgrade behind an unfinished HTTP answer is answered after it, never within."""

    async def play() -> None:
        async with chatting(tmp_path) as (parts, _):
            here, there = socket.socketpair()
            transport = Busy(here)
            connection = tcp.TcpConnection(Gate(parts.chat, parts.intake, parts.doors))
            connection._take(cast("asyncio.BaseTransport", transport))
            assert connection.direct == -1
            transport.waiting = 0
            connection.resume_writing()
            assert connection.direct == here.fileno()
            here.close()
            there.close()

    run(loop, play())


def test_a_peer_that_is_gone_already_is_counted_nowhere(loop: str, tmp_path: Path) -> None:
    """Its socket names no address; a limit on nobody would shut others out."""

    async def play() -> None:
        async with chatting(tmp_path) as (parts, _):
            connection = tcp.TcpConnection(Gate(parts.chat, parts.intake, parts.doors), Address("", None))
            parts.doors.opened(connection)
            assert connection.gone
            assert parts.chat.strangers == 0
            parts.doors.closed(connection, "Connection lost")
            assert parts.doors.open_connections == parts.doors.accepted == 0

    run(loop, play())


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", V2_SIGNATURE + b"\x20\x00\x00\x00"], ids=["v1", "v2"])
@pytest.mark.parametrize("kind", [Kind.IRC, Kind.WEBSOCKET])
def test_a_proxy_that_names_nobody_lends_nobody_its_own_rights(
    loop: str, kind: Kind, header: bytes, tmp_path: Path
) -> None:
    """Behind a proxy on loopback, `exempt_loopback` is for who is said to be on loopback."""

    async def play() -> None:
        door = Listener(kind=kind, port=0, proxy_protocol=True)
        async with chatting(tmp_path, door, exempt=True) as (parts, [port]):
            for first, free in ((header, False), (b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 6667\r\n", True)):
                peer = socket.create_connection(("127.0.0.1", port))
                peer.sendall(first + (UPGRADE % b"" if kind is Kind.WEBSOCKET else b""))
                await let_in(parts)
                [client] = list(parts.doors._connections)
                assert (client.credit == inf) is free
                peer.close()
                await asyncio.sleep(0.05)

    run(loop, play())


def test_a_trusted_proxy_that_forwards_nobody_is_not_exempt(loop: str, tmp_path: Path) -> None:
    """As with PROXY: what `Forwarded` does not say is not taken for loopback."""

    async def play() -> None:
        door = Listener(kind=Kind.WEBSOCKET, port=0, trusted_proxies=networks(["127.0.0.1"]))
        async with chatting(tmp_path, door, exempt=True) as (parts, [port]):
            browser = await Browser.open(port)
            [client] = list(parts.doors._connections)
            assert client.credit != inf
            browser.writer.close()

    run(loop, play())
