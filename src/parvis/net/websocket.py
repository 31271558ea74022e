"""IRC over WebSocket: one line per message, text or binary, as the client prefers.

The class answers the opening handshake itself: uvicorn hands it the connection and the request head when the path
is `/irc` (docs/adr/0004-websocket-on-the-http-server.md), and a listener of kind `websocket` gives it the bare
connection. Source: RFC 6455; IRCv3 websocket.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from parvis.irc.capabilities import BINARY_FRAMES, TEXT_FRAMES, wire_signature
from parvis.net import frames, handshake
from parvis.net.address import Address, is_within
from parvis.net.forwarded import Malformed, client
from parvis.net.tcp import Connection

if TYPE_CHECKING:
    from parvis.net.gate import Gate

_RETURNS: Final = bytes.maketrans(b"\r\n", b"  ")


class WebSocketConnection(Connection):
    """A connection that speaks frames once its handshake is answered."""

    __slots__ = ("_partial", "_state")

    _HANDSHAKE, _OPEN, _CLOSING = range(3)

    def __init__(self, gate: Gate, address: Address | None = None) -> None:
        """Make a connection that is not open yet; without an address it is asked of the socket."""
        super().__init__(gate, address, TEXT_FRAMES)
        self._state = self._HANDSHAKE
        self._partial: frames.Partial | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open; nobody is let in before the handshake."""
        self._take(transport)
        self._gate.doors.arrived(self, is_counted=not is_within(self.address[0], self._gate.trusted))

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: the handshake, or frames."""
        if self.gone and self._state == self._HANDSHAKE:
            return
        if self._state == self._OPEN:
            if self.gone:
                # It was told to go and waits for its last lines.
                return
            unread, self.unread = self.unread, b""
            self._read_frames(unread + data if unread else data)
        elif self._state == self._HANDSHAKE:
            self._shake_hands(self.unread + data)

    def _shake_hands(self, data: bytes) -> None:
        answer = handshake.answer(data, self._gate.is_path, self._gate.allowed_origins)
        match answer:
            case handshake.Accepted():
                try:
                    found = client(answer.forwarded, Address(*self.address, told=self.is_told), self._gate.trusted)
                except Malformed:
                    self._reject(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    return
                if (found.host, found.port or 0) != self.address:
                    # What the proxy has shown is its own.
                    self.certificate = ""
                    self.via = "forwarded"
                self.address = (found.host, found.port or 0)
                # A trusted proxy that names nobody, or only proxies, does not lend anyone what its own address is due.
                self.is_told = found.told and not is_within(found.host, self._gate.trusted)
                binary = answer.subprotocol == handshake.BINARY_PROTOCOL
                self.transport_kind = BINARY_FRAMES if binary else TEXT_FRAMES
                self.signature = wire_signature(self.capabilities, self.transport_kind)
                self._state = self._OPEN
                self.unread = b""
                self.send(answer.response)
                self._gate.doors.opened(self)
                if answer.rest and not self.gone:
                    self._read_frames(answer.rest)
            case handshake.Rejected(response=response):
                self._reject(response)
            case _:
                self.unread = data

    def _reject(self, response: bytes) -> None:
        self._state = self._CLOSING
        self.unread = b""
        self.gone = True
        self.send(response)
        super().hang_up()

    def _read_frames(self, data: bytes) -> None:
        """Handle what arrived in pieces as large as may wait: who is held back or closed by one costs no more."""
        size = self._gate.chat.settings.read_queue_bytes
        if len(data) <= size:
            self._read_piece(data)
            return
        for at in range(0, len(data), size):
            self._read_piece(self.unread + data[at : at + size])
            if self.gone or self._state != self._OPEN:
                return

    def _read_piece(self, data: bytes) -> None:
        try:
            messages, self.unread, self._partial, unseen = frames.split_frames(data, self._partial)
        except frames.ProtocolError as error:
            # What stood before the mistake was said.
            self._handle(error.messages, 0)
            self._close(error.close_code, str(error))
            return
        self._handle(messages, unseen)

    def _handle(self, messages: list[tuple[int, bytes]], unseen: int) -> None:
        """Handle the lines, then answer for the rest: one pong for the last ping (RFC 6455, section 5.5.3).

        A frame that brings no line costs what a line costs, or it would be a way around the pace.
        """
        lines: list[bytes] = []
        ping: bytes | None = None
        close: bytes | None = None
        for opcode, payload in messages:
            if opcode in (frames.TEXT, frames.BINARY):
                line = payload.rstrip(b"\r\n")
                if line:
                    # A message is one line: a line break inside it is no second command.
                    lines.append(line.translate(_RETURNS))
                    continue
            elif opcode == frames.PING:
                ping = payload
            elif opcode == frames.CLOSE:
                close = payload
            unseen += 1
        intake = self._gate.intake
        if lines and not self.gone:
            intake.receive(self, lines)
        if unseen and close is None and not self.gone:
            intake.charge(self, unseen)
        if ping is not None and not self.gone:
            self.send(frames.build_frame(frames.PONG, ping))
        if close is not None:
            self._close(frames.close_code(close) or frames.NORMAL, "")

    def _close(self, code: int, why: str) -> None:
        """Answer with a close frame, then close; who was on it has left."""
        if self._state != self._OPEN:
            return
        self._state = self._CLOSING
        self.send(frames.build_close(code, why))
        super().hang_up()
        self._gate.doors.closed(self, why or "Connection closed")

    def hang_up(self) -> None:
        """Say goodbye with a close frame, then close."""
        if self._state == self._OPEN:
            self._state = self._CLOSING
            code = frames.GOING_AWAY if self._gate.chat.draining else frames.NORMAL
            self.send(frames.build_close(code))
        super().hang_up()
