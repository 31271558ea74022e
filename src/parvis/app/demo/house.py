"""A server of the replay's own: started as a program apart, ended when the play is over, then its archive is read."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec

from parvis.app.demo.member import ReplayFailed, parse_heard
from parvis.app.demo.stage import Stage, key_of
from parvis.irc.casemapping import fold
from parvis.model.ids import ConversationId
from parvis.model.records import RecordKind
from parvis.store.sqlite.reader import opened_records

START_TIMEOUT_S: Final = 30.0
"""How long the server may take to listen."""

STOP_TIMEOUT_S: Final = 30.0
"""How long it may take to seal what is left and end."""

_LAST_WORDS_BYTES: Final = 2000
_LISTENS: Final = "Parvis listens on "


class Kept(msgspec.Struct):
    """What the archive holds of one room: ``lines`` were said and are there, ``wrong`` are not, or not in order."""

    lines: int = 0
    wrong: int = 0


def own_configuration(data_dir: Path, port: int) -> str:
    """Write the configuration of a server for this machine alone, that lets many come from one address."""
    return (
        f'[server]\nprofile = "test"\ndata_dir = {msgspec.json.encode(str(data_dir)).decode()}\n'
        f'[[listen]]\nkind = "irc"\nport = {port}\n[limits]\nexempt_loopback = true\n'
    )


@asynccontextmanager
async def house(config_file: Path, environ: dict[str, str]) -> AsyncIterator[tuple[str, int]]:
    """Start a server, give its address for IRC without TLS, and end it as an operator would.

    Raises:
        ReplayFailed: It does not start, or does not end in order.
    """
    with tempfile.TemporaryFile() as log:
        words = [sys.executable, "-m", "parvis.cli.main", "serve", "--config", str(config_file)]
        server = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=log, env=environ)
        written = cast("asyncio.StreamReader", server.stdout)
        reading: asyncio.Task[None] | None = None
        try:
            address = await _address(written)
            if address is None:
                raise ReplayFailed("its own server does not start")
            reading = asyncio.create_task(_drain(written))
            yield address
            server.send_signal(signal.SIGTERM)
            async with asyncio.timeout(STOP_TIMEOUT_S):
                if await server.wait():
                    raise ReplayFailed(f"its own server ended with status {server.returncode}")
        except TimeoutError:
            raise ReplayFailed(f"its own server does not end within {STOP_TIMEOUT_S:.0f} s") from None
        except ReplayFailed as failed:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_WORDS_BYTES))
            last_words = log.read().decode(errors="replace").strip()
            raise ReplayFailed(f"{failed}. Its last words:\n{last_words}" if last_words else str(failed)) from failed
        finally:
            if reading is not None:
                reading.cancel()
            if server.returncode is None:
                server.kill()
                await server.wait()


async def _address(written: asyncio.StreamReader) -> tuple[str, int] | None:
    """Read what the server says until it names an address for IRC; None if it ends or says nothing more."""
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while line := (await written.readline()).decode():
                url = urlsplit(line.strip().removeprefix(_LISTENS))
                if line.startswith(_LISTENS) and url.scheme == "irc" and url.hostname and url.port:
                    return url.hostname, url.port
    except TimeoutError:
        return None
    return None


async def _drain(written: asyncio.StreamReader) -> None:
    while await written.read(4096):
        pass


def look_up(data_dir: Path, stages: Iterable[Stage]) -> dict[Stage, Kept]:
    """Hold the last run of an archive against what was played: every event of each room, in its order.

    Raises:
        ArchiveError: The archive cannot be read.
    """
    searches = {fold(stage.room.decode()): _Search(stage) for stage in stages}
    rooms: dict[ConversationId, _Search] = {}
    for record in opened_records(data_dir):
        if record.header.kind is RecordKind.RUN_STARTED:
            rooms.clear()
            for search in searches.values():
                search.begin()
            continue
        line = parse_heard(record.line)
        key = key_of(line.nick, line.command, line.params)
        if record.header.kind is RecordKind.JOINED and line.params:
            found = searches.get(fold(line.params[0].decode()))
            if found is not None:
                rooms[record.header.conversation] = found
        for conversation in (record.header.conversation, *record.rooms):
            search_there = rooms.get(conversation)
            if search_there is not None and not record.undelivered:
                search_there.look(key)
    return {search.stage: search.end() for search in searches.values()}


class _Search:
    """Looks for the lines of one room in an archive, in order."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._expected = [expected for expected in stage.expected if not expected.is_void]
        self._at = 0
        self._kept = Kept()

    def begin(self) -> None:
        """Begin again: what was found belongs to a run before."""
        self._at = 0
        self._kept = Kept()

    def look(self, key: bytes) -> None:
        """Take the next record of the room. What comes behind the last line is everybody's leave-taking."""
        expected = self._expected
        if self._at >= len(expected):
            return
        if expected[self._at].key != key:
            later = next((at for at in range(self._at, len(expected)) if expected[at].key == key), None)
            if later is None:
                self._kept.wrong += 1
                return
            self._kept.wrong += later - self._at
            self._at = later
        self._kept.lines += expected[self._at].is_text
        self._at += 1

    def end(self) -> Kept:
        """Count what was not found."""
        self._kept.wrong += len(self._expected) - self._at
        return self._kept
