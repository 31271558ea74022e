"""IRC over TCP and TLS: the connection, the client and the person in one object.

Rule 1: bytes go out in order. While the transport holds bytes back, `direct` is -1 and everything goes through it.
Rule 2: what a slow reader does not take is bounded by the send queue; past it the connection is closed with a
reason, and nobody else waits.
"""

from __future__ import annotations

import asyncio
from os import write
from typing import TYPE_CHECKING, Final, cast

from parvis.chat.client import Client
from parvis.irc.capabilities import STREAM
from parvis.irc.framing import split_lines
from parvis.net.address import Address, from_peername
from parvis.net.tls import fingerprint

if TYPE_CHECKING:
    from parvis.net.gate import Gate

NO_ADDRESS: Final = ("", 0)
"""Stands for an address that the socket is to be asked for."""
HANG_UP_S: Final = 3.0
"""How long a connection that is told to close may take to read what was sent."""


class Connection(Client, asyncio.Protocol):
    """What TCP and WebSocket connections share: sending, slow readers, closing."""

    __slots__ = ("_gate", "_transport")

    def __init__(self, gate: Gate, address: Address | None, transport_kind: int) -> None:
        """Make a connection that is not open yet; an address is given when a proxy has said it."""
        super().__init__((address.host, address.port or 0) if address is not None else NO_ADDRESS, transport_kind)
        if address is not None:
            self.is_told = address.told
        if gate.has_header:
            self.via = "proxy"
        self.listener = gate.listener
        self._gate = gate
        self._transport: asyncio.Transport | None = None

    def _take(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; ask the socket who comes when no proxy has said it."""
        self._transport = cast("asyncio.Transport", transport)
        if self.address is NO_ADDRESS:
            peer = from_peername(transport.get_extra_info("peername"))
            self.address = (peer.host, peer.port or 0)
        self.is_secure = transport.get_extra_info("sslcontext") is not None
        if self.is_secure:
            self.certificate = fingerprint(transport.get_extra_info("ssl_object"))
        # Any byte that waits counts as waiting, so that `direct` is right.
        self._transport.set_write_buffer_limits(high=0)
        self._go_direct()

    def _go_direct(self) -> None:
        transport = self._transport
        if transport is None or transport.get_write_buffer_size():
            # Bytes wait already, perhaps of an HTTP answer before the upgrade; `resume_writing` comes after them.
            return
        socket = transport.get_extra_info("socket")
        if socket is not None and transport.get_extra_info("sslcontext") is None:
            self.direct = socket.fileno()

    def pause_writing(self) -> None:
        """The socket is full: what comes next goes through the transport."""
        self.direct = -1

    def resume_writing(self) -> None:
        """Everything that waited is out."""
        if not self.gone:
            self._go_direct()

    def send(self, data: bytes) -> None:
        """Send now, or keep in the transport until the peer reads."""
        if self.direct < 0:
            self.send_later(data)
            return
        try:
            written = write(self.direct, data)
        except BlockingIOError:
            written = 0
        except OSError:
            self.give_up()
            return
        if written != len(data):
            self.send_later(data[written:])

    def send_later(self, data: bytes) -> None:
        """Give bytes to the transport; close a reader too slow."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        # What already waits counts, and not this: one long answer closes nobody who reads.
        if transport.get_write_buffer_size() > self._gate.chat.settings.send_queue_bytes and not self.gone:
            self._gate.too_slow(self)
            return
        transport.write(data)

    def hang_up(self) -> None:
        """Close once what was sent is out, or after `HANG_UP_S`."""
        transport = self._transport
        self.direct = -1
        if transport is not None and not transport.is_closing():
            transport.close()
            # Over TLS closing is a talk of two: who never answers is not waited for either.
            if transport.get_write_buffer_size() or transport.get_extra_info("sslcontext") is not None:
                self._gate.chat.clock.later(HANG_UP_S, transport.abort)

    def give_up(self) -> None:
        """Close at once: the peer cannot be written to, and nothing else may tell for as long as it is not read."""
        self.direct = -1
        if self._transport is not None:
            self._transport.abort()

    def stop_reading(self) -> None:
        """Read nothing more for now."""
        if self._transport is not None and not self.stopped and not self._transport.is_closing():
            self.stopped = True
            self._transport.pause_reading()

    def go_on_reading(self) -> None:
        """Read again."""
        if self._transport is not None and self.stopped and not self._transport.is_closing():
            self.stopped = False
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whichever side."""
        self.direct = -1
        self._transport = None
        self.unread = b""
        self._gate.doors.closed(self, "Connection closed" if exc is None else "Connection lost")


class TcpConnection(Connection):
    """One line per CR LF (RFC 1459)."""

    __slots__ = ()

    def __init__(self, gate: Gate, address: Address | None = None) -> None:
        """Make a connection that is not open yet; without an address it is asked of the socket."""
        super().__init__(gate, address, STREAM)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._take(transport)
        self._gate.doors.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: handle the lines that are whole."""
        lines, self.unread = split_lines(self.unread, data)
        if lines:
            self._gate.intake.receive(self, lines)
