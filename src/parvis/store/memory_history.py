"""History out of the archive's twin in memory."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, cast

from parvis.archive.reading import OpenedRecord, opened_record
from parvis.archive.record import parse_header
from parvis.archive.roll_call import read_roll_call
from parvis.archive.sealing import ROW_FIELDS
from parvis.model.ids import NOBODY
from parvis.model.records import RecordKind
from parvis.store.history import IndexedHistory, PairOf, Row
from parvis.store.memory import MemoryStore

_LAST: Final = -ROW_FIELDS
"""Where the number of a batch's last record stands."""


class MemoryHistory(IndexedHistory):
    """A :class:`parvis.ports.history.History` of a store in memory."""

    def __init__(self, store: MemoryStore, pair_of: PairOf) -> None:
        """Read from a store."""
        super().__init__(pair_of)
        self._store = store

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _beginning(self, from_ms: int, head: int) -> int:
        """Look at every record: the store is as large as memory allows, and this is done once."""
        base = 0
        for number, header, ciphertext in self._rows(0, head):
            parsed = parse_header(header)
            if parsed.time_ms >= from_ms:
                break
            if parsed.kind is RecordKind.RUN_STARTED:
                base = number - 1
            elif parsed.kind is RecordKind.ROLL_CALL and parsed.author == NOBODY and ciphertext is not None:
                line = self._open_line(header, ciphertext)
                base = number - 1 if line is None else number - read_roll_call(line).part
        return base

    def _rows(self, after: int, head: int) -> Iterator[Row]:
        store = self._store
        marked = list(store.undelivered)
        for at in range(self._batch_of(after + 1), len(store.batches)):
            rows = store.batches[at]
            for field in range(0, len(rows), ROW_FIELDS):
                number, header, _, ciphertext, _ = cast(
                    "tuple[int, bytes | None, bytes | None, bytes | None, bytes]", rows[field : field + ROW_FIELDS]
                )
                if number > head:
                    return
                if header is not None and number > after and not any(first <= number <= last for first, last in marked):
                    yield number, header, ciphertext

    def _open(self, number: int) -> OpenedRecord | None:
        at = self._batch_of(number)
        if at == len(self._store.batches):
            return None
        rows = self._store.batches[at]
        field = (number - cast("int", rows[0])) * ROW_FIELDS
        if not 0 <= field < len(rows):
            return None
        header, ciphertext = cast("tuple[bytes | None, bytes | None]", (rows[field + 1], rows[field + 3]))
        return None if header is None or ciphertext is None else self._opened(header, ciphertext)

    def _open_line(self, header: bytes, ciphertext: bytes) -> bytes | None:
        opened = self._opened(header, ciphertext)
        return None if opened is None else opened.line

    def _opened(self, header: bytes, ciphertext: bytes) -> OpenedRecord | None:
        key = self._store.content_key(parse_header(header).content_key)
        return None if key is None else opened_record(header, ciphertext, key, undelivered=False)

    def _drop(self) -> None:
        """Let go of nothing."""

    def _forget_keys(self) -> None:
        """Forget nothing: keys are opened anew each time."""

    def _batch_of(self, number: int) -> int:
        """Give the place of the first batch whose last record is not before a number."""
        return bisect_right(self._store.batches, number - 1, key=lambda rows: cast("int", rows[_LAST]))
