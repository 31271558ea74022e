"""One client of the demonstration: connects, enters under a name, sends lines, hands on what it hears.

Source: modern IRC, "Connection registration"; IRCv3 capability-negotiation, labeled-response, echo-message.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import msgspec

from parvis.app.demo.script import fit_name, other_name

CAPABILITIES: Final = ("batch", "echo-message", "labeled-response", "message-tags")
"""What a server must offer: without an echo and its label nobody can tell that a line has arrived."""

UNREAD_BYTES_MAX: Final = 16_384
"""Most bytes of a line from a server: 8191 of tags and 512 of body (IRCv3 message-tags), and room to spare."""

ENTRY_TIMEOUT_S: Final = 60.0
"""How long a client waits to be let in."""

NAMES_TRIED_MAX: Final = 20
"""How many names a client tries before it gives up."""


class ReplayFailed(Exception):
    """The replay cannot go on; the text is a sentence for people."""


class Ground(msgspec.Struct, frozen=True):
    """What a server says of its limits (RPL_ISUPPORT)."""

    nick_bytes: int = 9
    room_bytes: int = 50
    topic_bytes: int = 300
    reason_bytes: int = 200
    any_script: bool = False


class Heard(msgspec.Struct, frozen=True):
    """A line of the server, taken apart; bytes as they came."""

    tags: dict[bytes, bytes]
    nick: bytes
    command: bytes
    params: list[bytes]

    def __repr__(self) -> str:
        """Words stay out of logs."""
        return f"Heard({self.command!r})"


def parse_heard(line: bytes) -> Heard:
    """Take a line of a server apart."""
    tags: dict[bytes, bytes] = {}
    source = b""
    if line[:1] == b"@":
        data, _, line = line.partition(b" ")
        for item in data[1:].split(b";"):
            key, _, value = item.partition(b"=")
            tags[key] = value
    if line[:1] == b":":
        source, _, line = line[1:].partition(b" ")
    head, colon, trailing = line.partition(b" :")
    words = head.split() or [b""]
    if colon:
        words.append(trailing)
    return Heard(tags, source.partition(b"!")[0], words[0], words[1:])


class Member(asyncio.Protocol):
    """A client: from connecting to its end.

    Attributes:
        nick: The name under which it entered, or bears now.
        at: The place in the room's order of the line it is to hear next.
        until: The place behind the last line it is to hear; None while it stays.
        missing: Places that were passed over and may still come.
        batches: Labels of the answers that come in a batch.
    """

    def __init__(self, hear: Callable[["Member", bytes], None]) -> None:
        """Hand every line to `hear` once it has entered."""
        self.nick = b""
        self.at = 0
        self.until: int | None = None
        self.missing: set[int] = set()
        self.batches: dict[bytes, bytes] = {}
        self.mask_bytes = 0
        self.ground = Ground()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_words = "the connection was lost"
        self._hear = hear
        self._entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unread = b""
        self._transport: asyncio.Transport | None = None
        self._offered: set[bytes] = set()
        self._wanted = self._first = ""
        self._attempts = 0

    async def enter(self, host: str, port: int, name: str, ground: Ground) -> None:
        """Connect and register under a name, or one like it if it is taken.

        Raises:
            ReplayFailed: The server does not let it in.
        """
        self.ground = ground
        self._first = self._wanted = fit_name(name, ground.nick_bytes, any_script=ground.any_script)
        try:
            async with asyncio.timeout(ENTRY_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(lambda: self, host, port)
                self.send(b"CAP LS 302", f"NICK {self._wanted}".encode(), b"USER replay 0 * :A voice of a log")
                await self._entered
        except TimeoutError:
            raise ReplayFailed(f"{host}:{port} let nobody in for {ENTRY_TIMEOUT_S:.0f} s") from None
        except OSError as error:
            raise ReplayFailed(f"nobody answers at {host}:{port}: {error.strerror or error}") from error

    def send(self, *lines: bytes) -> None:
        """Send lines, without CR LF."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join([line + b"\r\n" for line in lines]))

    @property
    def is_connected(self) -> bool:
        """Tell whether there is a connection to end."""
        return self._transport is not None and not self.closed.done()

    def hang_up(self) -> None:
        """Close the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server answers."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own does not derive from it

    def data_received(self, data: bytes) -> None:
        """Hand on each whole line."""
        lines = (self._unread + data if self._unread else data).split(b"\r\n")
        self._unread = lines.pop()
        if len(self._unread) > UNREAD_BYTES_MAX:
            self.last_words = "the server sent a line without end"
            self.hang_up()
        hear = self._hear
        for line in lines:
            if self._entered.done():
                hear(self, line)
            else:
                self._greet(line)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio gives it
        """It is over."""
        if not self._entered.done():
            self._entered.set_exception(ReplayFailed(f"the server let {self._wanted} not in: {self.last_words}"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _greet(self, raw: bytes) -> None:
        line = parse_heard(raw)
        match line.command:
            case b"CAP" if len(line.params) > 2:
                self._capabilities(line.params[1], line.params[2:])
            case b"PING":
                self.send(b"PONG :" + line.params[-1])
            case b"001":
                self.nick = line.params[0]
            case b"005":
                self._limits([token.decode(errors="replace") for token in line.params[1:-1]])
            case b"432" | b"433" | b"436" | b"437":
                self._another_name(is_unfit=line.command == b"432")
            case b"376" | b"422":
                self._entered.set_result(None)
            case b"ERROR":
                self.last_words = line.params[-1].decode(errors="replace")

    def _capabilities(self, subcommand: bytes, words: list[bytes]) -> None:
        if subcommand == b"LS":
            self._offered |= {word.partition(b"=")[0] for word in words[-1].split()}
            if words[0] == b"*":
                return
            lacking = [name for name in CAPABILITIES if name.encode() not in self._offered]
            if lacking:
                self._give_up(f"the server does not offer {', '.join(lacking)}, without which nothing can be checked")
                return
            self.send(f"CAP REQ :{' '.join(CAPABILITIES)}".encode(), b"CAP END")
        elif subcommand == b"NAK":
            self._give_up("the server refuses the capabilities that it offers")

    def _give_up(self, why: str) -> None:
        self.last_words = why
        self.hang_up()

    def _another_name(self, *, is_unfit: bool) -> None:
        if self._attempts >= NAMES_TRIED_MAX:
            self._give_up("every name it tries is taken")
            return
        if is_unfit:
            self._first = fit_name(self._first, min(9, self.ground.nick_bytes), any_script=False)
        self._attempts += 1
        self._wanted = other_name(self._first, self._attempts, self.ground.nick_bytes)
        self.send(f"NICK {self._wanted}".encode())

    def _limits(self, tokens: list[str]) -> None:
        told = dict(token.partition("=")[::2] for token in tokens)
        names = {
            "nick_bytes": "NICKLEN",
            "room_bytes": "CHANNELLEN",
            "topic_bytes": "TOPICLEN",
            "reason_bytes": "KICKLEN",
        }
        found = {field: int(told[name]) for field, name in names.items() if told.get(name, "").isdecimal()}
        self.ground = msgspec.structs.replace(
            self.ground, **found, any_script="UTF8ONLY" in told or self.ground.any_script
        )
