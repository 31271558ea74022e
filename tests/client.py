"""A synchronous IRC client for tests: it keeps every byte, and waits for lines instead of for time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Final, Self

PATIENCE_S: Final = 20.0
"""How long a line is waited for before a test fails: far longer than any takes."""

_tokens = count(1)


class Closed(Exception):
    """The server has closed the connection."""


@dataclass(frozen=True)
class Message:
    """A line from the server, parsed by rules of its own, so that the server is not tested with its own parser."""

    raw: bytes = field(repr=False)
    tags: dict[str, str]
    source: str
    command: str
    params: list[str]

    @property
    def nick(self) -> str:
        """Who it comes from, without user and host."""
        return self.source.partition("!")[0]

    @property
    def body(self) -> bytes:
        """The line without its tags and CR LF."""
        return self.raw.split(b" ", 1)[1] if self.raw.startswith(b"@") else self.raw


def read_message(raw: bytes) -> Message:
    """Read a line of the server; it fails if the line is no good line (RFC 1459, section 2.3; message-tags)."""
    assert raw
    assert b"\0" not in raw
    assert b"\r" not in raw
    text = raw.decode()
    tags: dict[str, str] = {}
    if text.startswith("@"):
        data, text = text[1:].split(" ", 1)
        for item in data.split(";"):
            key, _, value = item.partition("=")
            assert key, "a tag without key"
            for escaped, plain in (("\\:", ";"), ("\\s", " "), ("\\r", "\r"), ("\\n", "\n"), ("\\\\", "\\")):
                value = value.replace(escaped, plain)
            tags[key] = value
    assert len(text.encode()) <= 510, f"a body of {len(text.encode())} bytes"
    source = ""
    if text.startswith(":"):
        source, text = text[1:].split(" ", 1)
    head, colon, last = text.partition(" :")
    words = head.split(" ")
    assert "" not in words, f"two spaces in {head!r}"
    params = [*words[1:], last] if colon else words[1:]
    assert len(params) <= 15
    return Message(raw, tags, source, words[0], params)


class Client:
    """One connection."""

    def __init__(self, port: int, host: str = "127.0.0.1", *, receive_buffer: int = 0) -> None:
        """Connect; a small receive buffer makes a slow reader."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.nick = ""
        self.answers_ping = True
        self.read: list[Message] = []
        """Every line that came, in order."""
        self._unread = b""
        self._lines: list[Message] = []

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection, without QUIT."""
        self.socket.close()

    def _split(self, data: bytes) -> list[bytes]:
        """Take bytes that have come, and give the lines that are whole."""
        *whole, self._unread = (self._unread + data).split(b"\r\n")
        return whole

    def _frame(self, line: bytes) -> bytes:
        """Give a line as it is sent."""
        return line + b"\r\n"

    def send(self, *lines: str | bytes) -> None:
        """Send lines at once, each as the transport frames it."""
        data = [line.encode() if isinstance(line, str) else line for line in lines]
        self.send_raw(b"".join(map(self._frame, data)))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def next(self, patience_s: float = PATIENCE_S) -> Message:
        """Give the next line, waiting for it.

        Raises:
            Closed: The server closed the connection instead.
            TimeoutError: Nothing came.
        """
        end = time.monotonic() + patience_s
        while not self._lines:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.nick} waited in vain after {self.read[-3:]}")
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except ConnectionError as error:
                raise Closed from error
            if not data:
                raise Closed
            self._lines += [read_message(line) for line in self._split(data)]
        message = self._lines.pop(0)
        if message.command == "PING" and self.answers_ping:
            self.send(f"PONG :{message.params[-1]}")
        self.read.append(message)
        return message

    def until(self, command: str, wanted: Callable[[Message], bool] | None = None) -> Message:
        """Read until a command comes (and fits); give that one."""
        while True:
            message = self.next()
            if message.command == command and (wanted is None or wanted(message)):
                return message

    def offered(self) -> dict[str, str]:
        """Read the answer to CAP LS, on however many lines it comes; give values by capability."""
        words: list[str] = []
        while True:
            params = self.until("CAP").params
            words += params[-1].split()
            if len(params) == 3:
                return dict(word.partition("=")[::2] for word in words)

    def sync(self) -> list[Message]:
        """Give everything that comes before the answer to a PING: what was sent before has been answered then."""
        token = f"sync-{next(_tokens)}"
        self.send(f"PING {token}")
        messages: list[Message] = []
        while True:
            message = self.next()
            if message.command == "PONG" and message.params[-1] == token:
                return messages
            messages.append(message)

    def ask(self, *lines: str | bytes) -> list[Message]:
        """Send lines and give all that comes until they have been answered."""
        self.send(*lines)
        return self.sync()

    def one(self, line: str | bytes) -> Message:
        """Send a line to which there is exactly one answer, and give it."""
        messages = self.ask(line)
        assert len(messages) == 1, [message.raw for message in messages]
        return messages[0]

    def until_closed(self) -> list[Message]:
        """Give everything that comes until the server closes the connection."""
        messages: list[Message] = []
        while True:
            try:
                messages.append(self.next())
            except Closed:
                return messages

    def enter(self, nick: str, caps: Sequence[str] = (), *, user: str = "user", real_name: str = "Real name") -> Client:
        """Register under a pseudonym with capabilities, and read the welcome."""
        self.nick = nick
        if caps:
            self.send("CAP LS 302", f"CAP REQ :{' '.join(caps)}")
        self.send(f"NICK {nick}", f"USER {user} 0 * :{real_name}")
        if caps:
            self.send("CAP END")
        self.until("001")
        self.sync()
        return self

    def join(self, *rooms: str) -> Client:
        """Join rooms, and read what that brings."""
        for room in rooms:
            answers = self.ask(f"JOIN {room}")
            assert answers[0].command == "JOIN", answers
        return self


class WebSocketClient(Client):
    """The same over WebSocket, a line in each message. It reads frames by rules of its own.

    Source: RFC 6455, section 5.2; IRCv3 websocket.
    """

    OPCODES: Final = {"text.ircv3.net": 1, "binary.ircv3.net": 2}
    _CLOSE, _PING, _PONG = 8, 9, 10
    _MASK = b"\x37\xfa\x21\x3d"

    def __init__(self, port: int, subprotocol: str, host: str = "127.0.0.1") -> None:
        """Connect and shake hands."""
        super().__init__(port, host)
        self._opcode = self.OPCODES[subprotocol]
        self.close_code = 0
        """What the server gave as reason when it closed; 0 while it has not."""
        self.send_raw(
            f"GET /irc HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.socket.recv(65536)
            assert data, "closed before the handshake was answered"
            head += data
        head, _, self._unread = head.partition(b"\r\n\r\n")
        fields = [line.lower() for line in head.decode().split("\r\n")]
        assert fields[0].startswith("http/1.1 101 ")
        # The example of RFC 6455, section 1.3.
        assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in fields
        assert f"sec-websocket-protocol: {subprotocol}" in fields
        self._lines += [read_message(line) for line in self._split(b"")]

    def _split(self, data: bytes) -> list[bytes]:
        self._unread += data
        lines: list[bytes] = []
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            match opcode:
                case self._CLOSE:
                    self.close_code = int.from_bytes(payload[:2], "big")
                case self._PING:
                    self.send_raw(self._masked(self._PONG, payload))
                case _:
                    assert opcode == self._opcode, f"a message with opcode {opcode}"
                    assert b"\n" not in payload, "a message is a line, without CR LF"
                    lines.append(payload)
        return lines

    def _next_frame(self) -> tuple[int, bytes] | None:
        data = self._unread
        if len(data) < 2:
            return None
        assert data[0] & 0xF0 == 0x80, "the server sends whole messages, with no extension"
        size, at = data[1], 2
        assert size < 0x80, "a server masks nothing"
        if size >= 126:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            return None
        self._unread = data[at + size :]
        return data[0] & 0x0F, data[at : at + size]

    def _frame(self, line: bytes) -> bytes:
        return self._masked(self._opcode, line)

    def _masked(self, opcode: int, payload: bytes) -> bytes:
        size = len(payload)
        if size < 126:
            head = bytes((size | 0x80,))
        else:
            head = b"\xfe" + size.to_bytes(2, "big") if size < 65536 else b"\xff" + size.to_bytes(8, "big")
        masked = bytes(byte ^ self._MASK[at % 4] for at, byte in enumerate(payload))
        return bytes((0x80 | opcode,)) + head + self._MASK + masked


def commands(messages: Sequence[Message]) -> list[str]:
    """List the commands of messages."""
    return [message.command for message in messages]


def only(messages: Sequence[Message], command: str) -> list[Message]:
    """Keep the messages of one command."""
    return [message for message in messages if message.command == command]
