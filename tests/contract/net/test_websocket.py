"""IRC over WebSocket, frame by frame, in front of a whole chat. Source: RFC 6455; handbook, `[limits]`."""

from pathlib import Path
from typing import Any

import pytest
from tests.contract.net.edge import LOOPS, run
from tests.contract.net.house import Browser, chatting, masked

from parvis.app.config import Kind, Listener
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.net import frames

pytestmark = pytest.mark.parametrize("loop", LOOPS)

DOOR = Listener(kind=Kind.WEBSOCKET, port=0)


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gather for what reasons connections were closed: who floods may be reset before it reads its own."""
    gathered: list[str] = []
    leave = Chat.leave

    def noting(chat: Chat, client: Client, reason: str, **how: Any) -> None:
        gathered.append(reason)
        leave(chat, client, reason, **how)

    monkeypatch.setattr(Chat, "leave", noting)
    return gathered


def test_the_last_ping_of_a_read_is_answered(loop: str, tmp_path: Path) -> None:
    """A peer may send a pong for the newest ping alone (RFC 6455, section 5.5.3)."""

    async def play() -> None:
        async with chatting(tmp_path, DOOR) as (_, [port]):
            browser = await Browser.open(port)
            browser.writer.write(
                b"".join(masked(0x89, b"%d" % number) for number in range(8)) + masked(0x81, b"PING 1")
            )
            heard = await browser.until(frames.PONG)
            assert heard[-1] == (frames.PONG, b"7")
            browser.writer.close()

    run(loop, play())


BARE = {
    "pings": masked(0x89),
    "pongs": masked(0x8A),
    "empty messages": masked(0x81),
    "messages of line breaks": masked(0x81, b"\r\n"),
    "fragments": masked(0x01) + masked(0x00) + masked(0x80),
}


@pytest.mark.parametrize("kind", BARE)
def test_frames_without_a_line_have_the_pace_of_lines(loop: str, kind: str, tmp_path: Path, reasons: list[str]) -> None:
    """A flood of them ends the connection after a bounded number, and the work they made with it."""

    async def play() -> None:
        async with chatting(tmp_path, DOOR) as (parts, [port]):
            browser = await Browser.open(port)
            browser.writer.write(BARE[kind] * 4000)
            heard = await browser.to_the_end()
            assert reasons[0] == "Excess flood"
            assert len([opcode for opcode, _ in heard if opcode == frames.PONG]) < 16
            assert parts.chat.strangers == 0

    run(loop, play())


def test_a_few_pings_harm_nobody(loop: str, tmp_path: Path) -> None:
    """Who owes a little waits a little."""

    async def play() -> None:
        async with chatting(tmp_path, DOOR, commands_per_second=100) as (_, [port]):
            browser = await Browser.open(port)
            for number in range(3):
                browser.writer.write(masked(0x89, b"%d" % number) * 10)
                assert (await browser.until(frames.PONG))[-1][1] == b"%d" % number
            browser.writer.write(masked(0x81, b"NICK anna") + masked(0x81, b"USER anna 0 * :Anna"))
            await browser.until(frames.TEXT, b" 422 anna ")
            browser.writer.close()

    run(loop, play())


def test_who_is_exempt_may_ping_at_will(loop: str, tmp_path: Path) -> None:
    """`exempt_loopback` lifts every rate limit (docs/handbook/operator.md)."""

    async def play() -> None:
        async with chatting(tmp_path, DOOR, exempt=True) as (_, [port]):
            browser = await Browser.open(port)
            browser.writer.write(
                masked(0x89) * 4000 + masked(0x81, b"NICK anna") + masked(0x81, b"USER anna 0 * :Anna")
            )
            await browser.until(frames.TEXT, b" 422 anna ")
            browser.writer.close()

    run(loop, play())


def test_what_may_not_wait_is_not_decoded(
    loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reasons: list[str]
) -> None:
    """One large read is taken in pieces of `read_queue_bytes`, and ends with the connection."""
    seen: list[int] = []
    split = frames.split_frames

    def counting(buffer: bytes, partial: frames.Partial | None = None) -> frames.Split:
        seen.append(len(buffer))
        return split(buffer, partial)

    monkeypatch.setattr(frames, "split_frames", counting)

    async def play() -> None:
        async with chatting(tmp_path, DOOR, read_queue_bytes=8192) as (_, [port]):
            browser = await Browser.open(port)
            browser.writer.write(masked(0x81, b"x" * 40) * 20_000)
            await browser.to_the_end()
            assert reasons[0] == "Excess flood"
            assert max(seen) < 8192 * 2
            assert sum(seen) < 8192 * 6

    run(loop, play())


def test_what_stands_before_a_broken_frame_is_heard(loop: str, tmp_path: Path) -> None:
    """Whether a line counts does not hang on how TCP cut the stream."""

    async def play() -> None:
        async with chatting(tmp_path, DOOR) as (_, [port]):
            bert = await Browser.open(port)
            bert.writer.write(masked(0x81, b"NICK bert") + masked(0x81, b"USER bert 0 * :Bert"))
            await bert.until(frames.TEXT, b" 422 bert ")
            anna = await Browser.open(port)
            words = [b"NICK anna", b"USER anna 0 * :Anna", b"PRIVMSG bert :last words"]
            anna.writer.write(b"".join(masked(0x81, line) for line in words) + b"\x81\x01x")
            heard = await anna.until(frames.CLOSE)
            assert frames.close_code(heard[-1][1]) == frames.PROTOCOL_ERROR
            await bert.until(frames.TEXT, b":last words")
            anna.writer.close()
            bert.writer.close()

    run(loop, play())


def test_a_server_that_stops_says_that_it_goes_away(loop: str, tmp_path: Path) -> None:
    """1001 is "a server going down" (RFC 6455, section 7.4.1): a client may come back."""

    async def play() -> None:
        async with chatting(tmp_path, DOOR) as (parts, [port]):
            browser = await Browser.open(port)
            parts.doors.drain(lambda: None)
            heard = await browser.until(frames.CLOSE)
            assert frames.close_code(heard[-1][1]) == frames.GOING_AWAY
            browser.writer.close()

    run(loop, play())
