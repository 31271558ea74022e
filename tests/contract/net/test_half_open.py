"""Connections count for their address from acceptance on: those in a handshake, and those that speak HTTP.

Source: docs/handbook/operator.md, "Limits per address"; ARCHITECTURE.md, "Invariants", 7.
"""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from tests.contract.net.edge import LOOPS, WAIT_S, make_certificate, run, serving, trusting
from tests.contract.net.house import Browser, chatting

from parvis.app.config import Kind, Listener
from parvis.app.listeners import Listening, gate_for
from parvis.chat.doors import Stage
from parvis.net.address import networks
from parvis.net.http.server import make_uvicorn
from parvis.net.websocket import WebSocketConnection

pytestmark = pytest.mark.parametrize("loop", LOOPS)


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Tell whether the server closes a connection without a word, in time."""
    try:
        return await asyncio.wait_for(reader.read(), 1.0) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_tls_handshakes_are_counted_per_address(loop: str, tmp_path: Path) -> None:
    """As many as may chat; who ends one makes room; those who chat are counted apart."""
    cert, key = make_certificate(tmp_path)

    async def play() -> None:
        door = Listener(port=0, tls_cert=cert, tls_key=key)
        async with chatting(tmp_path / "data", door, connections_per_address=2) as (parts, [port]):
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await is_closed(reader)
            assert parts.doors.turned_away == 1
            writer.close()
            silent[0][1].close()
            await asyncio.sleep(0.1)
            context = trusting(cert)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
            writer.write(b"PING x\r\n")
            assert await asyncio.wait_for(reader.readuntil(b"PONG"), WAIT_S)
            silent[1][1].close()
            writer.close()
            for _ in range(500):
                if not parts.doors._knocking and not parts.doors._open:
                    return
                await asyncio.sleep(0.01)
            raise AssertionError("a connection that is gone is counted")

    run(loop, play())


def test_openings_of_websockets_are_counted_per_address(loop: str, tmp_path: Path) -> None:
    """But for those of a trusted proxy, whose address is not theirs."""

    async def play() -> None:
        own = Listener(kind=Kind.WEBSOCKET, port=0)
        proxied = Listener(kind=Kind.WEBSOCKET, port=0, trusted_proxies=networks(["127.0.0.1"]))
        async with chatting(tmp_path, own, proxied, connections_per_address=1) as (parts, [port, behind]):
            silent = [(await asyncio.open_connection("127.0.0.1", port))[1]]
            await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await is_closed(reader)
            writer.close()
            silent += [(await asyncio.open_connection("127.0.0.1", behind))[1] for _ in range(3)]
            await asyncio.sleep(0.05)
            assert parts.doors.turned_away == 1
            for writer in silent:
                writer.close()
            await asyncio.sleep(0.05)
            browser = await Browser.open(port)
            assert not parts.doors._knocking
            browser.writer.close()

    run(loop, play())


def test_http_connections_are_counted_per_address(loop: str, tmp_path: Path) -> None:
    """Four times as many as may chat; the next reads 429; a WebSocket is one no longer."""

    async def page(_scope: object, _receive: object, send: object) -> None:
        raise AssertionError("nobody asks for a page")

    async def play() -> None:
        async with chatting(tmp_path, Listener(port=0), connections_per_address=1) as (parts, _):
            listener = Listener(kind=Kind.HTTP, port=0)
            listening = Listening(0, listener)
            listening.socket.close()
            gate = gate_for(parts, listening)
            server = make_uvicorn(page, partial(WebSocketConnection, gate), (), 1, gate.knock_at_http)
            ended = asyncio.create_task(server.run())

            async def serve(sock: object) -> None:
                accepting = await asyncio.get_running_loop().create_server(server.connect, sock=sock)  # type: ignore[call-overload]
                try:
                    await asyncio.Event().wait()
                finally:
                    accepting.close()

            async with serving(serve) as port:
                idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
                browser = await Browser.open(port)
                idle.append(await asyncio.open_connection("127.0.0.1", port))
                await asyncio.sleep(0.05)
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                told = await asyncio.wait_for(reader.read(), WAIT_S)
                assert told.startswith(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n")
                writer.close()
                for _, writer in idle:
                    writer.close()
                browser.writer.close()
                await asyncio.sleep(0.1)
                assert not parts.doors._knocking
            server.stop()
            await ended

    run(loop, play())


def test_a_place_is_given_back_once(loop: str, tmp_path: Path) -> None:
    """However often it is said; IPv6 counts by /64; who is exempt is not counted."""

    async def play() -> None:
        async with chatting(tmp_path, Listener(port=0), exempt=True, connections_per_address=1) as (parts, _):
            doors = parts.doors
            first = doors.knock(Stage.SHAKING, "2001:db8::1")
            assert first is not None
            assert doors.knock(Stage.SHAKING, "2001:db8::2") is None
            assert doors.knock(Stage.ENCRYPTING, "2001:db8::2") is not None
            first()
            first()
            assert doors.knock(Stage.SHAKING, "2001:db8::2") is not None
            for _ in range(3):
                assert doors.knock(Stage.SHAKING, "127.0.0.1") is not None
            assert doors.knock(Stage.SHAKING, "127.0.0.1", is_told=False) is not None
            assert doors.knock(Stage.SHAKING, "127.0.0.1", is_told=False) is None

    run(loop, play())
