"""Ending terms: the job that makes true that nothing outlives its term.

A term ends by the destruction of a term key; what lay under it is garbage from then on, in every backup of the
database too. The order matters, and each step is durable before the next:

0. Holds re-wrap what they cover (`Rewrap`). While that fails, nothing ends.
1. The records that nobody can open any more are noted as absences, with a record of the audit that counts them, and
   with a value that says what is being ended (`KeptKind.ENDING`).
2. The term keys are destroyed.
3. Bodies, wraps, content keys and rows of the vault go, a few at a time, with pauses.
4. The write-ahead log is emptied, and the value goes.

A crash after any step leaves the value, and the next run finishes what it names. A key that is missing for another
reason ends nothing: its wraps stay, in case the right key store comes back.

Source: docs/adr/0025-how-a-term-ends.md; DESIGN, promise 5.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import groupby, islice, takewhile
from typing import Final, Protocol, TypeVar

import msgspec

from parvis.archive.absences import Absence, Why, covers
from parvis.archive.record import COUNTER_BITS, HEADER_BYTES, HEADER_V1
from parvis.archive.terms import HOUR_MS, TermKey, TermKind
from parvis.model.audit import EndedTerm, Entry, TermsEnded
from parvis.model.kept import Keep, KeptKind, keep, read
from parvis.moderation.absences import AbsenceBook
from parvis.ports.archive import VAULT_ROWS_MAX, Upkeep
from parvis.ports.journal import Journal
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore, StoredKey

ROWS_AT_ONCE: Final = 256
"""Most rows of one part, read or written: everybody's commits wait behind a written one (bench/archive/terms.md)."""

READ_PAUSE_S: Final = 0.002
"""Pause between two parts that are read: the interpreter is given up meanwhile."""

WRITE_PAUSE_S: Final = 0.02
"""Pause between two parts that are written: most of the time nobody waits behind one."""

_TIME_AT: Final = 5
_CONTENT_KEY_AT: Final = 9

_Row = TypeVar("_Row")


class Stopped(Exception):
    """The server ends; the next run finishes what is under way."""


class Rewrap(Protocol):
    """What holds do before a term ends."""

    def __call__(self, ended: Sequence[TermKey], now_ms: int, /) -> Collection[int]:
        """Re-wrap what a hold covers of what lies under these term keys, durably, under the holds' own.

        Content keys and keys of the vault go over to the term key of a hold; those that do not are gone with the term.

        Returns:
            The numbers of the records that stay under the content keys that are held: the others under them go.
        """


def nothing_is_held(_ended: Sequence[TermKey], _now_ms: int) -> Collection[int]:
    """Hold nothing."""
    return ()


class Pauser(Protocol):
    """How a long work lets others work."""

    def __call__(self, seconds: float, /) -> object:
        """Wait so long.

        Raises:
            Stopped: The server ends.
        """


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What is being ended, as it is kept until nothing is left of it: term keys, and where their records lie."""

    term_keys: tuple[bytes, ...]
    first_id: int
    last_id: int
    """0 when no body goes."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did, in numbers."""

    term_keys: int = 0
    records: int = 0
    content_keys: int = 0
    vault_rows: int = 0

    def plus(self, other: "Ended") -> "Ended":
        """Add what was done before or after."""
        return Ended(
            term_keys=self.term_keys + other.term_keys,
            records=self.records + other.records,
            content_keys=self.content_keys + other.content_keys,
            vault_rows=self.vault_rows + other.vault_rows,
        )


class _Fate(msgspec.Struct, frozen=True):
    """What becomes of content keys that lose a way in."""

    closed: Counter[bytes]
    """How many lose one, by the term key that ends."""
    ended_by: dict[bytes, bytes]
    """Content keys that nobody opens any more, or holds alone, by which term key that comes."""
    held: set[bytes]
    """Those that holds open: their records go but for those that stay."""


class TermEnder:
    """Ends the terms of one archive; one run at a time."""

    def __init__(
        self,
        journal: Journal,
        sealed: SealedStore,
        keys: KeyStore,
        absences: AbsenceBook,
        *,
        rewrap: Rewrap = nothing_is_held,
        forget_keys: Callable[[], None] = lambda: None,
        pause: Pauser = lambda _seconds: None,
    ) -> None:
        """End nothing yet.

        Args:
            journal: Where changes are written.
            sealed: What is stored.
            keys: The term keys.
            absences: Where absences are noted.
            rewrap: What holds do first.
            forget_keys: Makes whoever holds opened content keys forget them.
            pause: Waits between parts.
        """
        self._journal = journal
        self._sealed = sealed
        self._keys = keys
        self._absences = absences
        self._rewrap = rewrap
        self._forget_keys = forget_keys
        self._pause = pause
        self._one_run = threading.Lock()

    def run(self, now_ms: int) -> Ended:
        """End every term that is due, and finish what an earlier run left. Blocks, for minutes if much ends.

        Raises:
            ArchiveError, OSError: It could not go on; the next run does.
            Stopped: The server ends; the next run goes on.
        """
        return self.destroy_due(now_ms).plus(self.finish())

    def destroy_due(self, now_ms: int, kinds: Collection[TermKind] = frozenset(TermKind)) -> Ended:
        """Destroy the term keys of some kinds that are due, and leave what lay under them to `finish`.

        Raises:
            ArchiveError, OSError: It could not go on.
        """
        with self._one_run:
            return self._destroy_due(now_ms, kinds)

    def finish(self) -> Ended:
        """Delete what lay under keys that are destroyed.

        Raises:
            ArchiveError, OSError: It could not go on; the next run does.
            Stopped: The server ends; the next run goes on.
        """
        with self._one_run:
            ended = Ended()
            for kept in self._sealed.kept(KeptKind.ENDING):
                ended = ended.plus(self._clear(kept))
            return ended

    # Steps 0 to 2

    def _destroy_due(self, now_ms: int, kinds: Collection[TermKind]) -> Ended:
        # What an earlier run had noted, it was about to destroy.
        self._destroy(self._noted())
        due = sorted(
            (key for key in self._keys.term_keys() if key.ends_ms <= now_ms and key.kind in kinds), key=_ends_ms
        )
        for _, together in groupby(due, _ends_ms):
            self._destroy_together(list(together), now_ms)
        return Ended(term_keys=len(due))

    def _destroy_together(self, ended: list[TermKey], now_ms: int) -> None:
        """End the term keys of one moment: what they close is a day's, which bounds what is held in memory."""
        stays = frozenset(self._rewrap(ended, now_ms))
        fate = self._fate(ended)
        records: Counter[bytes] = Counter()
        ranges = list(self._ranges(fate, stays, records))
        vault_rows = self._vault_rows({key.id for key in ended})
        terms = tuple(
            EndedTerm(
                kind=key.kind,
                day=datetime.fromtimestamp(key.begins_ms / 1000, UTC).strftime("%Y-%m-%d"),
                records=records[key.id],
                keys=fate.closed[key.id],
                vault_rows=vault_rows[key.id],
            )
            for key in ended
            if fate.closed[key.id] or vault_rows[key.id]
        )
        if terms:
            ending = Ending(
                term_keys=tuple(key.id for key in ended),
                first_id=ranges[0].first_id if ranges else 0,
                last_id=ranges[-1].last_id if ranges else 0,
            )
            self._absences.note(ranges, partial(_entry, terms), kept=[keep(KeptKind.ENDING, ended[0].id, ending)])
        self._destroy({key.id for key in ended})

    def _noted(self) -> set[bytes]:
        """Give the term keys that are being ended."""
        return {key_id for kept in self._sealed.kept(KeptKind.ENDING) for key_id in read(kept, Ending).term_keys}

    def _destroy(self, key_ids: Collection[bytes]) -> None:
        if any(key.id in key_ids for key in self._keys.term_keys()):
            self._keys.change_term_keys(destroy=key_ids)
            self._forget_keys()

    def _fate(self, ended: list[TermKey]) -> _Fate:
        """Find what loses a way in, and what loses the last one but for holds."""
        kinds = {key.id: key.kind for key in ended}
        holds = {key.id for key in self._keys.term_keys() if key.kind is TermKind.HOLD and key.id not in kinds}
        past = self._noted() | kinds.keys() | holds
        closed: Counter[bytes] = Counter()
        ended_by: dict[bytes, bytes] = {}
        let_go: dict[bytes, bytes] = {}
        for wrap in self._sealed.wraps_under(kinds):
            closed[wrap.term_key] += 1
            by = let_go if kinds[wrap.term_key] is TermKind.HOLD else ended_by
            by[wrap.content_key] = wrap.term_key
        for content_key, term_key in let_go.items():
            if content_key not in ended_by and all(
                wrap.term_key in past for wrap in self._sealed.wraps_of(content_key)
            ):
                ended_by[content_key] = term_key
        for stored in self._sealed.keys_closing(kinds):
            if stored.visible_term is not None:
                closed[stored.visible_term] += 1
                if stored.id not in ended_by and self._is_the_servers_alone(stored):
                    ended_by[stored.id] = stored.visible_term
        held = {wrap.content_key for wrap in self._sealed.wraps_under(holds) if wrap.content_key in ended_by}
        return _Fate(closed, ended_by, held)

    def _is_the_servers_alone(self, stored: StoredKey) -> bool:
        """Tell whether a key was made before there were custodians: its visible wrap is its last."""
        return stored.first_id == 0 and not self._sealed.wraps_of(stored.id)

    def _ranges(self, fate: _Fate, stays: Collection[int], records: Counter[bytes]) -> Iterator[Absence]:
        """Give the ranges of records that go, in order, and count them by the term key that ends them."""
        if not fate.ended_by:
            return
        first_id, end_ms = 1 << 63, 0
        for stored in self._sealed.keys_of(fate.ended_by):
            first_id = min(first_id, stored.first_id or stored.run << COUNTER_BITS)
            end_ms = max(end_ms, (stored.hour + 1) * HOUR_MS)
        going: Absence | None = None
        for number, header in self._headers(first_id - 1):
            # A damaged header is for `archive verify`: it must not keep a term from ending.
            fields = HEADER_V1.unpack(header) if header is not None and len(header) == HEADER_BYTES else None
            if fields is not None and fields[_TIME_AT] >= end_ms:
                break
            ended_by = None if fields is None else fate.ended_by.get(fields[_CONTENT_KEY_AT])
            if ended_by is None or (fields is not None and fields[_CONTENT_KEY_AT] in fate.held and number in stays):
                continue
            records[ended_by] += 1
            if going is not None and going.last_id + 1 == number:
                going = Absence(first_id=going.first_id, last_id=number, why=Why.TERM)
            else:
                if going is not None:
                    yield going
                going = Absence(first_id=number, last_id=number, why=Why.TERM)
        if going is not None:
            yield going

    def _headers(self, after: int) -> Iterator[tuple[int, bytes | None]]:
        """Give the headers after a number, a few at a time."""
        while part := self._sealed.headers(after, ROWS_AT_ONCE):
            yield from part
            after = part[-1][0]
            self._pause(READ_PAUSE_S)

    def _vault_rows(self, term_keys: Collection[bytes]) -> Counter[bytes]:
        """Count what is stored in the vault under these term keys."""
        counted: Counter[bytes] = Counter()
        for key in self._sealed.vault_keys():
            if key.term_key in term_keys:
                counted[key.term_key] += sum(1 for _ in self._sealed.vault_rows(key.id))
        return counted

    # Steps 3 and 4

    def _clear(self, kept: Keep) -> Ended:
        """Delete what is left of one ending, then the value that names it."""
        ending = read(kept, Ending)
        records = self._erase(ending)
        content_keys = self._drop_keys(ending)
        vault_rows = self._drop_vault(ending)
        self._journal.write(upkeep=[Upkeep(truncate=True)], kept=[Keep(KeptKind.ENDING, kept.id, None)])
        return Ended(records=records, content_keys=content_keys, vault_rows=vault_rows)

    def _erase(self, ending: Ending) -> int:
        """Erase the bodies that absences cover, where the ended records lie."""
        if not ending.last_id:
            return 0
        is_covered = covers(self._sealed.absences())
        erased = 0
        for part in _parts(
            number
            for number, header in takewhile(lambda row: row[0] <= ending.last_id, self._headers(ending.first_id - 1))
            if header is not None and is_covered(number)
        ):
            self._write(Upkeep(erase=part))
            erased += len(part)
        return erased

    def _drop_keys(self, ending: Ending) -> int:
        """Delete the wraps that are garbage, and the content keys that nothing is left of."""
        past = self._noted()
        dropped = 0
        for wraps in _parts(self._sealed.wraps_under(ending.term_keys)):
            gone = tuple(
                {
                    wrap.content_key
                    for wrap in wraps
                    if all(other.term_key in past for other in self._sealed.wraps_of(wrap.content_key))
                }
            )
            self._write(Upkeep(drop_wraps=tuple((wrap.content_key, wrap.term_key) for wrap in wraps), drop_keys=gone))
            dropped += len(gone)
        for closing in _parts(self._sealed.keys_closing(ending.term_keys)):
            gone = tuple(stored.id for stored in closing if self._is_the_servers_alone(stored))
            self._write(Upkeep(close_visible=tuple(stored.id for stored in closing), drop_keys=gone))
            dropped += len(gone)
        return dropped

    def _drop_vault(self, ending: Ending) -> int:
        """Delete the rows of the vault that are garbage, then their keys."""
        dropped = 0
        for key in self._sealed.vault_keys():
            if key.term_key in ending.term_keys:
                rows = sum(1 for _ in self._sealed.vault_rows(key.id))
                for _ in range(rows // VAULT_ROWS_MAX + 1):
                    self._write(Upkeep(drop_vault=(key.id,)))
                dropped += rows
        return dropped

    def _write(self, upkeep: Upkeep) -> None:
        self._journal.write(upkeep=[upkeep])
        self._pause(WRITE_PAUSE_S)


def _ends_ms(key: TermKey) -> int:
    return key.ends_ms


def _entry(terms: tuple[EndedTerm, ...], absences: str) -> Entry:
    return TermsEnded(terms=terms, absences=absences)


def _parts(rows: Iterable[_Row]) -> Iterator[tuple[_Row, ...]]:
    """Give rows a few at a time."""
    left = iter(rows)
    while part := tuple(islice(left, ROWS_AT_ONCE)):
        yield part
