"""Where keys are kept: apart from the database, so that a copy of one is of no use without the other."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from parvis.archive.log_keys import LogKey
from parvis.archive.terms import TermKey


class KeyStore(Protocol):
    """The server's own keys.

    Durability: once a change returns, what was added survives a power cut and what was destroyed is in no file; until
    then none of the new ones is used.
    Concurrency: any thread may call; changes wait for each other.
    Failure: a store that cannot be written raises `ArchiveError` or `OSError` and keeps what it had.
    """

    def derived(self, purpose: bytes) -> bytes:
        """Give 32 bytes that belong to this server and this purpose, the same at each start.

        For cloaks, for the ids of private conversations: each purpose has its own bytes, and none tells the
        secret.
        """

    def term_keys(self) -> Sequence[TermKey]:
        """Give every term key that is not destroyed: the same object until one is made or destroyed."""

    def change_term_keys(self, add: Sequence[TermKey] = (), destroy: Collection[bytes] = ()) -> None:
        """Keep more term keys, and destroy those with these ids, durably and both at once.

        A key whose id is in both is replaced: a hold that is extended keeps its key and gets another end.
        """

    def log_keys(self) -> Sequence[LogKey]:
        """Give every key that signs or signed checkpoints, the oldest first; none before the log begins."""

    def change_log_keys(self, change: Callable[[Sequence[LogKey]], Sequence[LogKey]]) -> None:
        """Keep what a call makes of the keys of the log; it is given those that are kept, and no other change is."""
