"""What was done to the archive, as records say it. Source: src/parvis/model/audit.py."""

import msgspec
import pytest

from parvis.model.audit import (
    CustodianKeySet,
    EndedTerm,
    KeysAdopted,
    Repaired,
    TermsEnded,
    audit_record,
    read_entry,
)
from parvis.model.ids import AUDIT
from parvis.model.records import DataKind, RecordKind


def test_an_entry_comes_back_as_it_was() -> None:
    """A record of the audit names no room, and its line is the entry."""
    entry = CustodianKeySet(custodian="00ff", shares=5, threshold=3)
    record = audit_record(entry)
    assert (record.kind, record.conversation, record.data) == (RecordKind.AUDIT, AUDIT, DataKind.AUDIT)
    assert record.content[:2] == b"\0\0"
    assert read_entry(record.content[2:]) == entry


def test_entries_of_older_archives_and_of_repairs_come_back_as_they_were() -> None:
    """Counts and a digest, and nothing that tells whose records they were."""
    for entry in (
        KeysAdopted(wrapped=3, closed=1),
        Repaired(records=10, bodies_lost=1, records_lost=2, keys_lost=0, rows_lost=4, absences="00ff"),
    ):
        assert read_entry(audit_record(entry).content[2:]) == entry


def test_what_is_no_entry_is_refused() -> None:
    """Unknown kinds and unknown words are errors, not guesses."""
    for line in (b"", b"{}", b'{"what":"x"}', b'{"what":"custodian-key-set","custodian":"","shares":1}'):
        with pytest.raises(msgspec.DecodeError):
            read_entry(line)


def test_the_end_of_terms_is_told_in_counts() -> None:
    """Kinds, days and numbers come back as they were; nothing else fits in."""
    ended = EndedTerm(kind="rooms", day="2026-11-24", records=3, keys=2, vault_rows=0)
    entry = TermsEnded(terms=(ended,), absences="00" * 32)
    assert read_entry(audit_record(entry).content[2:]) == entry
    with pytest.raises(msgspec.DecodeError):
        read_entry(msgspec.json.encode({"what": "terms-ended", "terms": [], "absences": "", "text": "words"}))
