"""What the identification vault is told of the chat, and when it is made durable.

Rule 1: coming, logging in and registering are in the commit that lets somebody in; an account that was closed is in
the commit by which it leaves the live tables.
Rule 2: what people write costs nothing here while they write it. Once a batch is durable its records are noted, which
name their connections; within `GATHER_S`, or with the next batch that is a transaction anyway, they become one row.
Rule 3: the key of a day is in memory that day alone. `sweep` gives it up after midnight, `end` with the run, and the
audit tells then what was written under it.
Rule 4: a day tells of every connection that is open on it, with what it needs to be understood by itself.
Rule 5: connections that never entered, logged in or registered are not in the vault: the law asks for who wrote what.

Source: docs/adr/0024-the-identification-vault.md; `archive/vault.py` holds the format.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Literal

from msgspec import structs

from parvis.archive import vault
from parvis.archive.custody import NONCE_BYTES, CustodianKey
from parvis.archive.sealing import Wrapping
from parvis.archive.terms import TermKey, TermKind, day_of
from parvis.chat.batch import Batch
from parvis.chat.chance import Chance
from parvis.chat.client import Client
from parvis.chat.turn import Turn
from parvis.irc.capabilities import STREAM
from parvis.model.accounts import Account
from parvis.model.audit import VaultSealed, audit_record
from parvis.model.ids import AUDIT
from parvis.model.kept import KeptDayKey, KeptKind, KeptVault, keep
from parvis.model.records import Unsealed
from parvis.ports.archive import ArchiveError, Upkeep, VaultKey, VaultRow
from parvis.ports.clock import Clock

GATHER_S: Final = 1.0
"""Longest time between a commit and that of the row which tells on which connections it was written."""

RECORDS_MAX: Final = 256
"""From so many records on, those that are noted are looked at; ours."""

TOLD_AT_ONCE: Final = 512
"""Most connections of which a new day is told at each sweep: about a millisecond of work; ours."""

KEPT_ID: Final = AUDIT
"""Under which id it is kept how far the vault has come: there is one such value."""


class _OpenKey:
    """The key of a day, and what was written under it."""

    def __init__(self, key: vault.DayKey, custodian: bytes, ends_ms: int) -> None:
        self.key = key
        self.custodian = custodian
        self.digest = vault.Digest()
        self.ends_ms = ends_ms

    def kept(self) -> KeptDayKey:
        """Give what the next run has to know if this one is killed."""
        return KeptDayKey(id=self.key.id, kind=self.key.kind, day_ms=self.key.day_ms, ends_ms=self.ends_ms)

    def told(self) -> VaultSealed:
        """Give what the audit tells."""
        return sealed_entry(self.kept(), self.digest)


def sealed_entry(key: KeptDayKey, digest: vault.Digest) -> VaultSealed:
    """Give what the audit tells of a key that is given up."""
    return VaultSealed(
        key=key.id.hex(),
        kind=key.kind,
        day_ms=key.day_ms,
        rows=digest.rows,
        digest=digest.hex(),
        ends_ms=key.ends_ms,
    )


class Vault:
    """The identification vault as the chat of one process writes it. Nothing here reads it."""

    def __init__(self, wrapping: Wrapping, chance: Chance, clock: Clock, turn: Turn) -> None:
        """Begin with no key.

        Args:
            wrapping: What day keys are wrapped under.
            chance: Ids, keys and nonces.
            clock: For the row that is due.
            turn: Whose batches are written to.
        """
        self._wrapping = wrapping
        self._chance = chance
        self._clock = clock
        self._turn = turn
        self._keys: dict[vault.Place, _OpenKey] = {}
        self._records: list[Unsealed] = []
        """Durable and not looked at yet, with consecutive numbers."""
        self._following = 0
        """The number behind the last of them."""
        self._left: list[vault.Entry] = []
        self._noted = turn.head
        self._rings = False
        self._is_over = False
        self._day = day_of(clock.now_ms())
        self._still_here: dict[Client, None] = {}
        """Whom the day is to be told of that was open when it began, in order."""

    # What the chat tells. Each is in the batch that gathers.

    def come(self, connection: Client) -> bytes:
        """Give the id of a connection; the first time, tell where it comes from."""
        if not connection.connection_id:
            connection.connection_id = self._chance.opaque_id()
            self._tell_of(connection, again=False)
        return connection.connection_id

    def _tell_of(self, connection: Client, *, again: bool) -> None:
        turn = self._turn
        host, port = connection.address
        turn.batch.vault.append(
            vault.Connection(
                time_ms=turn.now_ms,
                connection=connection.connection_id,
                address=host,
                port=port or None,
                transport=_transport(connection),
                via=connection.via,
                is_own=connection.is_told,
                listener=connection.listener,
                again=again,
            )
        )

    def be_present(self, connection: Client) -> None:
        """Tell whose connection it is from now on: its person has entered, or become another identity."""
        person, turn = connection.person, self._turn
        come = connection.connection_id or self.come(connection)
        turn.batch.vault.append(
            vault.Presence(time_ms=turn.now_ms, connection=come, session=person.session, identity=person.identity)
        )

    def log_in(self, connection: Client, account: Account, mechanism: str) -> None:
        """Tell that somebody has proved to own an account."""
        come = self.come(connection)
        self._tell(vault.Login(time_ms=self._turn.now_ms, connection=come, account=account.id, mechanism=mechanism))

    def register(self, connection: Client, account: Account) -> None:
        """Tell that an account was made."""
        come = self.come(connection)
        self._tell(vault.Registration(time_ms=self._turn.now_ms, connection=come, account=account.id))

    def close(self, account: Account, pseudonyms: Iterable[str]) -> None:
        """Take over what stood in an account that is closed, in the commit by which it leaves the live tables."""
        self._tell(
            vault.ClosedAccount(
                time_ms=self._turn.now_ms,
                account=account.id,
                name=account.name,
                pseudonyms=tuple(dict.fromkeys((account.name, *pseudonyms))),
                registered_at_ms=account.registered_at_ms,
                verifier=account.password,
                certificates=account.certificates,
            )
        )

    def leave(self, connection: Client) -> None:
        """Tell that a connection is closed, within `GATHER_S`."""
        if connection.connection_id:
            if self._day != day_of(self._turn.now_ms) or connection in self._still_here:
                # The day was not told of it yet, and what it wrote since midnight must be understood.
                self._tell_again(connection)
            self._left.append(vault.Ended(time_ms=self._turn.now_ms, connection=connection.connection_id))
            self._ring()

    def _tell(self, entry: vault.Entry) -> None:
        self._turn.batch.vault.append(entry)

    # What the turn tells.

    def note(self, first_number: int, records: Sequence[Unsealed]) -> None:
        """Note records that are durable, which name their connections."""
        # Once for every batch: nothing is done here that can be done later.
        if first_number != self._following:
            self._fold()
        self._records += records
        self._following = first_number + len(records)
        if not self._rings:
            self._ring()
        elif len(self._records) >= RECORDS_MAX:
            # Their words are not kept in memory any longer than that.
            self._fold()

    def seal(self, batch: Batch) -> None:
        """Add to the batch that gathers, a transaction that is about to be made durable, what it owes the vault.

        Raises:
            ArchiveError, OSError: It cannot be made durable yet.
        """
        self._put(batch)

    # What is written.

    def sweep(self, connections: Iterable[Client]) -> None:
        """Give up the keys of days that are over, and tell a new day who is here still.

        Args:
            connections: All that are open. Called within a turn, every few seconds.
        """
        today = day_of(self._turn.now_ms)
        if self._day != today:
            self._still_here = {each: None for each in connections if each.connection_id}
            self._day = today
        if any(day != today for _, day in self._keys) and self._puts():
            self._give_up([place for place in self._keys if place[1] != today])
        for connection in list(islice(self._still_here, TOLD_AT_ONCE)):
            del self._still_here[connection]
            if not connection.gone:
                self._tell_again(connection)

    def _tell_again(self, connection: Client) -> None:
        self._tell_of(connection, again=True)
        if connection.is_registered:
            self.be_present(connection)

    def recover(self, entries: Sequence[vault.Entry], ended: Sequence[VaultSealed]) -> None:
        """Go on behind a run that was killed.

        Args:
            entries: The operations that it did not come to.
            ended: What the audit is told of its keys.
        """
        self._turn.begin()
        batch = self._turn.batch
        batch.vault += entries
        batch.records += [self._told(each) for each in ended]
        self._put(batch)
        self._keep(batch)

    def end(self) -> None:
        """Write all there is and give up every key: the program ends. Called when nothing is being sealed."""
        self._is_over = True
        self._turn.begin()
        if self._puts():
            self._give_up(list(self._keys))

    def _puts(self) -> bool:
        """Seal what there is now; if that cannot be, it goes with the next batch that can, and this says no."""
        try:
            self._put(self._turn.batch)
        except (ArchiveError, OSError):
            return False
        return True

    def _ring(self) -> None:
        if not self._rings:
            self._rings = True
            self._clock.later(GATHER_S, self._rung)

    def _rung(self) -> None:
        self._rings = False
        self._fold()
        if self._left and not self._is_over:
            self._turn.begin()
            # It goes with this batch, and if that cannot be, with the next try of it.
            self._turn.batch.vault += self._left
            self._left = []

    def _fold(self) -> None:
        """Make entries of the records that are noted."""
        records = self._records
        if records:
            self._records = []
            self._noted = self._following - 1
            self._left += vault.operations(self._following - len(records), records)

    def _put(self, batch: Batch) -> None:
        """Seal what a batch was told, and what was noted, as rows of it: one for each key, mostly.

        Raises:
            ArchiveError, OSError: A term key is not there and cannot be made; nothing has changed.
        """
        self._fold()
        entries = self._left + batch.vault
        if not entries:
            return
        by_place = vault.by_place(entries)
        custodian = self._wrapping.custodian()
        # What may fail comes first: then nothing has changed.
        wraps_under = {
            place: self._wrapping.term_key(*place)
            for place in by_place
            if place not in self._keys or self._keys[place].custodian != custodian.id
        }
        self._give_up([place for place in wraps_under if place in self._keys])
        made = [self._make_key(custodian, *place, term_key) for place, term_key in wraps_under.items()]
        self._left, batch.vault = [], []
        rows: list[VaultRow] = []
        for place, theirs in by_place.items():
            key = self._keys[place]
            for plaintext in vault.pack_rows(theirs):
                nonce = self._chance.secret(vault.ROW_NONCE_BYTES)
                sealed = vault.seal_row(key.key, key.digest.rows, plaintext, nonce)
                key.digest.add(sealed)
                rows.append(VaultRow(key=key.key.id, sealed=sealed))
        batch.upkeep.append(Upkeep(vault_keys=tuple(made), vault=tuple(rows)))
        if made or vault.Operations in set(map(type, entries)):
            self._keep(batch)

    def _make_key(self, custodian: CustodianKey, kind: TermKind, day_ms: int, term_key: TermKey) -> VaultKey:
        """Make the key of a kind and day, and give it as it is stored."""
        key = vault.new_day_key(kind, day_ms, self._chance.secret)
        self._keys[kind, day_ms] = _OpenKey(key, custodian.id, term_key.ends_ms)
        return VaultKey(
            id=key.id,
            kind=kind,
            day_ms=day_ms,
            custodian=custodian.id,
            term_key=term_key.id,
            wrap=vault.wrap_day_key(key, custodian, term_key, self._chance.secret(NONCE_BYTES)),
        )

    def _give_up(self, places: Iterable[vault.Place]) -> None:
        """Forget keys, and have the audit tell what was written under them."""
        batch = self._turn.batch
        told = [self._keys.pop(place).told() for place in places]
        if told:
            batch.records += [self._told(each) for each in told]
            self._keep(batch)

    def _told(self, entry: VaultSealed) -> Unsealed:
        return structs.replace(audit_record(entry), time_ms=self._turn.now_ms)

    def _keep(self, batch: Batch) -> None:
        kept = KeptVault(noted=self._noted, open=tuple(key.kept() for key in self._keys.values()))
        batch.kept[KeptKind.VAULT, KEPT_ID] = keep(KeptKind.VAULT, KEPT_ID, kept)


def _transport(connection: Client) -> Literal["tcp", "tls", "ws", "wss"]:
    if connection.transport_kind == STREAM:
        return "tls" if connection.is_secure else "tcp"
    return "wss" if connection.is_secure else "ws"
