"""What operators do to the archive from this machine: the deeds behind verbs that need the server or its place.

Each part of the work gives its deeds in a file of its own; a deed gets what it needs from the office and runs in a
thread. A verb asks for one through `app/asking.py`, which finds the running server or stands in for it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from parvis.app.config import Config
from parvis.app.keeping import Keeping
from parvis.chat.service import Chat
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.openings import Openings
from parvis.ports.journal import Journal
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore

T = TypeVar("T")

LOOP_WAIT_S: Final = 30.0
"""Longest wait of a thread for the loop; ours: a turn takes milliseconds."""

Words = dict[str, Any]
"""What a deed is told, and what it answers: a JSON object."""
Deed = Callable[["Office", Words], Words]


class NotDone(Exception):
    """A deed was refused or failed; nothing was changed. The text is a whole sentence for whoever asked."""


class Office:
    """What deeds work with."""

    def __init__(
        self,
        config: Config,
        loop: asyncio.AbstractEventLoop,
        chat: Chat,
        journal: Journal,
        sealed: SealedStore,
        keys: KeyStore,
        absences: AbsenceBook,
        keeping: Keeping,
        holds: Holds,
        erasures: Erasures,
        openings: Openings,
    ) -> None:
        """Put the parts on the table."""
        self.config = config
        self.chat = chat
        self.journal = journal
        self.sealed = sealed
        self.keys = keys
        self.absences = absences
        self.keeping = keeping
        self.openings = openings
        self.holds = holds
        self.erasures = erasures
        self._loop = loop

    @property
    def data_dir(self) -> Path:
        """Give the data folder."""
        return self.config.server.data_dir

    def now_ms(self) -> int:
        """Give the time."""
        return self.chat.clock.now_ms()

    def on_loop(self, call: Callable[[], T]) -> T:
        """Do something to the chat, in its own thread, as one act of a turn.

        Raises:
            NotDone: The loop did not come to it in time.
        """
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def act() -> None:
            if not done.set_running_or_notify_cancel():
                return
            self.chat.turn.begin()
            try:
                done.set_result(call())
            except Exception as fault:  # noqa: BLE001  # it belongs to who asked
                done.set_exception(fault)

        self._loop.call_soon_threadsafe(act)
        try:
            return done.result(LOOP_WAIT_S)
        except TimeoutError:
            done.cancel()
            raise NotDone("The server is too busy. Try again.") from None
