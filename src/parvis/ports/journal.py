"""Where services that no command drives make things durable: openings, terms, holds, erasures, the vault."""

from collections.abc import Sequence
from typing import Protocol

from parvis.model.kept import Keep
from parvis.model.records import Unsealed
from parvis.ports.archive import Upkeep


class Journal(Protocol):
    """One more way into the batch that is being gathered.

    Durability: when `write` returns, all of it survives a power cut, and none of it was shown before.
    Concurrency: called from any thread but the event loop's; blocks it.
    Failure: `ArchiveError` when it is not durable in a bounded time; it may become so later.
    """

    def write(self, records: Sequence[Unsealed] = (), upkeep: Sequence[Upkeep] = (), kept: Sequence[Keep] = ()) -> None:
        """Make all of it durable in one commit, or none."""
