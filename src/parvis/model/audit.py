"""What was done to the archive, as records of kind AUDIT say it: one JSON object each, by a tag `what`.

They hold opaque ids, counts, digests and the words of whoever asked; no text of anybody, no address, no key. Every
kind is a struct here; the services that write them stand in `moderation/` and `app/`.
"""

import msgspec

from parvis.model.ids import AUDIT, NO_MESSAGE_ID, NO_SESSION, NOBODY
from parvis.model.records import DataKind, RecordKind, Unsealed


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", forbid_unknown_fields=True):
    """What each of them has."""

    by: str = "server"
    """Who did it, as the server knows them: `server`, `operator` on its machine, or an account's id in hex."""


class CustodianKeySet(Entry, frozen=True, kw_only=True, tag="custodian-key-set"):
    """From now on content is sealed to this key."""

    custodian: str
    """Its id in hex."""
    shares: int
    threshold: int
    replaces: str = ""
    """Id of the key that was in use until now; empty for the first."""


class KeysAdopted(Entry, frozen=True, kw_only=True, tag="keys-adopted"):
    """Content keys of an older archive were looked at, and wrapped for custodians where the server could open them."""

    wrapped: int
    closed: int
    """How many end with the server's own wrap, because it could not be opened any more."""


class Repaired(Entry, frozen=True, kw_only=True, tag="repaired"):
    """This archive was saved out of a damaged one; what is missing is noted among the absences, as damage."""

    records: int
    """How many records were found, whole or without their body."""
    bodies_lost: int
    records_lost: int
    """How many numbers between others there is no record of. What stood at the end of a run is not among them."""
    keys_lost: int
    """Content keys that nobody can open any more."""
    rows_lost: int
    """Rows of other tables that were damaged."""
    absences: str
    """Digest, in hex, of every absence there is from now on (`archive/absences.py`)."""


class VaultSealed(Entry, frozen=True, kw_only=True, tag="vault-sealed"):
    """A key of the identification vault was given up: nothing is added under it any more."""

    key: str
    """Its id in hex."""
    kind: str
    """The term kind of what lies under it."""
    day_ms: int
    rows: int
    digest: str
    """Of its stored rows, SHA-256 in hex (`archive/vault.py`)."""
    ends_ms: int
    """From when on its rows may be gone."""


class OpeningRequested(Entry, frozen=True, kw_only=True, tag="opening-requested"):
    """Somebody asks for an opening; nothing was exported yet."""

    opening: str
    """Its id in hex; in each entry that follows as well."""
    digest: str
    """Digest of the request, in hex: shares are given for it (`legal/openings.py`)."""
    ground: str
    explanation: str
    reference: str
    requester: str
    requester_key: str
    """Id of the key that the result is sealed to, in hex."""
    custodian: str
    accounts: tuple[str, ...]
    conversations: tuple[str, ...]
    private: int
    """How many private conversations of the accounts it covers."""
    vault: bool
    from_ms: int
    to_ms: int
    is_emergency: bool
    not_before_ms: int
    ends_ms: int


class OpeningExported(Entry, frozen=True, kw_only=True, tag="opening-exported"):
    """What was asked for is handed out, sealed to custodians."""

    opening: str
    digest: str
    """Digest of the export, in hex."""
    records: int
    vault_rows: int
    closed: int
    """Records that match and whose term has ended."""
    elsewhere: int
    """Records that match and are sealed to another custodians' key."""


class OpeningGranted(Entry, frozen=True, kw_only=True, tag="opening-granted"):
    """A custodian gave a share, as the proceedings of a session say."""

    opening: str
    session: str
    share: int
    at_ms: int


class OpeningRefused(Entry, frozen=True, kw_only=True, tag="opening-refused"):
    """A custodian refused, as the proceedings of a session say."""

    opening: str
    session: str
    share: int | None
    reason: str
    at_ms: int


class OpeningOpened(Entry, frozen=True, kw_only=True, tag="opening-opened"):
    """A quorum opened it; the result is sealed and nobody has read it yet."""

    opening: str
    session: str
    result: str
    """SHA-256 of the result's file, in hex."""
    records: int
    withheld: int
    """Records that stood in the export and were not asked for."""
    unopened: int
    leaves_wrong: int
    vault: int


class OpeningFailed(Entry, frozen=True, kw_only=True, tag="opening-failed"):
    """A session ended without opening anything."""

    opening: str
    session: str
    why: str


class OpeningRead(Entry, frozen=True, kw_only=True, tag="opening-read"):
    """The server's half of the result's key is given: who has the requester's half can read from now on."""

    opening: str
    result: str


class OpeningEnded(Entry, frozen=True, kw_only=True, tag="opening-ended"):
    """Nothing more is exported, recorded or released; the key that would is gone."""

    opening: str
    why: str
    """`closed` by who runs the server, or `expired`."""


class EndedTerm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much ended of one kind of data and one day."""

    kind: str
    """The kind of the term key (`archive/terms.py`)."""
    day: str
    """The day that the key was for: year, month and day in UTC."""
    records: int
    """Records that go with header, salt and ciphertext."""
    keys: int
    """Content keys that this way in is closed to."""
    vault_rows: int


class TermsEnded(Entry, frozen=True, kw_only=True, tag="terms-ended"):
    """Terms ended: their keys are destroyed after this, and what lay under them goes."""

    terms: tuple[EndedTerm, ...]
    absences: str
    """Digest, in hex, of every absence there is from now on (`archive/absences.py`)."""


class HoldPlaced(Entry, frozen=True, kw_only=True, tag="hold-placed"):
    """Something is kept beyond its term."""

    hold: str
    """Its id in hex, as in every entry of a hold."""
    ground: str
    reference: str
    accounts: tuple[str, ...]
    conversations: tuple[str, ...]
    """Opaque ids in hex."""
    vault: bool
    from_ms: int
    until_ms: int
    ends_ms: int
    may_notify_user: bool


class HoldExtended(Entry, frozen=True, kw_only=True, tag="hold-extended"):
    """A hold was decided anew, with a later end."""

    hold: str
    reference: str
    ends_ms: int


class HoldEnded(Entry, frozen=True, kw_only=True, tag="hold-ended"):
    """A hold is over: what no other hold and no term keeps goes."""

    hold: str
    reason: str
    """Empty: it came to its end."""


class HoldKept(Entry, frozen=True, kw_only=True, tag="hold-kept"):
    """Content keys, or days of the vault, whose term ended were wrapped under the key of a hold."""

    hold: str
    content_keys: int = 0
    vault_days: int = 0


class ErasureAsked(Entry, frozen=True, kw_only=True, tag="erasure-asked"):
    """An account was closed for good; what it wrote goes from a moment on. The entry does not say whose it was."""

    due_ms: int
    reason: str = ""


class Erased(Entry, frozen=True, kw_only=True, tag="erased"):
    """Bodies of records are about to go because their authors were erased."""

    records: int
    absences: str
    """Digest, in hex, of every absence there is from now on (`archive/absences.py`)."""


class AccountExported(Entry, frozen=True, kw_only=True, tag="account-exported"):
    """An operator made a file of what is kept about an account. What members fetch themselves is nobody's business."""

    account: str
    """Its id in hex."""
    words: bool
    """Whether with what it wrote, as far as the server can read it."""
    reason: str


class LogKeyRotated(Entry, frozen=True, kw_only=True, tag="log-key-rotated"):
    """From now on checkpoints are signed with this key, and for some days with the one before as well."""

    old: str
    """SHA-256 of the public key as it is published, in hex."""
    new: str
    why: str = ""


AuditEntry = (
    CustodianKeySet
    | VaultSealed
    | OpeningRequested
    | OpeningExported
    | OpeningGranted
    | OpeningRefused
    | OpeningOpened
    | OpeningFailed
    | OpeningRead
    | OpeningEnded
    | TermsEnded
    | KeysAdopted
    | Repaired
    | HoldPlaced
    | HoldExtended
    | HoldEnded
    | HoldKept
    | ErasureAsked
    | Erased
    | AccountExported
    | LogKeyRotated
)
"""Every entry there is."""


def audit_record(entry: Entry) -> Unsealed:
    """Make the record of an entry; the turn that writes it gives its time."""
    return Unsealed(
        kind=RecordKind.AUDIT,
        time_ms=0,
        author=NOBODY,
        session=NO_SESSION,
        conversation=AUDIT,
        message_id=NO_MESSAGE_ID,
        content=b"\0\0" + msgspec.json.encode(entry),
        data=DataKind.AUDIT,
    )


def read_entry(line: bytes) -> AuditEntry:
    """Read the line of an audit record.

    Raises:
        msgspec.DecodeError: It is no entry that this program knows.
    """
    entry: AuditEntry = msgspec.json.decode(line, type=AuditEntry)
    return entry
