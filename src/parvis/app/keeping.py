"""The thread that ends terms: at the start, at each midnight UTC and a little, every hour, and when a hold ends.

Holds end with terms, since each is one more term; erasures that are due follow, since what a hold kept may be theirs.
By a clock that is doubted nothing ends but windows (`moderation/term_clock.py`).
"""

import threading
from collections.abc import Callable
from typing import Final

import structlog
from msgspec.structs import asdict

from parvis.archive.terms import DAY_MS, HOUR_MS
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.term_clock import WINDOWS, TermClock
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
        clock: TermClock,
        stop: Stop,
        sweep: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Do nothing yet.

        Args:
            ender: Ends what is due.
            holds: What is kept beyond its term.
            erasures: What goes before it.
            clock: Gives the time, and says whether it may end terms.
            stop: What the ender's pauses wait on.
            sweep: Removes files whose term has ended, given the time.
        """
        self._ender = ender
        self._holds = holds
        self._erasures = erasures
        self._clock = clock
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
        now_ms = self._clock.now_ms()
        ended = self._destroy_due(now_ms) if self._is_sure(now_ms) else self._ender.destroy_due(now_ms, WINDOWS)
        self._begun = self._begun.plus(ended)

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
        now_ms = self._clock.now_ms()
        begun, self._begun = self._begun, Ended()
        if not self._is_sure(now_ms):
            return begun.plus(self._ender.destroy_due(now_ms, WINDOWS)).plus(self._ender.finish())
        ended = begun.plus(self._destroy_due(now_ms)).plus(self._ender.finish())
        has_let_go = self._holds.forget_ended() > 0
        self._erasures.run(now_ms, now=has_let_go)
        self._sweep(now_ms)
        return ended

    def doubt(self) -> str | None:
        """Say why terms are not ended by the clock as it is; None: they are.

        Raises:
            ArchiveError: What is believed could not be written.
        """
        now_ms = self._clock.now_ms()
        return None if self._clock.is_sure(now_ms) else self._clock.why(now_ms)

    def confirm_clock(self, by: str) -> None:
        """End terms by the clock as it is from now on.

        Raises:
            ArchiveError: It could not be written.
        """
        self._clock.confirm(self._clock.now_ms(), by)

    def close(self) -> None:
        """Leave off in bounded time; blocks, while the loop still runs."""
        self._stop.now()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _is_sure(self, now_ms: int) -> bool:
        is_sure = self._clock.is_sure(now_ms)
        if not is_sure:
            log.error("no term is ended: the clock is doubted", why=self._clock.why(now_ms))
        return is_sure

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
                self._stop(self._wait_ms() / 1000)
        except Stopped:
            return

    def _wait_ms(self) -> int:
        now_ms, hold_ends_ms = self._clock.now_ms(), self._holds.next_end_ms()
        if hold_ends_ms is not None and hold_ends_ms + AFTER_MIDNIGHT_MS <= now_ms:
            # It has ended and is still there: for the clock's sake, or because of what is in the way for an hour.
            return wait_ms(now_ms)
        return wait_ms(now_ms, hold_ends_ms)


def wait_ms(now_ms: int, hold_ends_ms: int | None = None) -> int:
    """Say how long to wait for the next run: an hour, or until midnight UTC and a little or the end of a hold."""
    if hold_ends_ms is not None:
        return max(1000, min(hold_ends_ms - now_ms, wait_ms(now_ms)))
    since_midnight_ms = now_ms % DAY_MS
    if since_midnight_ms < AFTER_MIDNIGHT_MS:
        return AFTER_MIDNIGHT_MS - since_midnight_ms
    return min(HOUR_MS, DAY_MS + AFTER_MIDNIGHT_MS - since_midnight_ms)
