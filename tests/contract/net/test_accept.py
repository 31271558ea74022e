"""Accepting over real sockets. Source: PROXY protocol, sections 2 and 2.2; DESIGN, "Configuration"."""

import asyncio
import contextlib
import gc
import resource
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import create_connection, socket

import pytest
from tests.contract.net.edge import LOOPS, WAIT_S, Saying, make_certificate, run, serving, trusting

from parvis.net.accept import listening_socket, serve_raw
from parvis.net.address import Address
from parvis.net.proxy_header import V2_SIGNATURE
from parvis.net.tls import Certificate

V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 6697\r\n"
V2 = V2_SIGNATURE + b"\x21\x11\x00\x13" + bytes([192, 0, 2, 7, 0, 0, 0, 0, 0xDC, 0x04, 0, 1]) + b"\x02\x00\x04chat"
HEADERS = {"v1": V1, "v2 with a field to skip": V2}
PEER_LINE = b"192.0.2.7 56324\n"

pytestmark = pytest.mark.parametrize("loop", LOOPS)


def proxied(
    reports: list[str] | None = None, tls: ssl.SSLContext | None = None, wait_s: float = WAIT_S, waiting_max: int = 64
) -> Callable[[socket], Awaitable[None]]:
    report = (reports if reports is not None else []).append
    return lambda sock: serve_raw(
        sock, Saying, tls, header_wait_s=wait_s, handshake_wait_s=wait_s, waiting_max=waiting_max, report=report
    )


async def speaks(port: int, header: bytes = V1) -> None:
    """Connect as a good client and be served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(header + b"hello\n")
    assert await asyncio.wait_for(reader.readline(), WAIT_S) == PEER_LINE
    assert await asyncio.wait_for(reader.readline(), WAIT_S) == b"hello\n"
    writer.close()


async def ends(reader: asyncio.StreamReader) -> bytes:
    """Wait for the server to close; give what it said."""
    try:
        return await asyncio.wait_for(reader.read(), WAIT_S)
    except ConnectionError:
        return b""


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_true_peer_is_known_and_the_client_s_bytes_are_untouched(loop: str, header: bytes) -> None:
    """The header is stripped to the byte, the source port is kept (DESIGN, "Configuration")."""

    async def play() -> None:
        async with serving(proxied()) as port:
            await speaks(port, header)

    run(loop, play())


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_comes_byte_by_byte_is_taken(loop: str, header: bytes) -> None:
    """TCP may cut anywhere, whatever the specification asks of senders."""

    async def play() -> None:
        async with serving(proxied()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for byte in header + b"hello\n":
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(0.001)
            assert await asyncio.wait_for(reader.readline(), WAIT_S) == PEER_LINE
            assert await asyncio.wait_for(reader.readline(), WAIT_S) == b"hello\n"
            writer.close()

    run(loop, play())


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", V2_SIGNATURE + b"\x20\x00\x00\x00"], ids=["v1", "v2"])
def test_without_an_address_the_peer_of_the_connection_stands(loop: str, header: bytes) -> None:
    """A proxy's own health checks come so (section 2.2, LOCAL)."""

    async def play() -> None:
        async with serving(proxied()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            mine = writer.get_extra_info("sockname")
            writer.write(header)
            assert await asyncio.wait_for(reader.readline(), WAIT_S) == f"{mine[0]} {mine[1]}\n".encode()
            writer.close()

    run(loop, play())


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_tls_begins_after_the_header(loop: str, header: bytes, tmp_path: Path) -> None:
    """The header stands in clear before the client's first TLS record (section 2, "anything else")."""
    cert, key = make_certificate(tmp_path)

    async def play() -> None:
        async with serving(proxied(tls=Certificate(cert, key).context)) as port:
            running = asyncio.get_running_loop()
            sock = socket()
            sock.setblocking(False)
            await running.sock_connect(sock, ("127.0.0.1", port))
            await running.sock_sendall(sock, header)
            reader, writer = await asyncio.open_connection(sock=sock, ssl=trusting(cert), server_hostname="localhost")
            assert await asyncio.wait_for(reader.readline(), WAIT_S) == PEER_LINE
            writer.write(b"hello\n")
            assert await asyncio.wait_for(reader.readline(), WAIT_S) == b"hello\n"
            writer.close()

    run(loop, play())


WRONG = {
    "garbage": (b"NICK camille\r\nUSER camille 0 * :x\r\n", "no PROXY header"),
    "a TLS hello": (bytes.fromhex("1603010200010001fc0303"), "no PROXY header"),
    "a header too long": (V2_SIGNATURE + b"\x21\x11\xff\xff", "PROXY header is 65551 bytes, limit is 536"),
    "half a header, then silence": (V1[:20], "PROXY header did not come in time"),
    "silence": (b"", "PROXY header did not come in time"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_is_closed_in_bounded_time_and_harms_nobody(loop: str, name: str) -> None:
    """Others come in while it waits and after it is closed, and the report shows nothing it sent."""
    sent, why = WRONG[name]

    async def play() -> None:
        reports: list[str] = []
        async with serving(proxied(reports, wait_s=0.3)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await speaks(port)
            assert await ends(reader) == b""
            writer.close()
            assert reports == [why]
            await speaks(port)

    run(loop, play())


@pytest.mark.parametrize("sent", [b"", V1[:20]], ids=["nothing", "half a header"])
def test_one_that_leaves_early_is_forgotten(loop: str, sent: bytes) -> None:
    """A closed connection waits for nothing."""

    async def play() -> None:
        reports: list[str] = []
        async with serving(proxied(reports)) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            await speaks(port)
            await asyncio.sleep(0.05)
            assert reports == ["connection ended before its PROXY header"]

    run(loop, play())


def test_when_too_many_wait_the_next_wait_in_the_kernel(loop: str) -> None:
    """Silent connections keep a sound one out until their time is over, and no longer."""

    async def play() -> None:
        reports: list[str] = []
        async with serving(proxied(reports, wait_s=0.3, waiting_max=4)) as port:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            await speaks(port)
            assert reports[0] == "too many connections are on their way to a protocol"
            for reader, writer in silent:
                assert await ends(reader) == b""
                writer.close()

    run(loop, play())


def test_all_who_come_back_at_once_are_served(loop: str) -> None:
    """After a proxy's restart everybody is there in one moment, headers sent (RFC 9293: the kernel holds them)."""
    many = 1500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))

    async def play() -> None:
        reports: list[str] = []
        sock = listening_socket("127.0.0.1", 0)
        waiting = []
        for _ in range(many):
            waiting.append(create_connection(sock.getsockname()))
            waiting[-1].sendall(V1)
        serving_all = asyncio.ensure_future(proxied(reports, waiting_max=512)(sock))
        for one in waiting:
            one.setblocking(False)
            said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(one, 100), WAIT_S)
            assert said == PEER_LINE
            one.close()
        serving_all.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving_all
        assert set(reports) <= {"too many connections are on their way to a protocol"}

    run(loop, play())


def test_a_failed_tls_handshake_harms_nobody(loop: str, tmp_path: Path) -> None:
    """What follows the header is no TLS: closed, told without an address, and others go on."""
    cert, key = make_certificate(tmp_path)

    async def play() -> None:
        reports: list[str] = []
        async with serving(proxied(reports, Certificate(cert, key).context, wait_s=0.5)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            silent_reader, silent_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(V1 + b"NICK camille\r\n" * 10)
            silent_writer.write(V1)
            await ends(reader)
            await ends(silent_reader)
            assert reports == ["TLS handshake failed"] * 2
            writer.close()
            silent_writer.close()

    run(loop, play())


def test_stopping_closes_those_that_wait_and_keeps_those_that_were_let_in(loop: str) -> None:
    """A drain stops the doors first; conversations end in their own time."""

    async def play() -> None:
        async with serving(proxied()) as port:
            inside, inside_writer = await asyncio.open_connection("127.0.0.1", port)
            inside_writer.write(V1)
            assert await inside.readline() == PEER_LINE
            waits, waits_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.05)
        assert await ends(waits) == b""
        inside_writer.write(b"still here\n")
        assert await asyncio.wait_for(inside.readline(), WAIT_S) == b"still here\n"
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)
        inside_writer.close()
        waits_writer.close()

    run(loop, play())


def test_a_fault_of_ours_with_one_connection_does_not_end_the_listener(loop: str) -> None:
    """It is told to the loop's handler, and the next one is served."""

    async def play() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
        broken = [True]

        def make(peer: Address) -> asyncio.Protocol:
            if broken.pop() if broken else False:
                raise RuntimeError("broken")
            return Saying(Address("192.0.2.7", 56324))

        async with serving(lambda sock: serve_raw(sock, make)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(V1)
            assert await ends(reader) == b""
            assert [str(fault) for fault in faults] == ["broken"]
            writer.close()
            await speaks(port)

    run(loop, play())


def test_a_port_that_is_taken_says_so(loop: str) -> None:
    """The error carries `errno`, from which the start makes its sentence."""
    first = listening_socket("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        listening_socket("127.0.0.1", first.getsockname()[1])
    first.close()
    gc.collect()
