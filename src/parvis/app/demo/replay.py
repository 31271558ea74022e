"""A replay: logs are read, scripts played each in a room of its own, side by side, and all of it is checked."""

import asyncio
import os
import re
import resource
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from parvis.app.demo.chatlog import read_chatlog
from parvis.app.demo.house import Kept, house, look_up, own_configuration
from parvis.app.demo.member import ReplayFailed
from parvis.app.demo.script import Script, script_of
from parvis.app.demo.stage import Stage, Tally
from parvis.irc.casemapping import fold
from parvis.ports.archive import ArchiveError

LOG_BYTES_MAX: Final = 64 << 20
"""Largest log that is played."""

_NOT_IN_A_ROOM: Final = re.compile(r"[^\w.-]+")


class Venue(msgspec.Struct, frozen=True):
    """Where it is played.

    Attributes:
        host: A server that runs; None for one of its own.
        port: Its port; for a server of its own 0 is any free one.
        config_file: The configuration of a server of its own; None for one made for this.
        data_dir: Where the archive is afterwards; None if it is not to be looked at, or is thrown away.
    """

    host: str | None
    port: int
    config_file: Path | None
    data_dir: Path | None


class Played(msgspec.Struct, frozen=True):
    """What became of one log. ``kept`` is None where the archive was out of reach; ``unread``: lines not understood."""

    room: str
    unread: int
    empty: int
    tally: Tally
    kept: Kept | None

    @property
    def is_whole(self) -> bool:
        """Tell whether everything arrived and, where it can be known, is in the archive."""
        return self.tally.is_whole and (self.kept is None or not self.kept.wrong)


class Score(msgspec.Struct, frozen=True):
    """What became of a replay, and how long the playing took."""

    played: list[Played]
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Tell whether every room is."""
        return all(played.is_whole for played in self.played)


class Replay:
    """Logs that have been read, ready to be played."""

    def __init__(self, files: list[Path], room: str | None) -> None:
        """Read the logs and make a script of each.

        Args:
            files: The logs.
            room: The name of the first one's room, with `#` or without; None: the file's name. Further ones get
                a number.

        Raises:
            ReplayFailed: A file cannot be read, or holds nothing that can be played.
        """
        self._parts: list[tuple[str, Script, int, int]] = []
        taken: set[str] = set()
        for path in files:
            log = read_chatlog(_read(path))
            script = script_of(log)
            if not script.steps:
                raise ReplayFailed(f"{path} holds no line of a chat that can be played")
            wanted = name = "#" + (room or _NOT_IN_A_ROOM.sub("-", path.stem)).removeprefix("#")
            while fold(name) in taken:
                name = f"{wanted}-{len(taken) + 1}"
            taken.add(fold(name))
            self._parts.append((name, script, log.unread, log.empty))

    @property
    def steps(self) -> int:
        """Count the steps of all scripts."""
        return sum(len(script.steps) for _, script, _, _ in self._parts)

    async def play(self, venue: Venue, speed: float | None, progress: Callable[[], None]) -> Score:
        """Play everything, and check it.

        Args:
            venue: Where.
            speed: How many times faster than the logs; None: as fast as the server takes it.
            progress: Called after each step.

        Raises:
            ReplayFailed: It could not be played to its end.
        """
        _allow_many_connections()
        with tempfile.TemporaryDirectory(prefix="parvis-demo-") as folder:
            data_dir = venue.data_dir
            async with AsyncExitStack() as stack:
                if venue.host is not None:
                    address = venue.host, venue.port
                elif venue.config_file is not None:
                    address = await stack.enter_async_context(house(venue.config_file, dict(os.environ)))
                else:
                    data_dir = data_dir or Path(folder) / "data"
                    config_file = Path(folder) / "parvis.toml"
                    config_file.write_text(own_configuration(data_dir.resolve(), venue.port), encoding="utf-8")
                    # What the environment says of another server has no say in this one.
                    environ = {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}
                    address = await stack.enter_async_context(house(config_file, environ))
                stages = [Stage(*address, name, script, speed, progress) for name, script, _, _ in self._parts]
                began_s = monotonic()
                await _play_all(stages)
                seconds = monotonic() - began_s
            kept: dict[Stage, Kept] = {}
            if data_dir is not None:
                try:
                    kept = look_up(data_dir, stages)
                except ArchiveError as error:
                    raise ReplayFailed(f"the archive cannot be read: {error}") from error
        return Score(
            [
                Played(name, unread, empty, stage.tally, kept.get(stage))
                for (name, _, unread, empty), stage in zip(self._parts, stages, strict=True)
            ],
            seconds,
        )


async def _play_all(stages: list[Stage]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for stage in stages:
                group.create_task(stage.play())
    except* ReplayFailed as failures:
        first: BaseException = failures
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        failed = ReplayFailed(str(first))
    else:
        return
    raise failed


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LOG_BYTES_MAX:
            raise ReplayFailed(f"{path} is larger than {LOG_BYTES_MAX >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        raise ReplayFailed(f"{path} cannot be read: {error.strerror}") from error


def _allow_many_connections() -> None:
    """Let this process hold as many connections as the system lets it; the limit it begins with may be small."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
