"""Where everything goes before anyone reads it."""

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from parvis.archive.absences import Absence
from parvis.archive.content_keys import CustodyWrap
from parvis.archive.custody import CustodianKey
from parvis.model.ids import ConversationId
from parvis.model.kept import Keep
from parvis.model.records import DataKind, KeptRoom, Unsealed


class ArchiveError(Exception):
    """The archive cannot go on. The text says what to do and carries no content, name, address or key."""


class ArchiveCorrupt(ArchiveError):
    """The log contradicts itself, or another writer has taken over. Stop the server; do not limp."""


class VaultKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of a day of the identification vault, as it is stored: sealed to custodians, under a term key."""

    id: bytes
    kind: str
    """The term kind of what lies under it."""
    day_ms: int
    custodian: bytes
    term_key: bytes
    wrap: bytes


class VaultRow(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the identification vault, sealed under the key of their day (`archive/vault.py`)."""

    key: bytes
    sealed: bytes


class KeyPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What an older archive did not keep of a content key."""

    key: bytes
    data: DataKind
    first_id: int


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of what is stored, durable with the records that tell of them. Leaves are never touched.

    A part is bounded by who makes it: everybody's commits wait behind it.
    """

    custodian: CustodianKey | None = None
    """The custodians' key from now on; keys made earlier stay sealed to the one before."""
    absences: tuple[Absence, ...] | None = None
    """Every absence there is, in place of those noted before; a record of the audit holds their digest."""
    erase: tuple[int, ...] = ()
    """Numbers of records whose header, salt and ciphertext go."""
    close_visible: tuple[bytes, ...] = ()
    """Content keys whose visible wrap goes."""
    place_keys: tuple[KeyPlace, ...] = ()
    add_wraps: tuple[CustodyWrap, ...] = ()
    drop_wraps: tuple[tuple[bytes, bytes], ...] = ()
    """Content key and term key of custodians' wraps that go."""
    drop_keys: tuple[bytes, ...] = ()
    """Content keys that nothing is left of."""
    vault_keys: tuple[VaultKey, ...] = ()
    """New ones, and those that a hold has wrapped anew: these take the place of what they were."""
    vault: tuple[VaultRow, ...] = ()
    drop_vault: tuple[bytes, ...] = ()
    """Keys of the vault that go, with at most `VAULT_ROWS_MAX` of their rows each time; the key goes with the last."""
    truncate: bool = False
    """Afterwards the write-ahead log is written back and emptied: no copy of what went stays in it."""


VAULT_ROWS_MAX: Final = 256
"""Most rows of one vault key that one part of upkeep drops."""


class Batch(msgspec.Struct, frozen=True):
    """What one commit makes durable, all or nothing: records in order, the rooms they changed, and other values."""

    records: list[Unsealed]
    rooms: list[KeptRoom] = []
    kept: list[Keep] = []
    dropped_rooms: list[ConversationId] = []
    """Rooms that are kept no longer; none of them is among `rooms`. Their records stay."""
    upkeep: list[Upkeep] = []

    @property
    def has_values(self) -> bool:
        """Tell whether it holds anything beside records."""
        return bool(self.rooms or self.kept or self.dropped_rooms or self.upkeep)


class Sealed(msgspec.Struct, frozen=True):
    """The batch is durable: it survives a power cut."""

    run: int
    first_counter: int
    count: int


class Unavailable(msgspec.Struct, frozen=True):
    """Nothing of the batch counts: the archive has reopened its store or will before the next try. Try again."""

    reason: str


class Fatal(msgspec.Struct, frozen=True):
    """The archive contradicts itself or was fenced off: stop the server and show nothing more."""

    reason: str


Outcome = Sealed | Unavailable | Fatal


class Opened(msgspec.Struct, frozen=True):
    """What the archive says when this run begins."""

    run: int
    last_time_ms: int
    """Time of the newest record of all runs, 0 without any."""
    rooms: list[KeptRoom]
    kept: list[Keep]
    """Every other value that is kept, in no order."""
    notices: list[str]
    """What the operator should read: a torn batch set aside, a run that ended without saying so."""


class Archive(Protocol):
    """One writer, one batch at a time.

    Durability: when `done` gets `Sealed`, the batch survives `kill -9` and a power cut.
    Concurrency: `seal` is called on the event loop and never while an earlier batch is unanswered; it does not
    block; `done` is called on the event loop, at once or later, exactly once. A commit that hangs is not failed:
    nothing is told until it ends.
    Failure: after any failed commit the adapter reopens its store and re-reads its head before it uses a number
    again; records found there that nobody saw are marked undelivered.
    """

    def open(self, now_ms: int) -> Opened:
        """Take the writer's lease, make or check the store, begin a new run, seal its first record.

        Raises:
            ArchiveError: The store cannot be used; the text says why and what to do.
        """

    def seal(self, batch: Batch, done: Callable[[Outcome], None]) -> None:
        """Make the batch durable, all or nothing, then say so."""

    def close(self) -> None:
        """Finish what is being sealed, end the run, release the lease. Blocks; for the end of the program."""
