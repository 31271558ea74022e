"""What is stored, as it is stored: for terms, holds, openings, erasure and the log. Nothing is opened here."""

from collections.abc import Collection, Iterator
from typing import Protocol

import msgspec

from parvis.archive.absences import Absence
from parvis.archive.content_keys import CustodyWrap
from parvis.archive.custody import CustodianKey
from parvis.model.ids import ConversationId, IdentityId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import DataKind
from parvis.ports.archive import VaultKey, VaultRow


class StoredRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a store keeps it; header, salt and ciphertext may be gone."""

    number: int
    header: bytes | None
    salt: bytes | None
    ciphertext: bytes | None
    leaf: bytes


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a content key beside its wraps for custodians."""

    id: bytes
    conversation: ConversationId
    hour: int
    run: int
    data: DataKind
    first_id: int
    """Number of its first record; 0 where that was not kept."""
    visible_term: bytes | None
    """The term key of its visible wrap; None when that is gone."""
    visible_wrap: bytes | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted: those that meet everything that is given."""

    first_id: int = 0
    last_id: int = (1 << 63) - 1
    content_keys: frozenset[bytes] | None = None
    author: IdentityId | None = None
    conversation: ConversationId | None = None


class SealedStore(Protocol):
    """The rows of an archive.

    Durability: only what is durable is read; changes go through `Journal`.
    Concurrency: every call may be made from any thread and blocks it; what is given in parts is read in parts, so that
    neither the writer nor memory waits for a long reading. Rows that are written meanwhile may be among them or not.
    Failure: `ArchiveError`.
    """

    def head(self) -> int:
        """Give the number of the newest record, 0 without any."""

    def runs(self) -> list[tuple[int, int]]:
        """Give every run that has records with the counter of its newest one, in order: they count from 1."""

    def rows(self, wanted: Wanted) -> Iterator[StoredRow]:
        """Give rows in the order of their numbers. Rows without header are given where only numbers are asked for."""

    def headers(self, after: int, limit: int) -> list[tuple[int, bytes | None]]:
        """Give numbers and headers of at most so many records after a number, in order; None where it is gone."""

    def leaves(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Give numbers and leaves of at most so many records after a number, in order."""

    def content_keys(self, first_hour: int = 0, last_hour: int = 1 << 62) -> Iterator[StoredKey]:
        """Give the content keys of a span of hours, both ends included."""

    def content_key(self, key_id: bytes) -> StoredKey | None:
        """Find one content key."""

    def keys_of(self, key_ids: Collection[bytes]) -> Iterator[StoredKey]:
        """Give those of these content keys that are there, in any order."""

    def wraps_of(self, content_key: bytes) -> list[CustodyWrap]:
        """Give every wrap of a content key for custodians."""

    def wraps_under(self, term_keys: Collection[bytes]) -> Iterator[CustodyWrap]:
        """Give the wraps that lie under any of these term keys."""

    def keys_closing(self, term_keys: Collection[bytes]) -> Iterator[StoredKey]:
        """Give the content keys whose visible wrap lies under any of these term keys."""

    def custodians(self) -> list[CustodianKey]:
        """Give every custodians' key there was, the newest last."""

    def absences(self) -> list[Absence]:
        """Give what is noted of absent bodies, in order."""

    def undelivered(self) -> list[tuple[int, int]]:
        """Give the ranges of records that nobody saw, both ends included."""

    def kept(self, kind: KeptKind) -> list[Keep]:
        """Give the values of one kind that are kept beside records, in no order."""

    def vault_keys(self) -> list[VaultKey]:
        """Give the keys of the identification vault, the oldest day first."""

    def vault_rows(self, key: bytes) -> Iterator[VaultRow]:
        """Give the rows under one key of the vault, in the order in which they were written."""
