"""The load generator notices every kind of wrong delivery: a benchmark that cannot fail proves nothing.

It is run against a square of a few dozen lines that fans messages out and misbehaves once, on purpose.
Source: bench/README.md, "What is checked".
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

SOURCE = Path(__file__).resolve().parents[2] / "bench" / "chat" / "ircload.c"
CAPS = "message-tags server-time account-tag batch echo-message labeled-response"
MISBEHAVES_AT = 25
"""Which delivery of a run goes wrong: some are right before it and after it."""

Fault = Literal[
    "none", "drop", "twice", "swap", "cut", "cut label", "no label", "label to all", "no time", "no msgid",
    "echo", "stranger", "hang up",
]  # fmt: skip
Send = Callable[[str], Awaitable[None]]


@dataclass(eq=False)
class Client:
    """A connection of the square."""

    send: Send
    hang_up: Callable[[], Awaitable[None]]
    nick: str = ""
    user: bool = False
    negotiating: bool = False
    caps: bool = False
    room: str = ""
    held: str = ""


@dataclass
class Square:
    """A chat server that does just enough, and one thing wrong."""

    fault: Fault
    clients: list[Client] = field(default_factory=list)
    deliveries: int = 0

    async def serve(self, client: Client, lines: AsyncIterator[str]) -> None:
        self.clients.append(client)
        try:
            async for line in lines:
                await self.on_line(client, line)
        except (ConnectionError, ConnectionClosed):
            pass
        finally:
            self.clients.remove(client)

    async def on_line(self, client: Client, line: str) -> None:
        tags, rest = line.split(" ", 1) if line.startswith("@") else ("", line)
        match rest.split(" ", 2):
            case ["CAP", "LS", _]:
                client.negotiating = True
                first, second = CAPS[:40].rsplit(" ", 1)[0], CAPS[:40].rsplit(" ", 1)[1] + CAPS[40:]
                await client.send(f":s CAP * LS * :{first}")
                await client.send(f":s CAP * LS :{second}")
            case ["CAP", "REQ", asked]:
                assert asked == f":{CAPS}"
                client.caps = True
                await client.send(f":s CAP * ACK {asked}")
            case ["CAP", "END"]:
                client.negotiating = False
                await self.welcome(client)
            case ["NICK", nick]:
                client.nick = nick
            case ["USER", *_]:
                client.user = True
                await self.welcome(client)
            case ["QUIT", *_]:
                await client.hang_up()
            case ["JOIN", room]:
                client.room = room
                await client.send(f":s 366 {client.nick} {room} :End")
            case ["PRIVMSG", target, body]:
                await self.fan_out(client, target, body, tags)

    async def welcome(self, client: Client) -> None:
        if client.user and not client.negotiating:
            await client.send(f":s 001 {client.nick} :Welcome")
            await client.send(f":s 422 {client.nick} :No MOTD")

    async def fan_out(self, sender: Client, target: str, body: str, tags: str) -> None:
        for client in list(self.clients):
            if client is sender:
                if sender.caps or self.wrong("echo"):
                    await self.deliver(client, sender, target, body, tags.removeprefix("@"))
            elif target in (client.room, client.nick) or (client.nick and self.wrong("stranger")):
                await self.deliver(client, sender, target, body, "")

    def wrong(self, fault: Fault) -> bool:
        """Say whether to misbehave now: once, but for the faults that hang on who is who."""
        if fault in ("echo", "stranger"):
            return self.fault == fault and self.deliveries >= MISBEHAVES_AT
        return self.fault == fault and self.deliveries == MISBEHAVES_AT

    async def deliver(self, client: Client, sender: Client, target: str, body: str, label: str) -> None:
        self.deliveries += 1
        if self.fault in ("no label", "cut label") and self.deliveries > MISBEHAVES_AT and label:
            label = label[:-1] if self.fault == "cut label" else ""
        if self.wrong("label to all"):
            label = "label=L00000000"
        if self.wrong("cut"):
            body = body[:-1]
        time = "" if self.wrong("no time") else "time=2026-01-01T00:00:00.000Z"
        msgid = "" if self.wrong("no msgid") else "msgid=m1"
        tags = ";".join(filter(None, (time, "account=a", label, msgid)))
        line = (f"@{tags} " if client.caps else "") + f":{sender.nick}!u@h PRIVMSG {target} {body}"
        if self.wrong("hang up"):
            await client.hang_up()
        elif self.wrong("swap"):
            client.held = line
        elif not self.wrong("drop"):
            await client.send(line)
            if self.wrong("twice"):
                await client.send(line)
            if client.held:
                client.held, late = "", client.held
                await client.send(late)


async def over_tcp(square: Square, arguments: list[str]) -> dict[str, Any]:
    """Run the generator against the square over TCP."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        async def hang_up() -> None:
            writer.close()

        async def lines() -> AsyncIterator[str]:
            while line := await reader.readline():
                yield line.decode().rstrip("\r\n")

        await square.serve(Client(send=send, hang_up=hang_up), lines())
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        return await generate(server.sockets[0].getsockname()[1], arguments, square.fault)


async def over_websocket(square: Square, arguments: list[str]) -> dict[str, Any]:
    """Run the generator against the square over WebSocket."""

    async def connected(socket: ServerConnection) -> None:
        async def lines() -> AsyncIterator[str]:
            async for line in socket:
                assert isinstance(line, str)
                yield line

        await square.serve(Client(send=socket.send, hang_up=socket.close), lines())

    async with serve(connected, "127.0.0.1", 0, subprotocols=[Subprotocol("text.ircv3.net")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        return await generate(port, ["--ws", "--path", "/irc", *arguments], square.fault)


async def generate(port: int, arguments: list[str], fault: Fault) -> dict[str, Any]:
    """Run the generator and return what it printed; its exit status must say the same.

    Where a delivery is missing the run never completes: only then is it cut short.
    """
    stall_s = "0.4" if fault in ("drop", "swap", "cut", "hang up") else "5"
    bounds = ["--settle-ms", "20", "--stall", stall_s, "--timeout", "10"]
    process = await asyncio.create_subprocess_exec(
        *[arguments[-1], "--port", str(port), *bounds, *arguments[:-1]], stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    printed: dict[str, Any] = json.loads(said)
    assert process.returncode == (0 if printed["ok"] else 1)
    return printed


@pytest.fixture(scope="module")
def ircload(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    built = tmp_path_factory.mktemp("ircload") / "ircload"
    strict = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu11"]
    subprocess.run([compiler, *strict, "-o", built, SOURCE], check=True)
    return str(built)


ROOM = ["--mode", "fanout", "--members", "4", "--senders", "2", "--window", "4", "--msgs", "10"]
ROOMS = [
    "--mode",
    "fanout",
    "--rooms",
    "2",
    "--members",
    "3",
    "--senders",
    "2",
    "--window",
    "2",
    "--msgs",
    "5",
]
PAIRS = ["--mode", "dm", "--pairs", "3", "--window", "2", "--msgs", "10"]
PINGPONG = ["--mode", "dm", "--pairs", "3", "--pingpong", "--msgs", "10"]


@pytest.mark.parametrize("over", [over_tcp, over_websocket])
@pytest.mark.parametrize(
    ("load", "deliveries"),
    [
        (ROOM, 60),
        ([*ROOM, "--caps"], 80),
        ([*ROOMS, "--caps"], 60),
        ([*PAIRS, "--caps"], 60),
        (PINGPONG, 60),
        ([*PINGPONG, "--caps"], 120),
    ],
)
def test_a_clean_run_is_ok(
    ircload: str,
    load: list[str],
    deliveries: int,
    over: Callable[[Square, list[str]], Awaitable[dict[str, Any]]],
) -> None:
    """With --caps every sender also reads each of its own messages once."""
    printed = asyncio.run(_as_coroutine(over(Square("none"), [*load, ircload])))
    assert printed["ok"], printed["first_error"]
    assert printed["received"] == printed["expected"] == deliveries
    assert not any(printed[counter] for counter in ("lost", "duplicates", "gaps", "foreign", "disconnects"))


@pytest.mark.parametrize(
    ("fault", "load", "counter"),
    [
        ("drop", ROOM, "lost"),
        ("drop", [*ROOM, "--caps"], "gaps"),
        ("twice", ROOM, "duplicates"),
        ("twice", [*ROOM, "--caps"], "duplicates"),
        ("swap", ROOM, "gaps"),
        ("swap", [*ROOM, "--caps"], "duplicates"),
        ("cut", [*ROOM, "--caps"], "foreign"),
        ("cut label", [*ROOM, "--caps"], "foreign"),
        ("no label", [*ROOM, "--caps"], "foreign"),
        ("no label", [*PAIRS, "--caps"], "foreign"),
        ("label to all", [*ROOM, "--caps"], "foreign"),
        ("no time", [*ROOM, "--caps"], "foreign"),
        ("no msgid", [*PINGPONG, "--caps"], "foreign"),
        ("echo", ROOM, "foreign"),
        ("stranger", ROOMS, "foreign"),
        ("hang up", ROOM, "disconnects"),
    ],
)
def test_a_wrong_delivery_is_counted(ircload: str, fault: Fault, load: list[str], counter: str) -> None:
    printed = asyncio.run(over_tcp(Square(fault), [*load, ircload]))
    assert not printed["ok"]
    assert printed[counter] > 0, printed


@pytest.mark.parametrize("fault", ["drop", "twice", "no label"])
def test_a_wrong_delivery_is_counted_over_websocket(ircload: str, fault: Fault) -> None:
    printed = asyncio.run(over_websocket(Square(fault), [*ROOM, "--caps", ircload]))
    assert not printed["ok"]
    assert printed["lost"] or printed["duplicates"] or printed["foreign"]


@pytest.mark.parametrize("over", [over_tcp, over_websocket])
def test_idle_connections_only_register(
    ircload: str, over: Callable[[Square, list[str]], Awaitable[dict[str, Any]]]
) -> None:
    square = Square("none")
    load = ["--mode", "idle", "--conns", "20", "--hold-ms", "20", ircload]
    printed = asyncio.run(_as_coroutine(over(square, load)))
    assert printed["ok"]
    assert printed["joined"] == 0
    assert square.deliveries == 0


async def _as_coroutine(awaited: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await awaited
