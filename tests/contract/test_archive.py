"""Every adapter of the archive keeps what its port promises. Source: src/parvis/ports/archive.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import (
    NOON_MS,
    ROOM,
    MemoryStage,
    SqliteStage,
    Stage,
    a_batch,
    lines,
    sealed,
)

from parvis.model.ids import ConversationId, IdentityId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom, ListMask, RecordKind
from parvis.ports.archive import Archive, ArchiveError, Batch, Fatal, Sealed, Unavailable
from parvis.ports.keys import KeyStore
from parvis.store.memory import Fault, MemoryArchive
from parvis.store.sqlite.archive import SqliteArchive

MINUTE_MS = 60_000


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Give a stage of each adapter, and close what is left open on it."""
    made: Stage = request.param(tmp_path)
    yield made
    if isinstance(made, SqliteStage):
        made.driver.goes_on.set()
        for archive in made.made:
            archive.close()


def opened(stage: Stage) -> Archive:
    """Open an archive at the time of the stage's clock."""
    archive = stage.archive()
    archive.open(stage.clock())
    return archive


def test_a_new_archive_begins_with_the_start_of_its_run(stage: Stage) -> None:
    """Run 1, no room, nothing to tell; the first record says that the run began. Source: Archive.open."""
    archive = stage.archive()
    answer = archive.open(NOON_MS)
    assert (answer.run, answer.last_time_ms, answer.rooms, answer.notices) == (1, 0, [], [])
    (started,) = stage.records()
    assert started.header.kind is RecordKind.RUN_STARTED
    assert (started.header.run, started.header.counter, started.header.time_ms) == (1, 1, NOON_MS)


def test_what_is_sealed_is_read_back_in_order(stage: Stage) -> None:
    """Numbers are consecutive over batches; lines are the bytes that were sealed. Source: Sealed."""
    archive = opened(stage)
    assert sealed(stage, archive, a_batch(b"one", b"two")) == Sealed(1, 2, 2)
    assert sealed(stage, archive, a_batch(b"three \xff")) == Sealed(1, 4, 1)
    assert list(lines(stage.records())) == [b"one", b"two", b"three \xff"]


@pytest.mark.parametrize("count", [63, 64, 65, 128, 200])
def test_batches_of_any_size_are_whole(stage: Stage, count: int) -> None:
    """A batch larger than one statement is still one batch. Source: Batch."""
    archive = opened(stage)
    sent = [b"line %d" % number for number in range(count)]
    sealed(stage, archive, a_batch(b"first"))
    assert sealed(stage, archive, a_batch(*sent)) == Sealed(1, 3, count)
    assert list(lines(stage.records())) == [b"first", *sent]


def test_an_empty_batch_takes_no_number(stage: Stage) -> None:
    """Nothing is sealed, and that is durable. Source: Batch."""
    archive = opened(stage)
    assert sealed(stage, archive, a_batch()) == Sealed(1, 2, 0)
    assert sealed(stage, archive, a_batch(b"one")) == Sealed(1, 2, 1)


def test_rooms_survive_a_restart_whole(stage: Stage) -> None:
    """A room is written whole at each change, and the last writing counts. Source: KeptRoom; Opened.rooms."""
    first = KeptRoom(id=ROOM, name="#nave", owner=IdentityId(b"a" * 16), created_at_ms=5, topic="old")
    last = KeptRoom(
        id=ROOM,
        name="#Nave",
        owner=IdentityId(b"b" * 16),
        created_at_ms=5,
        topic="été",
        topic_set_by="ann",
        topic_set_at_ms=7,
        flags="nt",
        key="door",
        limit=12,
        lists=(ListMask(kind="b", mask="*!*@rude", set_by="ann", set_at_ms=8),),
    )
    other = KeptRoom(id=ConversationId(b"q" * 16), name="#quiet", owner=IdentityId(b"a" * 16), created_at_ms=6)
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"one", rooms=[first, other]))
    sealed(stage, archive, a_batch(rooms=[last]))
    archive.close()
    assert stage.archive().open(NOON_MS).rooms == [last, other]


def test_a_room_that_is_dropped_does_not_come_back(stage: Stage) -> None:
    """Its records stay; dropping what is not there is nothing. Source: Batch.dropped_rooms."""
    room = KeptRoom(id=ROOM, name="#nave", owner=IdentityId(b"a" * 16), created_at_ms=5)
    other = KeptRoom(id=ConversationId(b"q" * 16), name="#quiet", owner=IdentityId(b"a" * 16), created_at_ms=6)
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"one", rooms=[room, other]))
    assert sealed(stage, archive, Batch([], dropped_rooms=[ROOM, ConversationId(b"n" * 16)])) == Sealed(1, 3, 0)
    archive.close()
    assert stage.archive().open(NOON_MS).rooms == [other]
    assert b"one" in list(lines(stage.records()))


def test_a_room_that_is_dropped_by_a_commit_that_failed_is_there(stage: Stage) -> None:
    """Nothing of the batch counts. Source: Unavailable."""
    room = KeptRoom(id=ROOM, name="#nave", owner=IdentityId(b"a" * 16), created_at_ms=5)
    archive = opened(stage)
    sealed(stage, archive, a_batch(rooms=[room]))
    stage.let_fail(Fault.FAILS)
    assert isinstance(sealed(stage, archive, Batch([], dropped_rooms=[ROOM])), Unavailable)
    archive.close()
    assert stage.archive().open(NOON_MS).rooms == [room]


def a_value(name: bytes, words: bytes | None) -> Keep:
    """Make a value to keep, or to keep no longer."""
    return Keep(KeptKind.ACCOUNT, name.ljust(16, b"."), words)


def test_values_survive_a_restart_whole(stage: Stage) -> None:
    """Put, replaced, dropped: the last writing of each counts. Source: Batch.kept; Opened.kept; ADR 7."""
    archive = opened(stage)
    one, two, three = (a_value(name, b'{"n":1}') for name in (b"one", b"two", b"three"))
    sealed(stage, archive, a_batch(b"line", kept=[one, two, three]))
    newer = a_value(b"two", b'{"n":"\xc3\xa9t\xc3\xa9"}')
    other_kind = Keep(KeptKind.PENDING_ACCOUNT, one.id, b"{}")
    assert sealed(stage, archive, a_batch(kept=[newer, a_value(b"three", None), other_kind])) == Sealed(1, 3, 0)
    sealed(stage, archive, a_batch(kept=[a_value(b"nothing", None)]))
    archive.close()
    found = stage.archive().open(NOON_MS).kept
    assert sorted(found, key=repr) == sorted([one, newer, other_kind], key=repr)


@pytest.mark.parametrize("fault", [Fault.FAILS, Fault.UNKNOWN])
def test_values_are_kept_with_their_batch_or_not_at_all(stage: Stage, fault: Fault) -> None:
    """A commit that fails keeps nothing that counts, and the next try keeps all. Source: Archive, "Failure"."""
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"before", kept=[a_value(b"one", b"1")]))
    batch = a_batch(b"line", kept=[a_value(b"one", None), a_value(b"two", b"2")])
    stage.let_fail(fault)
    assert isinstance(sealed(stage, archive, batch), Unavailable)
    assert isinstance(sealed(stage, archive, batch), Sealed)
    archive.close()
    assert stage.archive().open(NOON_MS).kept == [a_value(b"two", b"2")]


def test_a_run_that_ended_is_not_told_and_the_next_goes_on(stage: Stage) -> None:
    """Runs count up, and the newest record's time is given. Source: Opened."""
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"one", time_ms=NOON_MS + 5))
    archive.close()
    answer = stage.archive().open(NOON_MS + 6)
    assert (answer.run, answer.last_time_ms, answer.notices) == (2, NOON_MS + 5, [])
    assert [record.header.run for record in stage.records()] == [1, 1, 2]


def test_a_run_that_did_not_end_is_told_once(stage: Stage) -> None:
    """The operator reads that the server before was cut off. Source: Opened.notices."""
    opened(stage)
    stage.unshare_lock()
    archive = stage.archive()
    assert archive.open(NOON_MS + 1).notices == ["Run 1 ended without saying so."]
    archive.close()
    assert stage.archive().open(NOON_MS + 2).notices == []


def test_a_clock_a_minute_behind_goes_on_from_the_newest_record(stage: Stage) -> None:
    """Up to 5 minutes: the run begins 1 ms after the newest record, and the operator reads it."""
    opened(stage).close()
    answer = stage.archive().open(NOON_MS - MINUTE_MS)
    (notice,) = answer.notices
    assert "clock is 60 s behind" in notice
    assert [record.header.time_ms for record in stage.records()] == [NOON_MS, NOON_MS + 1]


def test_a_clock_six_minutes_behind_is_refused(stage: Stage) -> None:
    """More than 5 minutes: the archive does not open, and says what to do. It opens when the clock is right."""
    opened(stage).close()
    with pytest.raises(ArchiveError, match="clock is 360 s behind the newest record, limit is 300 s"):
        stage.archive().open(NOON_MS - 6 * MINUTE_MS)
    assert stage.archive().open(NOON_MS + 1).run == 2


def test_a_failed_commit_leaves_nothing_and_its_numbers_are_used_again(stage: Stage) -> None:
    """Nothing of the batch counts; the caller tries again. Source: Unavailable."""
    archive = opened(stage)
    stage.let_fail(Fault.FAILS)
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Unavailable)
    assert list(lines(stage.records())) == []
    assert sealed(stage, archive, a_batch(b"one")) == Sealed(1, 2, 1)
    assert list(lines(stage.records())) == [b"one"]


def test_a_commit_of_unknown_outcome_is_marked_and_tried_again_under_new_numbers(stage: Stage) -> None:
    """
    What was written although an error said otherwise is marked undelivered with the next batch, and no number is
    used twice. Source: Archive, "Failure".
    """
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"before"))
    stage.let_fail(Fault.UNKNOWN)
    assert isinstance(sealed(stage, archive, a_batch(b"one", b"two")), Unavailable)
    assert sealed(stage, archive, a_batch(b"one", b"two")) == Sealed(1, 5, 2)
    records = stage.records()
    assert list(lines(records)) == [b"before", b"one", b"two"]
    assert list(lines(records, undelivered=True)) == [b"one", b"two"]
    assert [record.header.counter for record in records] == [1, 2, 3, 4, 5, 6]


def test_marks_survive_a_second_failure(stage: Stage) -> None:
    """Records that nobody saw stay marked, however many tries it takes."""
    archive = opened(stage)
    stage.let_fail(Fault.UNKNOWN)
    sealed(stage, archive, a_batch(b"one"))
    stage.let_fail(Fault.FAILS)
    sealed(stage, archive, a_batch(b"one"))
    stage.let_fail(Fault.UNKNOWN)
    sealed(stage, archive, a_batch(b"one"))
    assert sealed(stage, archive, a_batch(b"one")) == Sealed(1, 4, 1)
    assert list(lines(stage.records())) == [b"one"]
    assert list(lines(stage.records(), undelivered=True)) == [b"one", b"one"]


def test_a_commit_that_hangs_tells_nothing_until_it_ends(stage: Stage) -> None:
    """It is not failed: its answer is what it comes to. Source: Archive, "Concurrency"."""
    archive = opened(stage)
    stage.let_fail(Fault.HANGS)
    outcomes: list[object] = []
    archive.seal(a_batch(b"one"), outcomes.append)
    assert stage.is_quiet()
    assert outcomes == []
    stage.release()
    stage.answers()
    assert outcomes == [Sealed(1, 2, 1)]


def test_a_writer_that_was_fenced_off_stops(stage: Stage) -> None:
    """Once another has the lease, each batch is fatal, and nothing of it is written. Source: Fatal."""
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"one"))
    stage.steal_lease()
    assert isinstance(sealed(stage, archive, a_batch(b"two")), Fatal)
    assert isinstance(sealed(stage, archive, a_batch(b"three")), Fatal)
    assert list(lines(stage.records())) == [b"one"]


def test_a_writer_that_was_fenced_off_notices_without_a_record(stage: Stage) -> None:
    """A batch that only changes a room is refused as well."""
    archive = opened(stage)
    stage.steal_lease()
    room = KeptRoom(id=ROOM, name="#nave", owner=IdentityId(b"a" * 16), created_at_ms=5)
    assert isinstance(sealed(stage, archive, a_batch(rooms=[room])), Fatal)


def test_another_machine_waits_until_the_lease_has_run_out(stage: Stage) -> None:
    """
    Where no lock is shared, 30 s without renewal end a lease, and its holder is fenced off.
    Source: docs/adr/0003-sealing-in-sqlite.md, "Decision".
    """
    archive = opened(stage)
    stage.unshare_lock()
    other = stage.archive(machine=b"other")
    with pytest.raises(ArchiveError, match=r"on another machine.*try again in 1 s"):
        other.open(NOON_MS + 29_500)
    stage.unshare_lock()
    assert other.open(NOON_MS + 30_000).run == 2
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Fatal)


def test_an_archive_that_was_closed_lets_another_machine_begin_at_once(stage: Stage) -> None:
    """Closing gives the lease back. Source: Archive.close."""
    opened(stage).close()
    assert stage.archive(machine=b"other").open(NOON_MS).run == 2


def test_chosen_times_are_kept_and_never_go_back(stage: Stage) -> None:
    """A record stands where its time says, or with the one before it."""
    archive = opened(stage)
    sealed(stage, archive, a_batch(b"one", time_ms=NOON_MS + 50))
    sealed(stage, archive, a_batch(b"two", time_ms=NOON_MS + 10))
    assert [record.header.time_ms - NOON_MS for record in stage.records()] == [0, 50, 50]


def test_the_server_has_bytes_of_its_own_for_each_purpose(stage: Stage) -> None:
    """The same after a restart, different between purposes. Source: ports/keys.py, KeyStore.derived."""
    archive = stage.archive()
    archive.open(NOON_MS)
    cloaks, pairs = keys_of(archive).derived(b"cloaks"), keys_of(archive).derived(b"pairs")
    assert len(cloaks) == len(pairs) == 32
    assert cloaks != pairs
    archive.close()
    again = stage.archive()
    again.open(NOON_MS)
    assert keys_of(again).derived(b"cloaks") == cloaks


def keys_of(archive: object) -> KeyStore:
    """Give the key store of either adapter."""
    assert isinstance(archive, SqliteArchive | MemoryArchive)
    return archive.keys
