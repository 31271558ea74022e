"""Where keys are kept: apart from the database, so that a copy of one is of no use without the other."""

from collections.abc import Sequence
from typing import Protocol

from parvis.archive.terms import TermKey


class KeyStore(Protocol):
    """The server's own keys.

    Durability: once `add_term_keys` returns, the keys survive a power cut; until then none of them is used.
    Concurrency: the archive's writer adds; anyone may read.
    Failure: a store that cannot be written raises `ArchiveError` or `OSError` and keeps what it had.
    """

    def derived(self, purpose: bytes) -> bytes:
        """Give 32 bytes that belong to this server and this purpose, the same at each start.

        For cloaks, for the ids of private conversations: each purpose has its own bytes, and none tells the
        secret.
        """

    def term_keys(self) -> Sequence[TermKey]:
        """Give every term key that is not destroyed."""

    def add_term_keys(self, keys: Sequence[TermKey]) -> None:
        """Keep more term keys, durably."""
