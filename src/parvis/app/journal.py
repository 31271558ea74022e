"""The journal of a running server: what services in threads write goes through the turn of the loop."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Final

from parvis.chat.turn import Turn
from parvis.model.kept import Keep
from parvis.model.records import Unsealed
from parvis.ports.archive import ArchiveError, Upkeep

WAIT_S: Final = 60.0
"""Longest wait for a commit, twice what a text waits for an archive that fails; ours."""


class LoopJournal:
    """A :class:`parvis.ports.journal.Journal` in front of a turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, turn: Turn) -> None:
        """Write through a turn of this loop."""
        self._loop = loop
        self._turn = turn

    def write(self, records: Sequence[Unsealed] = (), upkeep: Sequence[Upkeep] = (), kept: Sequence[Keep] = ()) -> None:
        """Make all of it durable in one commit, or none. Blocks; not for the loop's own thread.

        Raises:
            ArchiveError: It is not durable after a minute; it may become so later.
        """
        done = threading.Event()
        self._loop.call_soon_threadsafe(self._turn.write, records, upkeep, kept, done.set)
        if not done.wait(WAIT_S):
            raise ArchiveError(f"the archive has not written for {WAIT_S:.0f} s")
