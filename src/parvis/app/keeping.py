"""The thread that ends terms: at the start, at each midnight UTC and a little, every hour, and when a hold ends.

Holds end with terms, since each is one more term; erasures that are due follow, since what a hold kept may be theirs.
"""

import threading
from collections.abc import Callable
from typing import Final

import structlog
from msgspec.structs import asdict

from parvis.archive.terms import DAY_MS, HOUR_MS
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.terms import Ended, Stopped, TermEnder
from parvis.ports.archive import ArchiveError

AFTER_MIDNIGHT_MS: Final = 60_000
"""How long after midnight the terms that end with a day are ended; ours: the clocks of two machines differ."""

STOP_WAIT_S: Final = 90.0
"""Longest wait for a run to leave off when the server stops: a commit may take a minute to be given up."""

log = structlog.get_logger()


class Stop:
    """Lets a thread wait, and tells it when the server ends."""

    def __init__(self) -> None:
        """Go on."""
        self._event = threading.Event()

    def now(self) -> None:
        """End whatever waits."""
        self._event.set()

    def __call__(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            Stopped: The server ends.
        """
        if self._event.wait(seconds):
            raise Stopped


class Keeping:
    """Keeps what was promised of terms while the server runs."""

    def __init__(
        self,
        ender: TermEnder,
        holds: Holds,
        erasures: Erasures,
        now_ms: Callable[[], int],
        stop: Stop,
        sweep: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Do nothing yet.

        Args:
            ender: Ends what is due.
            holds: What is kept beyond its term.
            erasures: What goes before it.
            now_ms: Gives the time; called from threads.
            stop: What the ender's pauses wait on.
            sweep: Removes files whose term has ended, given the time.
        """
        self._ender = ender
        self._holds = holds
        self._erasures = erasures
        self._now_ms = now_ms
        self._stop = stop
        self._sweep = sweep
        self._thread: threading.Thread | None = None
        self._begun = Ended()
        """What the beginning ended: the first run tells of it."""

    def begin(self) -> None:
        """Destroy the keys that are due, before anybody is served; blocks.

        Raises:
            ArchiveError, OSError: They could not be destroyed.
        """
        self._begun = self._begun.plus(self._destroy_due(self._now_ms()))

    def start(self) -> None:
        """Do the rest, and go on doing it, in a thread."""
        self._thread = threading.Thread(target=self._go_on, name="terms", daemon=True)
        self._thread.start()

    def end_due(self) -> Ended:
        """End what is due now; blocks.

        Raises:
            ArchiveError, OSError: It could not go on; the next run does.
            Stopped: The server ends.
        """
        now_ms = self._now_ms()
        begun, self._begun = self._begun, Ended()
        ended = begun.plus(self._destroy_due(now_ms)).plus(self._ender.run(now_ms))
        has_let_go = self._holds.forget_ended() > 0
        self._erasures.run(now_ms, now=has_let_go)
        self._sweep(now_ms)
        return ended

    def close(self) -> None:
        """Leave off in bounded time; blocks, while the loop still runs."""
        self._stop.now()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _destroy_due(self, now_ms: int) -> Ended:
        """Destroy the keys that are due. No hold changes between the wrapping of what it covers and that."""
        with self._holds.changing:
            self._holds.end_due(now_ms)
            return self._ender.destroy_due(now_ms)

    def _go_on(self) -> None:
        try:
            while True:
                try:
                    ended = self.end_due()
                    if ended != Ended():
                        log.info("terms ended", **asdict(ended))
                except (ArchiveError, OSError) as fault:
                    log.error("terms could not be ended; they are due again in an hour", why=str(fault))
                except Stopped:
                    raise
                except Exception:
                    # Whatever is wrong, nothing outlives its term in silence.
                    log.exception("terms could not be ended; they are due again in an hour")
                self._stop(wait_ms(self._now_ms(), self._holds.next_end_ms()) / 1000)
        except Stopped:
            return


def wait_ms(now_ms: int, hold_ends_ms: int | None = None) -> int:
    """Say how long to wait for the next run: an hour, or until midnight UTC and a little or the end of a hold."""
    if hold_ends_ms is not None:
        return max(1000, min(hold_ends_ms - now_ms, wait_ms(now_ms)))
    since_midnight_ms = now_ms % DAY_MS
    if since_midnight_ms < AFTER_MIDNIGHT_MS:
        return AFTER_MIDNIGHT_MS - since_midnight_ms
    return min(HOUR_MS, DAY_MS + AFTER_MIDNIGHT_MS - since_midnight_ms)
