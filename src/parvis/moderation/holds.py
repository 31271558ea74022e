"""Holds at work: placed, extended and ended, and what they cover wrapped anew before its term.

Rule 1: a hold has a term key of its own. Before any other key is destroyed, `rewrap` lays what running holds cover of
it under theirs, durably; only then does the term end (`moderation/terms.py`).
Rule 2: a hold that ends is one more term that ends: what no other hold and no term keeps goes with its key.
Rule 3: each step can be done again: after a crash between two of them the job goes on from what is kept.
Rule 4: the key is there before the hold that names it, and ends no earlier; a key without a hold ends by itself.

Source: docs/adr/0026-holds-access-and-erasure.md.
"""

import threading
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from parvis.archive import custody
from parvis.archive.content_keys import CustodyWrap, hour_of
from parvis.archive.custody import UnopenedCustody
from parvis.archive.record import MalformedRecord, parse_header
from parvis.archive.terms import DAY_MS, HOUR_MS, RandomBytes, TermKey, TermKind, new_term_key
from parvis.legal import holds as law
from parvis.legal.holds import HOLD_ID_BYTES, Hold, PairOf
from parvis.model.audit import HoldEnded, HoldExtended, HoldKept, HoldPlaced, audit_record
from parvis.model.kept import KeptKind, keep
from parvis.ports.archive import Upkeep, VaultKey
from parvis.ports.journal import Journal
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore, StoredKey, Wanted

HOLDS_MAX: Final = 1024
"""Most holds at a time; ours."""
WRAPS_PER_PART: Final = 200
"""Most wraps of one part of upkeep: everybody's commits wait behind it."""
KEYS_AT_ONCE: Final = 10_000
"""Most content keys that are looked for in one reading of rows."""

_OF_RECORDS: Final = frozenset({TermKind.ROOMS, TermKind.PRIVATE, TermKind.DECISIONS, TermKind.HOLD})
"""What custodians' wraps of content keys lie under; the audit is never held: it outlasts every hold."""


class NotHeld(Exception):
    """A hold was not placed, extended or ended. The text is a whole sentence for whoever asked."""


class Holds:
    """Every hold of an archive. Any thread may call."""

    def __init__(
        self, journal: Journal, sealed: SealedStore, keys: KeyStore, pair_of: PairOf, random: RandomBytes
    ) -> None:
        """Know no hold yet.

        Args:
            journal: Where what changes is written.
            sealed: What is stored.
            keys: Where term keys are.
            pair_of: Gives the private conversation of two identities.
            random: Where random bytes come from.
        """
        self._journal = journal
        self._sealed = sealed
        self._keys = keys
        self.pair_of = pair_of
        self._random = random
        self._holds: dict[bytes, Hold] = {}
        self.changing = threading.RLock()
        """Held while a hold changes, and by whoever ends terms from before `rewrap` until the keys are gone."""

    def restore(self, hold: Hold) -> None:
        """Know a hold again that was kept over a restart."""
        self._holds[hold.id] = hold

    def listed(self) -> list[Hold]:
        """Give every hold, the one that ends first in front."""
        return sorted(self._holds.values(), key=lambda hold: (hold.ends_ms, hold.id))

    def running(self, now_ms: int) -> list[Hold]:
        """Give the holds that have not ended."""
        return [hold for hold in self.listed() if law.is_running(hold, now_ms)]

    def named(self, name: str) -> Hold:
        """Find a hold by the name that people call it by.

        Raises:
            NotHeld: There is none.
        """
        for hold in self.listed():
            if hold.name == name.lower():
                return hold
        raise NotHeld(f"There is no hold {name[:32]}. See: parvis archive hold list")

    # What operators decide.

    def place(self, wanted: Hold, by: str) -> Hold:
        """Place a hold; it gets an id and a key.

        Raises:
            NotHeld: It is against its ground, or there are too many.
            ArchiveError: It could not be written.
        """
        why = law.why_not(wanted)
        if why is not None:
            raise NotHeld(why)
        with self.changing:
            if len(self._holds) >= HOLDS_MAX:
                raise NotHeld(f"There are {HOLDS_MAX} holds already. Wait until one has ended.")
            key = self._key(wanted.ends_ms)
            hold = replace(wanted, id=self._random(HOLD_ID_BYTES), term_key=key.id)
            self._keys.change_term_keys(add=[key])
            self._write(hold, _placed(hold, by))
        return hold

    def extend(self, hold: Hold, ends_ms: int, reference: str, now_ms: int, by: str) -> Hold:
        """Decide a hold anew, with a later end.

        Raises:
            NotHeld: Its ground does not allow it.
            ArchiveError: It could not be written.
        """
        with self.changing:
            hold = self._holds.get(hold.id, hold)
            why = law.why_not_extended(hold, ends_ms, now_ms)
            if why is not None:
                raise NotHeld(why)
            _check_words(reference)
            longer = law.extended(hold, ends_ms)
            held = [key for key in self._keys.term_keys() if key.id == hold.term_key]
            self._keys.change_term_keys(add=[_until(key, ends_ms) for key in held], destroy=[hold.term_key])
            entry = HoldExtended(by=by, hold=hold.name, reference=reference or hold.reference, ends_ms=ends_ms)
            self._write(longer, entry)
        return longer

    def release(self, hold: Hold, reason: str, now_ms: int, by: str) -> None:
        """End a hold before its time; what it kept goes when terms are ended next.

        Raises:
            NotHeld: It has ended.
            ArchiveError: It could not be written.
        """
        with self.changing:
            hold = self._holds.get(hold.id, hold)
            if not law.is_running(hold, now_ms):
                raise NotHeld("This hold has ended.")
            _check_words(reason)
            self._end(hold, reason, now_ms, by)

    def next_end_ms(self) -> int | None:
        """Say when the next hold ends; None: there is none."""
        return min((hold.ends_ms for hold in self.listed()), default=None)

    # What the job does, before and after terms are ended.

    def end_due(self, now_ms: int) -> None:
        """Note in the audit which holds have come to their end, let their keys end with them, and mend the others'.

        Raises:
            ArchiveError: It could not be written; the next call goes on.
        """
        for hold in self.listed():
            with self.changing:
                newest = self._holds.get(hold.id, hold)
                if law.is_running(newest, now_ms):
                    self._mend_key(newest)
                else:
                    self._end(newest, "", now_ms, "server")

    def forget_ended(self) -> int:
        """Forget the holds whose keys are gone, and with those whatever only they kept; give how many those were.

        Raises:
            ArchiveError: It could not be written; the next call goes on.
        """
        there = {key.id for key in self._keys.term_keys()}
        gone = [hold for hold in self.listed() if hold.is_ended and hold.term_key not in there]
        for hold in gone:
            self._journal.write(kept=[keep(KeptKind.HOLD, hold.id, None)])
            self._holds.pop(hold.id, None)
        return len(gone)

    # What happens before a term ends.

    def rewrap(self, ended: Sequence[TermKey], now_ms: int) -> set[int]:
        """Lay what running holds cover of some term keys under their own, before those are destroyed.

        Once this returns it is durable.

        Args:
            ended: The keys that are about to be destroyed; those of holds that end may be among them.
            now_ms: The time.

        Returns:
            The numbers of the records that stay.

        Raises:
            ArchiveError: It is not durable: no key may be destroyed.
        """
        gone = {key.id: key for key in ended}
        own = {key.id: key for key in self._keys.term_keys() if key.id not in gone}
        running = [(hold, own[hold.term_key]) for hold in self.running(now_ms) if hold.term_key in own]
        stay: set[int] = set()
        if running:
            for key in ended:
                if key.kind in _OF_RECORDS:
                    self._rewrap_records(key, running, stay)
            self._rewrap_vault(gone, running)
        return stay

    def _rewrap_records(self, ended: TermKey, running: Sequence[tuple[Hold, TermKey]], stay: set[int]) -> None:
        holds = [hold for hold, _ in running]
        keys = {key.id: key for key in self._keys_under(ended) if _may_be_held(holds, key)}
        wanted = self._covered(keys, holds, stay)
        parts: dict[bytes, list[CustodyWrap]] = {hold.id: [] for hold in holds}
        for wrap in self._sealed.wraps_under([ended.id]) if wanted else ():
            for hold, own in running:
                if hold.id in wanted.get(wrap.content_key, ()):
                    parts[hold.id].append(self._under(wrap, ended, own))
                    if len(parts[hold.id]) >= WRAPS_PER_PART:
                        self._add(hold, parts[hold.id])
                        parts[hold.id] = []
        for hold in holds:
            if parts[hold.id]:
                self._add(hold, parts[hold.id])

    def _keys_under(self, ended: TermKey) -> Iterator[StoredKey]:
        """Give the content keys that a term key may have; those of a day, or those that a hold kept."""
        if ended.kind is TermKind.HOLD:
            yield from self._sealed.keys_of([wrap.content_key for wrap in self._sealed.wraps_under([ended.id])])
            return
        first = hour_of(ended.begins_ms)
        yield from self._sealed.content_keys(first, first + DAY_MS // HOUR_MS - 1)

    def _covered(self, keys: dict[bytes, StoredKey], holds: Sequence[Hold], stay: set[int]) -> dict[bytes, set[bytes]]:
        """Give, by content key, the holds that cover a record of it, and note those records."""
        found: dict[bytes, set[bytes]] = {}
        ids = list(keys)
        for part in (ids[at : at + KEYS_AT_ONCE] for at in range(0, len(ids), KEYS_AT_ONCE)):
            first = min(keys[key].first_id for key in part)
            last = self._last_of(max(keys[key].hour for key in part))
            for row in self._sealed.rows(Wanted(first_id=first, last_id=last, content_keys=frozenset(part))):
                if row.header is None:
                    continue
                try:
                    header = parse_header(row.header)
                except MalformedRecord:
                    # `verify` names it; what cannot be read is kept by nobody's order.
                    continue
                covering = law.covering(holds, header, self.pair_of)
                if covering:
                    stay.add(row.number)
                    found.setdefault(header.content_key, set()).update(hold.id for hold in covering)
        return found

    def _last_of(self, hour: int) -> int:
        """Give a number that no record of an hour, or before it, is beyond: times never decrease."""
        for later in range(hour + 1, hour + 25):
            first = min((key.first_id for key in self._sealed.content_keys(later, later)), default=0)
            if first:
                return first - 1
        return self._sealed.head()

    def _under(self, wrap: CustodyWrap, ended: TermKey, own: TermKey) -> CustodyWrap:
        try:
            inside = custody.lift_term(wrap.wrap, ended, wrap.content_key)
        except UnopenedCustody:
            # A damaged wrap stays as it is: nobody could open it, and another hold's evidence is none the worse.
            inside = None
        wrapped = (
            wrap.wrap
            if inside is None
            else custody.under_term(inside, own, wrap.content_key, self._random(custody.NONCE_BYTES))
        )
        return replace(wrap, term_key=own.id, wrap=wrapped)

    def _add(self, hold: Hold, wraps: Sequence[CustodyWrap]) -> None:
        entry = HoldKept(hold=hold.name, content_keys=len(wraps))
        self._journal.write([audit_record(entry)], [Upkeep(add_wraps=tuple(wraps))])

    def _rewrap_vault(self, gone: dict[bytes, TermKey], running: Sequence[tuple[Hold, TermKey]]) -> None:
        """Lay the keys of the vault's days under the hold that ends last; when that one ends, the next has its turn.

        One day has one wrap, since the rows under it are everybody's: what holds it last holds it for all.
        """
        for key in self._sealed.vault_keys():
            ended = gone.get(key.term_key)
            covering = [(hold, own) for hold, own in running if law.covers_day(hold, key.day_ms)]
            if ended is None or not covering:
                continue
            hold, own = max(covering, key=lambda each: (each[0].ends_ms, each[0].id))
            self._journal.write(
                [audit_record(HoldKept(hold=hold.name, vault_days=1))],
                [Upkeep(vault_keys=(self._vault_under(key, ended, own),))],
            )

    def _vault_under(self, key: VaultKey, ended: TermKey, own: TermKey) -> VaultKey:
        try:
            inside = custody.lift_term(key.wrap, ended, key.id)
        except UnopenedCustody:
            return replace(key, term_key=own.id)
        return replace(
            key, term_key=own.id, wrap=custody.under_term(inside, own, key.id, self._random(custody.NONCE_BYTES))
        )

    # Writing.

    def _key(self, ends_ms: int) -> TermKey:
        return _until(new_term_key(TermKind.HOLD, 0, 0, self._random), ends_ms)

    def _end(self, hold: Hold, reason: str, now_ms: int, by: str) -> None:
        if not hold.is_ended:
            hold = replace(hold, ends_ms=min(hold.ends_ms, now_ms), is_ended=True)
            self._write(hold, HoldEnded(by=by, hold=hold.name, reason=reason))
        late = [key for key in self._keys.term_keys() if key.id == hold.term_key and key.ends_ms > hold.ends_ms]
        if late:
            # It was extended or is ended early: from now on its key is due.
            self._keys.change_term_keys(add=[_until(key, hold.ends_ms) for key in late], destroy=[hold.term_key])

    def _mend_key(self, hold: Hold) -> None:
        """Give a hold the key that it must have: a key store from a backup may lack it, or end it as it did once."""
        there = [key for key in self._keys.term_keys() if key.id == hold.term_key]
        if not there:
            # What lies under the one that is lost is lost with it, unless that key store comes back.
            key = self._key(hold.ends_ms)
            self._keys.change_term_keys(add=[key])
            hold = replace(hold, term_key=key.id)
            self._journal.write(kept=[keep(KeptKind.HOLD, hold.id, hold)])
            self._holds[hold.id] = hold
        elif any(key.ends_ms < hold.ends_ms for key in there):
            self._keys.change_term_keys(add=[_until(key, hold.ends_ms) for key in there], destroy=[hold.term_key])

    def _write(self, hold: Hold, entry: HoldPlaced | HoldExtended | HoldEnded) -> None:
        self._journal.write([audit_record(entry)], kept=[keep(KeptKind.HOLD, hold.id, hold)])
        self._holds[hold.id] = hold


def _check_words(words: str) -> None:
    if not law.is_one_line(words):
        raise NotHeld(f"A reference or reason is one line of at most {law.REFERENCE_CHARACTERS_MAX} characters.")


def _may_be_held(holds: Collection[Hold], key: StoredKey) -> bool:
    return any(law.covers_key(hold, key.conversation, key.hour) for hold in holds)


def _until(key: TermKey, ends_ms: int) -> TermKey:
    """Give a key of a hold with its end: a key ends a day after it begins, and a hold adds no term to that."""
    return replace(key, begins_ms=ends_ms - DAY_MS)


def _placed(hold: Hold, by: str) -> HoldPlaced:
    return HoldPlaced(
        by=by,
        hold=hold.name,
        ground=hold.ground,
        reference=hold.reference,
        accounts=tuple(each.hex() for each in hold.accounts),
        conversations=tuple(each.hex() for each in hold.conversations),
        vault=hold.vault,
        from_ms=hold.from_ms,
        until_ms=hold.until_ms,
        ends_ms=hold.ends_ms,
        may_notify_user=hold.may_notify_user,
    )
