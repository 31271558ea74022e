"""Reading sealed records back. Source: docs/adr/0002-record-and-leaf.md."""

import pytest
from tests.unit.archive.sealed import OTHER_ROOM, ROOM, SealedRun, a_record

from parvis.archive.reading import opened_record
from parvis.archive.record import UnopenedRecord
from parvis.model.records import RecordKind


def test_a_record_comes_back_as_its_readers_saw_it() -> None:
    """Kind, rooms and line are those that were sealed; words do not show in its repr."""
    run = SealedRun()
    (row,) = run.seal(a_record(RecordKind.QUIT, line=b":bob QUIT :bye", rooms=[ROOM, OTHER_ROOM]))
    assert row.header is not None
    assert row.ciphertext is not None
    (key,) = run.keys.values()
    opened = opened_record(row.header, row.ciphertext, key.key, undelivered=True)
    assert opened.header.kind is RecordKind.QUIT
    assert (opened.rooms, opened.line, opened.undelivered) == ([ROOM, OTHER_ROOM], b":bob QUIT :bye", True)
    assert "bye" not in repr(opened)


def test_another_key_does_not_open_it() -> None:
    """A wrong key is an error, not nonsense."""
    (row,) = SealedRun().seal(a_record())
    assert row.header is not None
    assert row.ciphertext is not None
    with pytest.raises(UnopenedRecord):
        opened_record(row.header, row.ciphertext, bytes(32), undelivered=False)
