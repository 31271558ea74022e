"""What the tests of the edge share: event loops, certificates, protocols that show who they speak to."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from parvis.net.address import Address

WAIT_S = 5.0
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def run(loop: str, play: Coroutine[Any, Any, None]) -> None:
    """Run one play to its end, on one of the two loops, in bounded time."""
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(asyncio.wait_for(play, 4 * WAIT_S))


class Saying(asyncio.Protocol):
    """Says who its peer is, then repeats what it hears."""

    def __init__(self, peer: Address) -> None:
        self.peer = peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are no subclasses of those of asyncio.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(f"{self.peer.host} {self.peer.port}\n".encode())

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


@contextlib.asynccontextmanager
async def serving(serve: Callable[[socket.socket], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve on a port of loopback while the block runs; give the port."""
    from parvis.net.accept import listening_socket

    sock = listening_socket("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    task = asyncio.ensure_future(serve(sock))
    try:
        yield port
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def serve_direct(
    sock: socket.socket, make_protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None
) -> None:
    """Accept until cancelled with what the event loop has for it, as listeners without a proxy do."""
    server = await asyncio.get_running_loop().create_server(make_protocol, sock=sock, ssl=tls)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Write a certificate signed by itself, valid for an hour, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))])
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def trusting(cert: Path) -> ssl.SSLContext:
    """Make a client's context that trusts one certificate."""
    return ssl.create_default_context(cafile=cert)
