"""The event loop's time and timers, as `ports/clock.py` wants them."""

import asyncio
from collections.abc import Callable
from time import monotonic, time_ns

from parvis.ports.clock import Timer


class LoopClock:
    """A `parvis.ports.clock.Clock` on an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use a loop."""
        # The loop's own time moves by milliseconds.
        self.steady_s: Callable[[], float] = monotonic
        self._loop = loop

    def now_ms(self) -> int:
        """Give the time of day in milliseconds since 1970 UTC."""
        return time_ns() // 1_000_000

    def later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Call once after a delay."""
        return self._loop.call_later(delay_s, call)

    def soon(self, call: Callable[[], None]) -> None:
        """Call once when all input that is ready now has been read."""
        self._loop.call_soon(call)
