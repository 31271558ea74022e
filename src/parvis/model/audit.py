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


class LogKeyRotated(Entry, frozen=True, kw_only=True, tag="log-key-rotated"):
    """From now on checkpoints are signed with this key, and for some days with the one before as well."""

    old: str
    """SHA-256 of the public key as it is published, in hex."""
    new: str
    why: str = ""


AuditEntry = CustodianKeySet | KeysAdopted | Repaired | LogKeyRotated
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
