"""Threads for what takes too long for the event loop. A :class:`parvis.ports.work.Work`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import structlog

THREADS: Final = 2
"""Tasks done at once: a hash of a password takes tens of milliseconds and as many megabytes on purpose."""
WAITING_MAX: Final = 256
"""Most tasks that wait or are under way; ours. Each belongs to a connection that is not read meanwhile."""

T = TypeVar("T")

log = structlog.get_logger()


class Workers:
    """A few threads, made when first needed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int = THREADS) -> None:
        """Work for one loop, doing so many tasks at once."""
        self._loop = loop
        self._count = threads
        self._threads: ThreadPoolExecutor | None = None
        self._waiting = 0

    def __call__(self, task: Callable[[], T], done: Callable[[T | None], None]) -> None:
        """Do the task in a thread, then say what came of it on the loop."""
        if self._waiting >= WAITING_MAX:
            log.warning("too much waits for a thread; a task was not done")
            self._loop.call_soon(done, None)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="work")
        self._waiting += 1
        working = self._loop.run_in_executor(self._threads, task)

        def tell(result: asyncio.Future[T]) -> None:
            self._waiting -= 1
            if result.cancelled():
                done(None)
                return
            fault = result.exception()
            if fault is not None:
                log.error("a task in a thread failed", kind=type(fault).__name__)
                done(None)
                return
            done(result.result())

        working.add_done_callback(tell)

    def close(self) -> None:
        """Let the threads end."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
