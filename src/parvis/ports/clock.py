"""Time and timers, as the services need them."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that waits."""

    def cancel(self) -> None:
        """Forget it."""


class Clock(Protocol):
    """The event loop's time and timers."""

    def now_ms(self) -> int:
        """Give the time of day in milliseconds since 1970 UTC. It may step back."""

    def steady_s(self) -> float:
        """Give seconds that never step back, from an arbitrary start."""

    def later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Call once, on the event loop, after a delay."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call once, on the event loop, when all input that is ready now has been read."""
