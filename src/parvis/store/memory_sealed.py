"""What is stored in the archive's twin in memory."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import cast

from parvis.archive.absences import Absence
from parvis.archive.content_keys import CustodyWrap, WrappedKey
from parvis.archive.custody import CustodianKey
from parvis.archive.record import parse_header, run_and_counter
from parvis.archive.sealing import ROW_FIELDS
from parvis.model.kept import Keep, KeptKind
from parvis.ports.archive import VaultKey, VaultRow
from parvis.ports.sealed import StoredKey, StoredRow, Wanted
from parvis.store.memory import MemoryStore


class MemorySealed:
    """A :class:`parvis.ports.sealed.SealedStore` of a store in memory."""

    def __init__(self, store: MemoryStore) -> None:
        """Read from a store."""
        self._store = store

    def head(self) -> int:
        """Give the number of the newest record."""
        return self._store.head

    def runs(self) -> list[tuple[int, int]]:
        """Give every run with the counter of its newest record."""
        return sorted(dict(run_and_counter(row.number) for row in self.rows(Wanted())).items())

    def rows(self, wanted: Wanted) -> Iterator[StoredRow]:
        """Give rows in the order of their numbers."""
        for rows in list(self._store.batches):
            for at in range(0, len(rows), ROW_FIELDS):
                number, header, salt, ciphertext, leaf = cast(
                    "tuple[int, bytes | None, bytes | None, bytes | None, bytes]", rows[at : at + ROW_FIELDS]
                )
                row = StoredRow(number=number, header=header, salt=salt, ciphertext=ciphertext, leaf=leaf)
                if wanted.first_id <= number <= wanted.last_id and _meets(row, wanted):
                    yield row

    def headers(self, after: int, limit: int) -> list[tuple[int, bytes | None]]:
        """Give numbers and headers of at most so many records after a number, in order."""
        return [(row.number, row.header) for row in islice(self.rows(Wanted(first_id=after + 1)), limit)]

    def leaves(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Give numbers and leaves of at most so many records after a number, in order."""
        found = [(row.number, row.leaf) for row in self.rows(Wanted(first_id=after + 1))]
        return found[:limit]

    def content_keys(self, first_hour: int = 0, last_hour: int = 1 << 62) -> Iterator[StoredKey]:
        """Give the content keys of a span of hours, both ends included."""
        for key in list(self._store.content_keys.values()):
            if first_hour <= key.hour <= last_hour:
                yield _stored(key)

    def content_key(self, key_id: bytes) -> StoredKey | None:
        """Find one content key."""
        key = self._store.content_keys.get(key_id)
        return None if key is None else _stored(key)

    def keys_of(self, key_ids: Collection[bytes]) -> Iterator[StoredKey]:
        """Give those of these content keys that are there."""
        for key_id in key_ids:
            key = self._store.content_keys.get(key_id)
            if key is not None:
                yield _stored(key)

    def wraps_of(self, content_key: bytes) -> list[CustodyWrap]:
        """Give every wrap of a content key for custodians."""
        return [wrap for wrap in list(self._store.custody_wraps.values()) if wrap.content_key == content_key]

    def wraps_under(self, term_keys: Collection[bytes]) -> Iterator[CustodyWrap]:
        """Give the wraps that lie under any of these term keys."""
        yield from [wrap for wrap in list(self._store.custody_wraps.values()) if wrap.term_key in term_keys]

    def keys_closing(self, term_keys: Collection[bytes]) -> Iterator[StoredKey]:
        """Give the content keys whose visible wrap lies under any of these term keys."""
        yield from [_stored(key) for key in list(self._store.content_keys.values()) if key.term_key in term_keys]

    def custodians(self) -> list[CustodianKey]:
        """Give every custodians' key there was, the newest last."""
        return list(self._store.custodians)

    def absences(self) -> list[Absence]:
        """Give what is noted of absent bodies, in order."""
        return list(self._store.absences)

    def undelivered(self) -> list[tuple[int, int]]:
        """Give the ranges of records that nobody saw."""
        return sorted(self._store.undelivered)

    def kept(self, kind: KeptKind) -> list[Keep]:
        """Give the values of one kind that are kept beside records."""
        return [kept for kept in list(self._store.kept.values()) if kept.kind is kind]

    def vault_keys(self) -> list[VaultKey]:
        """Give the keys of the identification vault, the oldest day first."""
        return sorted(self._store.vault_keys.values(), key=lambda key: key.day_ms)

    def vault_rows(self, key: bytes) -> Iterator[VaultRow]:
        """Give the rows under one key of the vault, in the order in which they were written."""
        yield from [row for row in list(self._store.vault) if row.key == key]


def _meets(row: StoredRow, wanted: Wanted) -> bool:
    if wanted.content_keys is None and wanted.author is None and wanted.conversation is None:
        return True
    if row.header is None:
        return False
    header = parse_header(row.header)
    return (
        (wanted.content_keys is None or header.content_key in wanted.content_keys)
        and wanted.author in (None, header.author)
        and wanted.conversation in (None, header.conversation)
    )


def _stored(key: WrappedKey) -> StoredKey:
    return StoredKey(
        id=key.id,
        conversation=key.conversation,
        hour=key.hour,
        run=key.run,
        data=key.data,
        first_id=key.first_id,
        visible_term=key.term_key or None,
        visible_wrap=key.visible_wrap or None,
    )
