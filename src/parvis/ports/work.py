"""Work that takes too long for the event loop: hashes of passwords, reading from disk."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Work(Protocol):
    """A few threads beside the event loop.

    Concurrency: `task` runs in a thread, sees nothing of the world and changes nothing of it; `done` is called on
    the event loop, exactly once, never inside the call.
    Failure: `done` gets None when the task raised, or when too much waits already. What it raised is logged.
    """

    def __call__(self, task: Callable[[], T], done: Callable[[T | None], None]) -> None:
        """Do the task beside the loop, then say what came of it."""
