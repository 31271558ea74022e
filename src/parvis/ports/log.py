"""What anybody may read of the log: hashes, proofs and what was signed, and never a record."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from parvis.archive.merkle import Tile


class NotInLog(Exception):
    """What was asked for is not in the log, or not yet. The text is a whole sentence for whoever asked."""


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs or signed checkpoints."""

    vkey: str
    """As https://c2sp.org/signed-note writes it."""
    since_ms: int
    until_ms: int | None
    """When it stops or stopped to sign; None while nothing follows it."""


class Inclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that a leaf is in a tree."""

    index: int
    size: int
    leaf_hash: bytes
    proof: list[bytes]


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that a tree is the beginning of another."""

    old: int
    new: int
    proof: list[bytes]


class PublicLog(Protocol):
    """The log as the world sees it: never further than its newest checkpoint.

    Durability: only what was signed is shown.
    Concurrency: every call may be made from any thread and blocks it for a few small files.
    Failure: `NotInLog`; `ArchiveError` when the records cannot be asked for a number's place.
    """

    def checkpoint(self) -> bytes:
        """Give the newest checkpoint, a signed note."""

    def tile(self, tile: Tile) -> bytes:
        """Give the bytes of a tile."""

    def keys(self) -> Sequence[PublishedKey]:
        """Give every key that signs or signed, the oldest first."""

    def inclusion(self, index: int, size: int | None) -> Inclusion:
        """Prove that the leaf of a place is in the tree of some size, by default the newest that was signed."""

    def index_of(self, run: int, counter: int) -> int:
        """Give the place of a record by its number."""

    def consistency(self, old: int, new: int | None) -> Consistency:
        """Prove that the tree of some size is the beginning of another, by default the newest that was signed."""

    def timestamp(self) -> bytes:
        """Give the newest time stamp of a checkpoint, as the authority answered (RFC 3161)."""
