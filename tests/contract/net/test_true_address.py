"""Whoever stands in between, the address and the source port are the client's own.

Three ways: WEBIRC `remote-port`, PROXY versions 1 and 2, and `Forwarded`. Sources: IRCv3 webirc; PROXY protocol,
section 2; RFC 7239, section 6; DESIGN, "identification vault" (address and source port).
"""

import asyncio
from pathlib import Path

import pytest
from tests.contract.net.edge import LOOPS, WAIT_S, make_certificate, run, trusting
from tests.contract.net.house import Browser, chatting, let_in

from parvis.app.config import Gateway, Kind, Listener
from parvis.app.readers import Secret
from parvis.app.wiring import Parts
from parvis.chat.client import Client
from parvis.net.address import networks
from parvis.net.proxy_header import V2_SIGNATURE

pytestmark = pytest.mark.parametrize("loop", LOOPS)

GATEWAY = Gateway(name="web", hosts=networks(["127.0.0.1"]), password=Secret("hunter2"))
V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 21726 6667\r\n"
V2 = V2_SIGNATURE + b"\x21\x11\x00\x0c" + bytes((203, 0, 113, 7, 192, 0, 2, 1)) + (21726).to_bytes(2) + b"\x1a\x0b"


async def only_one(parts: Parts) -> Client:
    """Give the only connection, once it is there."""
    await let_in(parts)
    [client] = parts.doors._connections
    return client


async def until(reader: asyncio.StreamReader, part: bytes) -> bytes:
    """Read lines up to one that holds some words."""
    while True:
        line = await asyncio.wait_for(reader.readuntil(b"\r\n"), WAIT_S)
        if part in line:
            return line


def test_it_survives_webirc(loop: str, tmp_path: Path) -> None:
    """Stated by the gateway, whose own connection counts no longer."""

    async def play() -> None:
        async with chatting(tmp_path, Listener(port=0), webirc=(GATEWAY,)) as (parts, [port]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"WEBIRC hunter2 web host.example 203.0.113.7 :secure remote-port=21726\r\nNICK anna\r\n")
            writer.write(b"USER a 0 * :a\r\n")
            await until(reader, b" 001 ")
            client = await only_one(parts)
            assert client.address == ("203.0.113.7", 21726)
            # From the gateway to here there is no TLS.
            assert not client.is_secure
            assert parts.doors._open == {"203.0.113.7": 1}
            writer.close()

    run(loop, play())


@pytest.mark.parametrize("header", [V1, V2])
@pytest.mark.parametrize("tls", [False, True])
def test_it_survives_the_proxy_protocol(loop: str, header: bytes, tls: bool, tmp_path: Path) -> None:
    """In front of TLS as well."""
    cert, key = make_certificate(tmp_path)
    door = Listener(port=0, proxy_protocol=True, tls_cert=cert if tls else None, tls_key=key if tls else None)

    async def play() -> None:
        async with chatting(tmp_path / "data", door) as (parts, [port]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(header)
            if tls:
                await writer.start_tls(trusting(cert), server_hostname="localhost")
            writer.write(b"PING x\r\n")
            await until(reader, b"PONG")
            client = await only_one(parts)
            assert client.address == ("203.0.113.7", 21726)
            assert (client.via, client.listener) == ("proxy", f"{'ircs' if tls else 'irc'}://127.0.0.1:{port}")
            assert client.is_secure is tls
            writer.close()

    run(loop, play())


def test_it_survives_forwarded(loop: str, tmp_path: Path) -> None:
    """For a WebSocket behind a trusted proxy."""
    door = Listener(kind=Kind.WEBSOCKET, port=0, trusted_proxies=networks(["127.0.0.1"]))

    async def play() -> None:
        async with chatting(tmp_path, door) as (parts, [port]):
            browser = await Browser.open(port, more=b'Forwarded: for="203.0.113.7:21726"\r\n')
            client = await only_one(parts)
            assert (client.address, client.via) == (("203.0.113.7", 21726), "forwarded")
            browser.writer.close()

    run(loop, play())


def test_a_gateway_over_tls_says_who_is_secure(loop: str, tmp_path: Path) -> None:
    """Both halves must be; the certificate shown is the gateway's and counts for nobody."""
    cert, key = make_certificate(tmp_path)
    context = trusting(cert)
    context.load_cert_chain(*make_certificate(tmp_path, "gateway"))

    async def play() -> None:
        door = Listener(port=0, tls_cert=cert, tls_key=key)
        async with chatting(tmp_path / "data", door, webirc=(GATEWAY,)) as (parts, [port]):
            for option, secure in ((b"secure=1", True), (b"local-port=6697", False)):
                opening = asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
                reader, writer = await opening
                writer.write(b"WEBIRC hunter2 web h 2001:db8::7 " + option + b"\r\nPING x\r\n")
                await until(reader, b"PONG")
                client = await only_one(parts)
                assert client.is_secure is secure
                assert client.certificate == ""
                assert list(parts.doors._open) == ["2001:db8::/64"]
                writer.close()
                for _ in range(500):
                    if not parts.doors.open_connections:
                        break
                    await asyncio.sleep(0.01)

    run(loop, play())
