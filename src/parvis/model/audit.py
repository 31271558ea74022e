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


AuditEntry = CustodianKeySet | VaultSealed
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
