"""Sealing a run. Source: docs/adr/0002-record-and-leaf.md."""

import pytest
from tests.unit.archive.sealed import NOON_MS, OTHER_ROOM, ROOM, SealedRun, a_record

from parvis.archive import sealing
from parvis.archive.content_keys import hour_of
from parvis.archive.record import leaf_of, parse_header, record_id
from parvis.archive.terms import HOUR_MS
from parvis.archive.verify import Row


def bytes_of(row: Row) -> tuple[bytes, bytes, bytes]:
    """Give header, salt and ciphertext, which are there."""
    assert row.header is not None
    assert row.salt is not None
    assert row.ciphertext is not None
    return row.header, row.salt, row.ciphertext


def test_numbers_follow_each_other_over_batches() -> None:
    """Numbers are consecutive in a run, and the header bears them, with the ids of its record."""
    run = SealedRun(run=7)
    rows = [*run.seal(a_record(), a_record()), *run.seal(a_record())]
    assert [row.number for row in rows] == [record_id(7, counter) for counter in (1, 2, 3)]
    header = parse_header(bytes_of(rows[2])[0])
    assert (header.run, header.counter, header.conversation, header.time_ms) == (7, 3, ROOM, NOON_MS)


def test_what_is_sealed_is_what_one_record_at_a_time_gives() -> None:
    """The fast path computes the same leaf as the plain functions."""
    for row in SealedRun().seal(a_record(line=b"one"), a_record(line=b"two")):
        header, salt, ciphertext = bytes_of(row)
        assert row.leaf == leaf_of(salt, header, ciphertext)


def test_equal_records_share_no_byte_of_chance() -> None:
    """Salt, nonce and so ciphertext differ, although everything else is the same."""
    rows = SealedRun().seal(a_record(), a_record())
    assert len({bytes_of(row)[1] for row in rows}) == 2
    assert len({bytes_of(row)[2][:12] for row in rows}) == 2
    assert len({bytes_of(row)[2][12:] for row in rows}) == 2


def test_a_key_belongs_to_a_conversation_and_an_hour() -> None:
    """A second room and a second hour each have a key of their own; the same hour goes on with its own."""
    run = SealedRun()
    later = NOON_MS + HOUR_MS
    run.seal(a_record(), a_record(conversation=OTHER_ROOM), a_record(time_ms=NOON_MS + HOUR_MS - 1))
    assert len(run.keys) == 2
    run.seal(a_record(time_ms=later), a_record(time_ms=later))
    assert [(key.conversation, key.hour) for key in run.keys.values()] == [
        (ROOM, hour_of(NOON_MS)),
        (OTHER_ROOM, hour_of(NOON_MS)),
        (ROOM, hour_of(later)),
    ]


def test_a_time_that_goes_back_is_raised() -> None:
    """No record of a run stands before the one in front of it."""
    rows = SealedRun().seal(a_record(time_ms=NOON_MS), a_record(time_ms=NOON_MS - 5))
    assert parse_header(bytes_of(rows[1])[0]).time_ms == NOON_MS


def test_after_a_failed_commit_numbers_are_used_again_and_nonces_and_keys_are_not() -> None:
    """
    The same record sealed again has its old number, another salt, another nonce and another key.
    Source: docs/adr/0003-sealing-in-sqlite.md, "Decision".
    """
    run = SealedRun()
    (lost,) = run.seal(a_record())
    run.sealer.rewind(1, 0)
    (again,) = run.seal(a_record())
    assert again.number == lost.number
    assert bytes_of(again)[1] != bytes_of(lost)[1]
    assert bytes_of(again)[2][:12] != bytes_of(lost)[2][:12]
    assert len(run.keys) == 2


def test_keys_held_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound keys are forgotten; a conversation seen again gets a second one, and all still opens."""
    monkeypatch.setattr(sealing, "CONTENT_KEYS_MAX", 1)
    run = SealedRun()
    run.seal(a_record(), a_record(conversation=OTHER_ROOM), a_record())
    assert [key.conversation for key in run.keys.values()] == [ROOM, OTHER_ROOM, ROOM]


def test_nothing_is_sealed_of_nothing() -> None:
    """An empty batch takes no number."""
    run = SealedRun()
    assert run.seal() == []
    assert run.sealer.next_counter == 1


def test_the_keys_of_an_hour_are_forgotten_when_it_is_over() -> None:
    """Also when nothing more comes; within the hour they are used on. Source: DESIGN, "Three windows"."""
    run = SealedRun()
    run.seal(a_record())
    run.sealer.forget_before(NOON_MS - NOON_MS % HOUR_MS + HOUR_MS - 1)
    run.seal(a_record())
    assert len(run.keys) == 1
    run.sealer.forget_before(NOON_MS - NOON_MS % HOUR_MS + HOUR_MS)
    run.seal(a_record())
    assert len(run.keys) == 2
