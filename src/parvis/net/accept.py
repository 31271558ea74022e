"""Accepting connections that have something to do before they have a protocol: the PROXY header of a proxy that says
who is at the other end, a TLS handshake, or one after the other.

Each is counted by its true peer from the moment that is known. Whatever the listener speaks (IRC, HTTP, WebSocket,
with or without TLS), it gets its protocol from a function of the true peer. Behind a proxy the header is taken off the
raw socket before anything else reads it, TLS included: what has arrived is looked at with MSG_PEEK, and exactly the
header is taken.

Rule 1: one peer that is wrong or silent costs one socket for a bounded time, and nobody else anything.
Rule 2: no report carries an address.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Final

from parvis.net import proxy_header
from parvis.net.address import Address, from_peername

HEADER_WAIT_S: Final = 5.0
"""Longest wait for a whole PROXY header; the proxy sends it at once (PROXY protocol, section 2: at least 3 s)."""

HANDSHAKE_WAIT_S: Final = 10.0
"""Longest wait for a TLS handshake; a few round trips of the slowest phone, far below the 60 s of asyncio."""

SHUTDOWN_WAIT_S: Final = 3.0
"""Longest wait for a peer's goodbye of TLS (RFC 8446, section 6.1) before the connection is cut."""

HANDSHAKES_MAX: Final = 4096
"""Most TLS handshakes under way on one listener that is no proxy's; ours, a flood of honest clients who come back at
once. An address has a few of them alone (`chat/doors.py`)."""

WAITING_MAX: Final = 512
"""Most sockets between acceptance and their protocol on one listener; the next wait in the kernel. Whoever fills all
of them with silence holds each place for at most `HEADER_WAIT_S` and `HANDSHAKE_WAIT_S`, and only a proxy can reach
such a listener. Closing the oldest instead would close sound ones whenever many come back at once."""

TURN_ACCEPTS_MAX: Final = 64
"""Most sockets accepted before others have their turn: those accepted read their headers, those inside are served."""

BACKLOG: Final = 4096
"""Connections the kernel may hold for us; it lowers this to its own limit (net.core.somaxconn)."""

ACCEPT_PAUSE_S: Final = 0.2
"""Rest when the process or the machine has no file descriptor left, so that closing connections can catch up."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

MakeProtocol = Callable[[Address], asyncio.Protocol]
Knock = Callable[[Address], Callable[[], None] | None]
"""Counts a peer until what it gives is called; None: the peer has too many connections on their way."""
Report = Callable[[str], None]
"""Told in a few words why a connection was dropped before it had a protocol; for a counter and a log line."""


def _say_nothing(_why: str) -> None:
    pass


def _let_all_in(_peer: Address) -> Callable[[], None]:
    return lambda: None


def listening_socket(host: str, port: int) -> socket.socket:
    """Bind and listen, without blocking.

    Raises:
        OSError: The address cannot be had; `errno` says whether it is taken, forbidden or not ours.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" then means both families on every system, whatever its default.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        sock.setblocking(False)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


async def serve_raw(
    sock: socket.socket,
    make_protocol: MakeProtocol,
    ssl: SSLContext | None = None,
    *,
    header_wait_s: float = HEADER_WAIT_S,
    handshake_wait_s: float = HANDSHAKE_WAIT_S,
    waiting_max: int = WAITING_MAX,
    knock: Knock = _let_all_in,
    report: Report = _say_nothing,
    has_header: bool = True,
) -> None:
    """Accept on a listening socket until cancelled, taking a PROXY header off every connection first.

    Args:
        sock: Listening and not blocking; closed in the end. Connections that have their protocol go on.
        make_protocol: Makes the protocol of one true peer.
        ssl: TLS that begins after the header.
        header_wait_s: Time for the whole header.
        handshake_wait_s: Time for the TLS handshake after it.
        waiting_max: Sockets on their way to a protocol; while there are so many, none is accepted.
        knock: Counts each peer from its header to its protocol.
        report: Told why a connection was dropped.
        has_header: Whether a proxy stands in front; without one, there is a TLS handshake alone to wait for.
    """
    places = asyncio.Semaphore(waiting_max)
    accepted = 0
    full = False
    try:
        async with asyncio.TaskGroup() as group:
            while True:
                was_full, full = full, places.locked()
                if full and not was_full:
                    report("too many connections are on their way to a protocol")
                await places.acquire()
                conn = await _accept(sock, report)
                accepted += 1
                admission = _Admission(
                    conn=conn,
                    make_protocol=make_protocol,
                    ssl=ssl,
                    header_wait_s=header_wait_s,
                    handshake_wait_s=handshake_wait_s,
                    knock=knock,
                    report=report,
                    has_header=has_header,
                )
                group.create_task(admission.run()).add_done_callback(lambda _: places.release())
                if accepted % TURN_ACCEPTS_MAX == 0:
                    await asyncio.sleep(0)
    finally:
        sock.close()


async def _accept(sock: socket.socket, report: Report) -> socket.socket:
    while True:
        try:
            conn, _ = sock.accept()
        except (BlockingIOError, InterruptedError):
            await _readable(sock)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                report("no file descriptor left to accept with")
                await asyncio.sleep(ACCEPT_PAUSE_S)
            elif error.errno in {errno.EBADF, errno.EINVAL, errno.ENOTSOCK}:
                raise
            # Anything else is the fault of the connection that was about to be accepted (accept(2)).
        else:
            conn.setblocking(False)
            return conn


@dataclass(slots=True, kw_only=True)
class _Admission:
    """One socket on its way from `accept` to its protocol."""

    conn: socket.socket
    make_protocol: MakeProtocol
    ssl: SSLContext | None
    header_wait_s: float
    handshake_wait_s: float
    knock: Knock
    report: Report
    has_header: bool

    async def run(self) -> None:
        """Take the header, then hand the socket over; whatever goes wrong closes this socket and no other."""
        handed_over = False
        try:
            peer = await self._read_peer() if self.has_header else from_peername(self.conn.getpeername())
            if peer is None:
                return
            leave = self.knock(peer)
            if leave is None:
                # Before TLS there is no way to say so.
                self.report("its address has too many connections that have not begun")
                return
            try:
                handed_over = await self._hand_over(peer)
            finally:
                leave()
        except proxy_header.Malformed as malformed:
            self.report(str(malformed))
        except TimeoutError:
            self.report("PROXY header did not come in time")
        except OSError:
            self.report("connection was lost before its PROXY header")
        except Exception as error:  # noqa: BLE001 - our own fault with one connection must not end the listener
            fault = {"message": "a connection could not be given its protocol", "exception": error}
            asyncio.get_running_loop().call_exception_handler(fault)
        finally:
            if not handed_over:
                self.conn.close()

    async def _read_peer(self) -> Address | None:
        """Take exactly the header; None when the connection ends before it does."""
        peer = from_peername(self.conn.getpeername())
        held = b""
        async with asyncio.timeout(self.header_wait_s):
            while True:
                try:
                    seen = self.conn.recv(proxy_header.HEADER_BYTES_MAX - len(held), socket.MSG_PEEK)
                except (BlockingIOError, InterruptedError):
                    await _readable(self.conn)
                    continue
                if not seen:
                    self.report("connection ended before its PROXY header")
                    return None
                outcome = proxy_header.parse(held + seen)
                if isinstance(outcome, proxy_header.Parsed):
                    self.conn.recv(outcome.consumed - len(held))
                    return outcome.address or Address(peer.host, peer.port, told=False)
                # All of it belongs to the header: taken, it does not wake us again before there is more.
                held += self.conn.recv(len(seen))

    async def _hand_over(self, peer: Address) -> bool:
        loop = asyncio.get_running_loop()
        self.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await loop.connect_accepted_socket(
                lambda: self.make_protocol(peer),
                self.conn,
                ssl=self.ssl,
                ssl_handshake_timeout=self.handshake_wait_s if self.ssl else None,
                ssl_shutdown_timeout=SHUTDOWN_WAIT_S if self.ssl else None,
            )
        except OSError:
            self.report("TLS handshake failed" if self.ssl else "connection was lost before its protocol")
            return False
        return True


async def _readable(conn: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(conn, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(conn)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
