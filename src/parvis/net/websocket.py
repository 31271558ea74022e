"""IRC over WebSocket: one line per message, text or binary, as the client prefers.

The class answers the opening handshake itself: uvicorn hands it the connection and the request head when the path
is `/irc` (docs/adr/0004-websocket-on-the-http-server.md), and a listener of kind `websocket` gives it the bare
connection. Source: RFC 6455; IRCv3 websocket.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from parvis.chat.client import NO_LINES
from parvis.irc.capabilities import BINARY_FRAMES, TEXT_FRAMES, wire_signature
from parvis.net import frames, handshake
from parvis.net.address import Address
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
        self._gate.doors.arrived(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: the handshake, or frames."""
        if self._state == self._OPEN:
            self._read_frames(self.unread + data if self.unread else data)
        elif self._state == self._HANDSHAKE:
            self._shake_hands(self.unread + data)

    def _shake_hands(self, data: bytes) -> None:
        answer = handshake.answer(data, self._gate.is_path, self._gate.allowed_origins)
        match answer:
            case handshake.Accepted():
                try:
                    found = client(answer.forwarded, Address(*self.address), self._gate.trusted)
                except Malformed:
                    self._reject(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    return
                self.address = (found.host, found.port or 0)
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
        try:
            split = frames.split_frames(data, self._partial)
        except frames.ProtocolError as error:
            self._close(error.close_code, str(error))
            return
        self.unread = split.rest
        self._partial = split.partial
        lines = NO_LINES
        for opcode, payload in split.messages:
            if opcode in (frames.TEXT, frames.BINARY):
                line = payload.rstrip(b"\r\n")
                if line:
                    # A message is one line: a line break inside it is no second command.
                    lines = [*lines, line.translate(_RETURNS)] if lines else [line.translate(_RETURNS)]
            elif opcode == frames.PING:
                self.send(frames.build_frame(frames.PONG, payload))
            elif opcode == frames.CLOSE:
                self._receive(lines)
                self._close(frames.close_code(payload) or frames.NORMAL, "")
                return
        self._receive(lines)

    def _receive(self, lines: list[bytes]) -> None:
        if lines and not self.gone:
            self._gate.intake.receive(self, lines)

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
            self.send(frames.build_close(frames.NORMAL))
        super().hang_up()
