"""The thread that gives durable records their places in the log and signs checkpoints, slowly and beside the chat.

Rule: it waits for others and nobody waits for it. What it does is cut into steps of less than a millisecond of the
interpreter, with a rest after each.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from parvis.app.config import Config
from parvis.app.timestamps import NotStamped, Stamper
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.log.folder import LOG_NAME, LogFolder
from parvis.store.log.sequencing import Sequencing
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.sealed import SqliteSealed

SIGN_EVERY_S: Final = 10.0
"""How old a checkpoint gets while there is something new; ours."""

REST_S: Final = 0.004
"""Rest after each step: whoever talks comes first."""

LAST_PASS_S: Final = 10.0
"""How long the last pass may take when the server stops; what is left is placed by the next one."""

log = structlog.get_logger()


class Sequencer:
    """The log of a running server."""

    def __init__(
        self,
        sequencing: Sequencing,
        head: Callable[[], int],
        broken: Callable[[str], None],
        stamper: Stamper,
        *,
        every_s: float = SIGN_EVERY_S,
    ) -> None:
        """Do nothing before :meth:`start`.

        Args:
            sequencing: The log, opened.
            head: Gives the number of the newest record that is durable.
            broken: Called, from this thread, with the reason when the archive is not what was signed.
            stamper: Asks for time stamps.
            every_s: How often there may be a new checkpoint.
        """
        self._sequencing = sequencing
        self._head = head
        self._broken = broken
        self._stamper = stamper
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_broken = False
        self._failing = ""

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread if there is one, and place and sign what is left, in bounded time. Blocks."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._pass(until_s=time.monotonic() + LAST_PASS_S, rest_s=0.0)

    def _run(self) -> None:
        try:
            self._sequencing.mend()
        except ArchiveCorrupt as corrupt:
            self._break(corrupt)
        except (ArchiveError, OSError) as fault:
            self._fail(fault)
        while not self._stopping.is_set():
            self._pass()
            if not self._is_broken:
                self._stamp()
            self._stopping.wait(self._every_s)

    def _pass(self, until_s: float | None = None, rest_s: float = REST_S) -> None:
        """Place everything that is durable and sign it."""
        if self._is_broken:
            return
        try:
            head = self._head()
            while self._sequencing.advance(head):
                if until_s is not None and time.monotonic() > until_s:
                    break
                if until_s is None and self._stopping.wait(rest_s):
                    return
            self._sequencing.sign()
            self._failing = ""
        except ArchiveCorrupt as corrupt:
            self._break(corrupt)
        except (ArchiveError, OSError) as fault:
            self._fail(fault)

    def _stamp(self) -> None:
        signed, raw = self._sequencing.signed, self._sequencing.signed_raw
        if signed is None or raw is None:
            return
        try:
            self._stamper.stamp_if_due(signed.size, raw)
        except (NotStamped, OSError) as fault:
            log.warning("no time stamp of the log", why=str(fault))

    def _fail(self, fault: Exception) -> None:
        """Tell once what is in the way, and go back to what was signed: the next pass begins there."""
        why = fault.strerror or "" if isinstance(fault, OSError) else str(fault)
        if why != self._failing:
            log.error("the log cannot be written; it is tried again", why=why)
            self._failing = why
        try:
            self._sequencing.open()
        except ArchiveCorrupt as corrupt:
            self._break(corrupt)
        except (ArchiveError, OSError):
            # It is told already.
            return

    def _break(self, corrupt: ArchiveCorrupt) -> None:
        self._is_broken = True
        self._broken(str(corrupt))


def check_log(data_dir: Path) -> None:
    """Compare an archive that is not open yet with what its log has signed; nothing is written.

    Raises:
        ArchiveCorrupt: It is not what was signed.
    """
    if not (data_dir / DATABASE_NAME).is_file() or not (data_dir / KEYFILE_NAME).is_file():
        return
    try:
        _sequencing(data_dir, SqliteSealed(data_dir), KeyFile(data_dir / KEYFILE_NAME), _never).open()
    except ArchiveCorrupt:
        raise
    except ArchiveError:
        # Whoever opens the archive finds the same and says it better.
        return


def make_sequencer(
    config: Config,
    sealed: SealedStore,
    keys: KeyStore,
    head: Callable[[], int],
    clock: Callable[[], int],
    loop: asyncio.AbstractEventLoop,
    stop_server: Callable[[str], None],
) -> tuple[Sequencer, list[str]]:
    """Open the log of an archive that is open; give with it what the operator should read.

    Raises:
        ArchiveError: It cannot be.
    """
    data_dir = config.server.data_dir
    sequencing = _sequencing(data_dir, sealed, keys, clock)
    notices = sequencing.begin(config.archive.log_origin or f"{config.server.name}/log")
    notices += sequencing.open()
    stamper = Stamper(config.archive, LogFolder(data_dir / LOG_NAME), clock)

    def broken(reason: str) -> None:
        loop.call_soon_threadsafe(stop_server, reason)

    return Sequencer(sequencing, head, broken, stamper), notices


def _sequencing(data_dir: Path, sealed: SealedStore, keys: KeyStore, clock: Callable[[], int]) -> Sequencing:
    return Sequencing(LogFolder(data_dir / LOG_NAME), sealed, keys, clock, os.urandom)


def _never() -> int:
    raise AssertionError("nothing is signed here")
