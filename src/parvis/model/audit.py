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


AuditEntry = CustodianKeySet | TermsEnded
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
