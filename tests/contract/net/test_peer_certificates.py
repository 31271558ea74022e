"""Certificates of clients: asked for, never demanded, known by their fingerprint.

Sources: RFC 8446, sections 4.4.2 to 4.4.3; IRCv3 sasl 3.1 (EXTERNAL); docs/adr/0018-certificates-of-clients.md.
"""

import asyncio
import contextlib
import ssl
from hashlib import sha256
from pathlib import Path

import pytest
from tests.contract.net.edge import LOOPS, WAIT_S, make_certificate, run, trusting
from tests.contract.net.house import UPGRADE, chatting, let_in

from parvis.app.config import Kind, Listener
from parvis.app.wiring import Parts
from parvis.net.address import networks
from parvis.net.tls import ALPN_HTTP, Certificate, TlsUnusable

pytestmark = pytest.mark.parametrize("loop", LOOPS)


def door(folder: Path, kind: Kind = Kind.IRC, asks: bool = True) -> tuple[Listener, ssl.SSLContext]:
    """Make a listener with a certificate, and a client's context that trusts it."""
    cert, key = make_certificate(folder)
    key.chmod(0o600)
    listener = Listener(kind=kind, port=0, tls_cert=cert, tls_key=key, client_certificates=asks)
    return listener, trusting(cert)


def who_is_here(parts: Parts) -> str:
    """Give the certificate of the only connection."""
    [client] = parts.doors._connections
    return client.certificate


async def shown(parts: Parts, port: int, context: ssl.SSLContext, first: bytes = b"") -> str:
    """Connect, say PING over it, and give the fingerprint that the server knows the connection by."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    writer.write(first or b"PING :" + b"x" * 300 + b"\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n"), WAIT_S)
    await let_in(parts)
    known = who_is_here(parts)
    writer.close()
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        await asyncio.wait_for(writer.wait_closed(), WAIT_S)
    for _ in range(int(WAIT_S / 0.01)):
        if not parts.doors.open_connections:
            break
        await asyncio.sleep(0.01)
    return known


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_nobody_known_is_taken_and_known_by_its_fingerprint(
    loop: str, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    """Signed by itself: SHA-256 of its DER; without one, nothing is known and nobody is turned away."""
    listener, context = door(tmp_path)
    context.maximum_version = version
    cert, key = make_certificate(tmp_path, "camille")
    own = trusting(tmp_path / "localhost.pem")
    own.maximum_version = version
    own.load_cert_chain(cert, key)

    async def play() -> None:
        async with chatting(tmp_path / "data", listener) as (parts, [port]):
            der = ssl.PEM_cert_to_DER_cert(cert.read_text())
            assert await shown(parts, port, own) == sha256(der).hexdigest()
            assert await shown(parts, port, context) == ""

    run(loop, play())


@pytest.mark.parametrize(("kind", "asks", "known"), [(Kind.WEBSOCKET, False, False), (Kind.WEBSOCKET, True, True)])
def test_browsers_are_asked_only_where_the_operator_says_so(
    loop: str, kind: Kind, asks: bool, known: bool, tmp_path: Path
) -> None:
    """A page that asks for a certificate opens a window in the browser."""
    listener, _ = door(tmp_path, kind, asks)
    own = trusting(tmp_path / "localhost.pem")
    own.load_cert_chain(*make_certificate(tmp_path, "camille"))

    async def play() -> None:
        async with chatting(tmp_path / "data", listener) as (parts, [port]):
            assert bool(await shown(parts, port, own, UPGRADE % b"")) is known

    run(loop, play())


def test_what_a_proxy_shows_is_not_the_client_s(loop: str, tmp_path: Path) -> None:
    """Behind a trusted proxy the certificate of the connection is the proxy's."""
    cert, key = make_certificate(tmp_path)
    listener = Listener(
        kind=Kind.WEBSOCKET,
        port=0,
        tls_cert=cert,
        tls_key=key,
        client_certificates=True,
        trusted_proxies=networks(["127.0.0.1"]),
    )
    own = trusting(cert)
    own.load_cert_chain(*make_certificate(tmp_path, "proxy"))

    async def play() -> None:
        async with chatting(tmp_path / "data", listener) as (parts, [port]):
            assert await shown(parts, port, own, UPGRADE % b'Forwarded: for="203.0.113.7:4711"\r\n') == ""

    run(loop, play())


def test_much_data_passes_both_ways_and_a_goodbye_is_heard(loop: str, tmp_path: Path) -> None:
    """More than one TLS record (16 KiB) in each direction; close_notify ends it."""
    cert, key = make_certificate(tmp_path)
    certificate = Certificate(cert, key, ALPN_HTTP, client_certificates=True)
    big = bytes(range(256)) * 4096

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.readexactly(len(big))
        writer.write(data)
        await writer.drain()
        writer.close()

    async def play() -> None:
        server = await asyncio.start_server(repeat, "127.0.0.1", 0, ssl=certificate.context)
        port = server.sockets[0].getsockname()[1]
        context = trusting(cert)
        context.set_alpn_protocols(["h2", "http/1.1"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        session = writer.get_extra_info("ssl_object")
        assert session.selected_alpn_protocol() == "http/1.1"
        assert session.version() == "TLSv1.3"
        writer.write(big)
        assert await asyncio.wait_for(reader.read(-1), WAIT_S) == big
        writer.close()
        server.close()

    run(loop, play())


def test_noise_closes_one_connection(loop: str, tmp_path: Path) -> None:
    """Bytes that are no TLS end their own connection alone, and old TLS is refused."""
    listener, context = door(tmp_path)

    async def play() -> None:
        async with chatting(tmp_path / "data", listener) as (parts, [port]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"NICK plain\r\nUSER plain 0 * :x\r\n")
            await asyncio.wait_for(reader.read(), WAIT_S)
            writer.close()
            assert await shown(parts, port, context) == ""

    run(loop, play())


def test_a_renewed_certificate_is_served_and_a_bad_one_is_not(loop: str, tmp_path: Path) -> None:
    """As for listeners that ask for nothing (`test_tls.py`)."""
    cert, key = make_certificate(tmp_path)
    certificate = Certificate(cert, key, client_certificates=True)

    async def served() -> bytes | None:
        server = await asyncio.start_server(
            lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=certificate.context
        )
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1], ssl=context)
        der: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        server.close()
        return der

    async def play() -> None:
        first = await served()
        make_certificate(tmp_path)
        certificate.reload()
        second = await served()
        assert first != second
        other, _ = make_certificate(tmp_path, "other")
        cert.write_bytes(other.read_bytes())
        with pytest.raises(TlsUnusable, match="does not belong"):
            certificate.reload()
        assert await served() == second

    run(loop, play())
