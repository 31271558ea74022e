"""The archive's twin in memory: it does everything but the disk. For tests, and to measure without a disk.

A :class:`MemoryStore` stands for the disk: archives opened one after the other over the same store find what
the others left. The knobs of :class:`MemoryArchive` make a commit wait, fail, or fail after all.
"""

import hmac
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum
from typing import Final, cast

from msgspec.structs import replace

from parvis.archive import custody
from parvis.archive.absences import Absence
from parvis.archive.content_keys import CustodyWrap, WrappedKey, unwrap_visible
from parvis.archive.custody import CustodianKey
from parvis.archive.log_keys import LogKey
from parvis.archive.reading import OpenedRecord, opened_record
from parvis.archive.record import parse_header, record_id, run_and_counter
from parvis.archive.sealing import ROW_FIELDS, Sealer, Wrapping
from parvis.archive.terms import DEFAULT_TERMS, TermKey, Terms
from parvis.model.ids import ConversationId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom
from parvis.ports.archive import (
    VAULT_ROWS_MAX,
    ArchiveCorrupt,
    Batch,
    Fatal,
    Opened,
    Outcome,
    Sealed,
    Unavailable,
    Upkeep,
    VaultKey,
    VaultRow,
)
from parvis.store.beginning import Lease, TermBook, first_time_ms, run_started, taken_lease

BATCHES_KEPT_MAX: Final = 1_000_000
"""Most batches a store keeps; beyond it the oldest go, as a disk would be full."""

SECRET_BYTES: Final = 32
"""Random bytes of the server's secret."""

THIS_MACHINE: Final = b"memory"
"""Machine id of archives in this process."""


class Fault(StrEnum):
    """What happens to the next commit."""

    FAILS = "fails"
    """Nothing is written, and an error says so."""
    UNKNOWN = "unknown"
    """An error says that it failed, and yet the batch is there."""
    HANGS = "hangs"
    """Nothing is said until :meth:`MemoryArchive.release`."""


class MemoryKeys:
    """A key store in memory."""

    def __init__(self) -> None:
        """Make a secret and no term key."""
        self._secret = os.urandom(SECRET_BYTES)
        self._term_keys: list[TermKey] = []
        self._log_keys: list[LogKey] = []

    def derived(self, purpose: bytes) -> bytes:
        """Give 32 bytes of this server for one purpose."""
        return hmac.digest(self._secret, purpose, "sha256")

    def term_keys(self) -> Sequence[TermKey]:
        """Give every term key."""
        return self._term_keys

    def change_term_keys(self, add: Sequence[TermKey] = (), destroy: Collection[bytes] = ()) -> None:
        """Keep more term keys, and destroy others."""
        self._term_keys = [*(key for key in self._term_keys if key.id not in destroy), *add]

    def log_keys(self) -> Sequence[LogKey]:
        """Give every key of the log."""
        return self._log_keys

    def change_log_keys(self, change: Callable[[Sequence[LogKey]], Sequence[LogKey]]) -> None:
        """Keep what a call makes of the keys of the log."""
        self._log_keys = list(change(self._log_keys))


class MemoryStore:
    """What would be on the disk."""

    def __init__(self) -> None:
        """Begin empty."""
        self.keys = MemoryKeys()
        self.batches: deque[list[object]] = deque(maxlen=BATCHES_KEPT_MAX)
        self.content_keys: dict[bytes, WrappedKey] = {}
        """Without a visible wrap when that is gone: its term key is then the empty string."""
        self.custody_wraps: dict[tuple[bytes, bytes], CustodyWrap] = {}
        """By content key and term key."""
        self.custodians: list[CustodianKey] = []
        self.absences: tuple[Absence, ...] = ()
        self.vault_keys: dict[bytes, VaultKey] = {}
        self.vault: list[VaultRow] = []
        self.custodian_seed = os.urandom(custody.SEED_BYTES)
        """The private half of its first custodians' key, which no real store ever has: openings are tested with it."""
        self.rooms: dict[ConversationId, KeptRoom] = {}
        self.kept: dict[tuple[KeptKind, bytes], Keep] = {}
        self.lease: Lease | None = None
        self.undelivered: list[tuple[int, int]] = []
        self.head = 0
        self.last_time_ms = 0
        self.ended = True

    def opened_records(self) -> Iterator[OpenedRecord]:
        """Give every record that the visible wraps open, in order."""
        term_keys = {key.id: key for key in self.keys.term_keys()}
        for rows in self.batches:
            for at in range(0, len(rows), ROW_FIELDS):
                number, header, _, ciphertext, _ = cast(
                    "tuple[int, bytes | None, bytes, bytes | None, bytes]", rows[at : at + ROW_FIELDS]
                )
                if header is None or ciphertext is None:
                    continue
                key = self._content_key(parse_header(header).content_key, term_keys)
                if key is None:
                    continue
                yield opened_record(
                    header,
                    ciphertext,
                    key,
                    undelivered=any(first <= number <= last for first, last in self.undelivered),
                )

    def content_key(self, key_id: bytes) -> bytes | None:
        """Open a content key; None when its wrap or its term key is gone."""
        return self._content_key(key_id, {key.id: key for key in self.keys.term_keys()})

    def _content_key(self, key_id: bytes, term_keys: dict[bytes, TermKey]) -> bytes | None:
        wrapped = self.content_keys.get(key_id)
        if wrapped is None or wrapped.term_key not in term_keys:
            return None
        return unwrap_visible(wrapped, term_keys[wrapped.term_key]).key


class MemoryArchive:
    """A :class:`parvis.ports.archive.Archive` that answers inside `seal`, unless a knob says otherwise."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        machine: bytes = THIS_MACHINE,
        terms: Terms = DEFAULT_TERMS,
    ) -> None:
        """Use a store, or a new one.

        Args:
            store: What earlier archives left.
            machine: Id of the machine this archive says it runs on.
            terms: How long each kind of data is kept.
        """
        self.store = store if store is not None else MemoryStore()
        self.faults: deque[Fault] = deque()
        """What happens to the next commits, in order; without one they succeed."""
        self.holds = False
        """Whether commits are done at once and answered only by :meth:`release`."""
        self._machine = machine
        self._terms = TermBook(self.store.keys, os.urandom, terms)
        self._wrapping = Wrapping(self._terms.covering, self.custodian)
        self._run = 0
        self._sealer = Sealer(0, self._wrapping, os.urandom)
        self._durable = 0
        self._durable_ms = 0
        self._marks: list[tuple[int, int]] = []
        self._fatal: Fatal | None = None
        self._waiting: Callable[[], None] | None = None

    @property
    def keys(self) -> MemoryKeys:
        """The server's own keys."""
        return self.store.keys

    def custodian(self) -> CustodianKey:
        """Give the custodians' key of this moment."""
        return self.store.custodians[-1]

    def open(self, now_ms: int) -> Opened:
        """Take the lease, begin a new run, seal its first record."""
        store = self.store
        lease = taken_lease(store.lease, self._machine, now_ms)
        last_time_ms = store.last_time_ms
        time_ms, notices = first_time_ms(now_ms, last_time_ms)
        if not store.ended and store.lease is not None:
            notices.append(f"Run {store.lease.run} ended without saying so.")
        store.lease = lease
        store.ended = False
        store.head = 0
        self._run = lease.run
        self._terms.make_ahead(now_ms)
        if not store.custodians:
            public = custody.public_bytes(store.custodian_seed)
            store.custodians.append(custody.custodian_key(public, 1, 1, now_ms))
        self._sealer = Sealer(lease.run, self._wrapping, os.urandom)
        self._write(Batch([run_started(time_ms)]))
        self._durable = self._sealer.next_counter - 1
        self._durable_ms = self._sealer.last_time_ms
        return Opened(
            run=lease.run,
            last_time_ms=last_time_ms,
            rooms=list(store.rooms.values()),
            kept=list(store.kept.values()),
            notices=notices,
        )

    def seal(self, batch: Batch, done: Callable[[Outcome], None]) -> None:
        """Keep the batch and say so, at once unless a knob says otherwise."""
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.HANGS:
            self._waiting = lambda: done(self._commit(batch, None))
        elif self.holds:
            outcome = self._commit(batch, fault)
            self._waiting = lambda: done(outcome)
        else:
            done(self._commit(batch, fault))

    def release(self) -> None:
        """Give the answer that is held, or end the commit that hangs."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()

    def close(self) -> None:
        """Answer what waits, end the run, give the lease back."""
        self.release()
        lease = self.store.lease
        if lease is not None and lease.run == self._run:
            self.store.lease = Lease(run=lease.run, machine=lease.machine, renewed_ms=0)
            self.store.ended = True

    def _commit(self, batch: Batch, fault: Fault | None) -> Outcome:
        if self._fatal is not None:
            return self._fatal
        if fault is Fault.FAILS:
            return Unavailable("the commit failed (asked for by a test)")
        try:
            first = self._write(batch)
        except ArchiveCorrupt as corrupt:
            self._fatal = Fatal(str(corrupt))
            return self._fatal
        if fault is Fault.UNKNOWN:
            self._find_head()
            return Unavailable("the commit failed (asked for by a test)")
        self._durable = self._sealer.next_counter - 1
        self._durable_ms = self._sealer.last_time_ms
        return Sealed(self._run, first, len(batch.records))

    def _write(self, batch: Batch) -> int:
        store = self.store
        if store.lease is None or store.lease.run != self._run:
            raise ArchiveCorrupt("another server has taken this archive over. This one must stop")
        first = self._sealer.next_counter
        rows, made = self._sealer.seal(batch.records)
        for key in made:
            store.content_keys[key.wrapped.id] = key.wrapped
            store.custody_wraps[key.custody.content_key, key.custody.term_key] = key.custody
        for upkeep in batch.upkeep:
            _keep_up(store, upkeep)
            if upkeep.custodian is not None:
                self._sealer.forget_keys()
        for room in batch.rooms:
            store.rooms[room.id] = room
        for room_id in batch.dropped_rooms:
            store.rooms.pop(room_id, None)
        for kept in batch.kept:
            if kept.value is None:
                store.kept.pop((kept.kind, kept.id), None)
            else:
                store.kept[kept.kind, kept.id] = kept
        if self._marks:
            store.undelivered += self._marks
            self._marks = []
        if rows:
            store.batches.append(rows)
            store.head = record_id(self._run, self._sealer.next_counter - 1)
            store.last_time_ms = self._sealer.last_time_ms
        return first

    def _find_head(self) -> None:
        """Read the head again after an error: what is there that nobody saw is marked with the next batch."""
        _, head = run_and_counter(self.store.head)
        if head > self._durable:
            self._marks.append((record_id(self._run, self._durable + 1), record_id(self._run, head)))
            self._durable = head
        self._sealer.rewind(head + 1, self._durable_ms)


def _keep_up(store: MemoryStore, upkeep: Upkeep) -> None:
    """Do all of one part of upkeep."""
    if upkeep.custodian is not None:
        store.custodians = [key for key in store.custodians if key.id != upkeep.custodian.id] + [upkeep.custodian]
    if upkeep.absences is not None:
        store.absences = upkeep.absences
    gone = set(upkeep.erase)
    for rows in store.batches if gone else ():
        for at in range(0, len(rows), ROW_FIELDS):
            if rows[at] in gone:
                rows[at + 1 : at + 4] = (None, None, None)
    for key_id in upkeep.close_visible:
        store.content_keys[key_id] = replace(store.content_keys[key_id], term_key=b"", visible_wrap=b"")
    for key_place in upkeep.place_keys:
        placed = replace(store.content_keys[key_place.key], data=key_place.data, first_id=key_place.first_id)
        store.content_keys[key_place.key] = placed
    for wrap in upkeep.add_wraps:
        store.custody_wraps[wrap.content_key, wrap.term_key] = wrap
    for place in upkeep.drop_wraps:
        store.custody_wraps.pop(place, None)
    for key_id in upkeep.drop_keys:
        store.content_keys.pop(key_id, None)
    for vault_key in upkeep.vault_keys:
        store.vault_keys[vault_key.id] = vault_key
    store.vault += upkeep.vault
    for key_id in upkeep.drop_vault:
        ended = [row for row in store.vault if row.key == key_id]
        for row in ended[:VAULT_ROWS_MAX]:
            store.vault.remove(row)
        if len(ended) <= VAULT_ROWS_MAX:
            store.vault_keys.pop(key_id, None)
