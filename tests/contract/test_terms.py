"""Terms end, whole and in order, over every adapter. Source: docs/adr/0025-how-a-term-ends.md; issue 4, item 6."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, MemoryStage, SqliteStage, Stage, lines
from tests.contract.ending import Crash, Ground
from tests.custodians import SEED

from parvis.archive import custody
from parvis.archive.absences import covers, digest
from parvis.archive.content_keys import CustodyWrap
from parvis.archive.record import parse_header
from parvis.archive.terms import DAY_MS, DEFAULT_TERMS, VISIBLE_TERM_MS, YEAR_MS, TermKey, TermKind, new_term_key
from parvis.model.audit import TermsEnded, read_entry
from parvis.model.kept import KeptKind
from parvis.model.records import DataKind, RecordKind
from parvis.ports.archive import Upkeep, VaultKey, VaultRow
from parvis.ports.sealed import Wanted
from parvis.store.memory import MemoryArchive
from parvis.store.sqlite.verifying import verify_archive

FIXED = b"0123456789abcdef"


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Give a stage of each adapter, and close what is left open on it."""
    made: Stage = request.param(tmp_path)
    yield made
    if isinstance(made, SqliteStage):
        made.driver.goes_on.set()
        for archive in made.made:
            archive.close()


def audit(stage: Stage) -> list[TermsEnded]:
    """Read the record of the audit."""
    entries = [read_entry(record.line) for record in stage.records() if record.header.kind is RecordKind.AUDIT]
    return [entry for entry in entries if isinstance(entry, TermsEnded)]


def bodies(ground: Ground) -> list[int]:
    """Give the numbers of the records that still have a body."""
    return [row.number for row in ground.sealed.rows(Wanted()) if row.ciphertext is not None]


def after_a_day_and(term_ms: int) -> int:
    """Give a moment at which what was sealed at noon has ended."""
    return NOON_MS + DAY_MS + term_ms


def test_before_its_end_nothing_goes(stage: Stage) -> None:
    """A minute before, everything is as it was, and the audit says nothing."""
    ground = Ground(stage)
    ground.says(b"one")
    ground.ender.run(NOON_MS // DAY_MS * DAY_MS + DAY_MS + VISIBLE_TERM_MS - 1)
    assert list(lines(stage.records())) == [b"one"]
    assert audit(stage) == []


def test_after_the_window_the_server_is_closed_and_custodians_are_not(stage: Stage) -> None:
    """The visible term key and the wraps under it go; bodies and custodians' wraps stay. Source: DESIGN, section 3."""
    ground = Ground(stage)
    ground.says(b"one", b"two")
    stage.clock.now_ms = after_a_day_and(VISIBLE_TERM_MS)
    ended = ground.ender.run(stage.clock())
    assert ended.records == 0
    assert ground.forgotten == 1
    assert list(lines(stage.records())) == []
    room = next(key for key in ground.sealed.content_keys() if key.conversation == b"r" * 16)
    assert (room.visible_term, room.visible_wrap) == (None, None)
    assert len(ground.sealed.wraps_of(room.id)) == 1
    assert len(bodies(ground)) == ground.sealed.head() % (1 << 40)
    (entry,) = audit(stage)
    (term,) = entry.terms
    assert (term.kind, term.records, term.keys) == ("visible-records", 0, 2)
    assert entry.absences == digest(()).hex()
    assert ground.sealed.kept(KeptKind.ENDING) == []


def test_after_the_term_nothing_is_left_but_leaves(stage: Stage) -> None:
    """Bodies, wraps and content keys go; leaves, absences and counts stay, decisions have their own term."""
    ground = Ground(stage)
    ground.says(b"one", b"two")
    ground.says(b"warned", conversation=b"d" * 16, data=DataKind.DECISIONS)
    ground.says(b"three")
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    before = ground.sealed.leaves(0, 100)
    ended = ground.ender.run(stage.clock())
    assert (ended.records, ended.content_keys) == (4, 2)
    assert ground.sealed.leaves(0, 100)[: len(before)] == before
    left = {parse_header(row.header).conversation for row in ground.sealed.rows(Wanted()) if row.header is not None}
    assert b"r" * 16 not in left
    assert b"d" * 16 in left
    assert list(lines(stage.records())) == [b"warned"]
    absences = ground.sealed.absences()
    is_covered = covers(absences)
    assert [row.number for row in ground.sealed.rows(Wanted()) if row.header is None] == [
        number for number, _ in ground.sealed.leaves(0, 100) if is_covered(number)
    ]
    entries = audit(stage)
    assert entries[-1].absences == digest(absences).hex()
    rooms = [term for entry in entries for term in entry.terms if term.kind == "rooms"]
    assert [(term.records, term.keys) for term in rooms] == [(4, 2)]
    if isinstance(stage, SqliteStage):
        report = verify_archive(stage.data_dir)
        assert (report.problems, report.covered) == ([], 4)


def test_a_second_run_does_nothing(stage: Stage) -> None:
    """What has ended is not counted twice, and nothing is written."""
    ground = Ground(stage)
    ground.says(b"one")
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    ground.ender.run(stage.clock())
    writes, told = ground.journal.writes, len(audit(stage))
    again = ground.ender.run(stage.clock())
    assert (again.records, again.content_keys, again.vault_rows) == (0, 0, 0)
    assert (ground.journal.writes, len(audit(stage))) == (writes, told)


@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step_is_finished_by_the_next_run(stage: Stage, step: int) -> None:
    """The server ends before one of its writes; the next one leaves what an undisturbed run leaves."""
    ground = Ground(stage)
    ground.says(b"one", b"two")
    ground.says(b"private", conversation=b"p" * 16, data=DataKind.PRIVATE)
    stage.clock.now_ms = after_a_day_and(YEAR_MS)

    def crash(number: int) -> None:
        if number == step:
            raise Crash

    ground.journal.before = crash
    with pytest.raises(Crash):
        ground.ender.run(stage.clock())
    ground.archive.close()
    ground = Ground(stage)
    ground.ender.run(stage.clock())
    assert ground.sealed.kept(KeptKind.ENDING) == []
    assert {key.data for key in ground.sealed.content_keys()} == {DataKind.ROOMS, DataKind.AUDIT}  # of the second run
    now = [key for key in ground.keys.term_keys() if key.ends_ms <= stage.clock()]
    assert now == []
    is_covered = covers(ground.sealed.absences())
    absent = [row.number for row in ground.sealed.rows(Wanted()) if row.header is None]
    assert len(absent) == 4
    assert all(map(is_covered, absent))
    counted = sum(term.records for entry in audit(stage) for term in entry.terms)
    assert counted == 4
    assert audit(stage)[-1].absences == digest(ground.sealed.absences()).hex()


def test_a_crash_between_the_note_and_the_destruction_is_finished(stage: Stage) -> None:
    """The keys are destroyed without a second note."""
    ground = Ground(stage)
    ground.says(b"one")
    stage.clock.now_ms = after_a_day_and(YEAR_MS)

    change = ground.keys.change_term_keys

    def crash(add: Sequence[TermKey] = (), destroy: Collection[bytes] = ()) -> None:
        if destroy:
            raise Crash
        change(add=add)

    ground.keys.change_term_keys = crash  # type: ignore[method-assign]
    with pytest.raises(Crash):
        ground.ender.destroy_due(stage.clock())
    ground.keys.change_term_keys = change  # type: ignore[method-assign]
    told = len(audit(stage))
    ground.archive.close()
    ground = Ground(stage)
    assert any(key.ends_ms <= stage.clock() for key in ground.keys.term_keys())
    ground.ender.run(stage.clock())
    assert not any(key.ends_ms <= stage.clock() for key in ground.keys.term_keys())
    entries = audit(stage)
    assert told == 1
    days = [(term.kind, term.day) for entry in entries for term in entry.terms]
    assert len(days) == len(set(days))


def test_nothing_ends_while_holds_cannot_rewrap(stage: Stage) -> None:
    """No key is destroyed before re-wraps are durable. Source: law.md, 8.3."""
    ground = Ground(stage)
    ground.says(b"one")
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    before = list(ground.keys.term_keys())

    def fails(ended: Sequence[TermKey], now_ms: int) -> Collection[int]:
        raise Crash

    ground.rewrap = fails
    with pytest.raises(Crash):
        ground.ender.run(stage.clock())
    assert list(ground.keys.term_keys()) == before
    assert audit(stage) == []


def held(ground: Ground, hold: TermKey, stays: Collection[int]) -> None:
    """Hold the room of the tests under a term key."""
    ground.keys.change_term_keys(add=[hold])

    def rewrap(ended: Sequence[TermKey], now_ms: int) -> Collection[int]:
        by_id = {key.id: key for key in ended if key.kind is TermKind.ROOMS}
        wraps = []
        for wrap in ground.sealed.wraps_under(by_id):
            stored = ground.sealed.content_key(wrap.content_key)
            if stored is not None and stored.conversation == b"r" * 16:
                inner = custody.lift_term(wrap.wrap, by_id[wrap.term_key], wrap.content_key)
                outer = custody.under_term(inner, hold, wrap.content_key, bytes(12))
                wraps.append(
                    CustodyWrap(content_key=wrap.content_key, custodian=wrap.custodian, term_key=hold.id, wrap=outer)
                )
        if wraps:
            ground.journal.write(upkeep=[Upkeep(add_wraps=tuple(wraps))])
        return stays

    ground.rewrap = rewrap


def test_what_is_held_stays_until_the_hold_ends(stage: Stage) -> None:
    """Of a held room only what the hold covers stays; at the hold's end that goes as well."""
    ground = Ground(stage)
    ground.says(b"one", b"two", b"three")
    kept_number = ground.sealed.head()
    hold = new_term_key(TermKind.HOLD, YEAR_MS + 30 * DAY_MS, NOON_MS // DAY_MS * DAY_MS, lambda n: b"h" * n)
    held(ground, hold, {kept_number})
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    ground.ender.run(stage.clock())
    assert kept_number in bodies(ground)
    assert kept_number - 1 not in bodies(ground)
    room = next(key for key in ground.sealed.content_keys() if key.conversation == b"r" * 16)
    assert [wrap.term_key for wrap in ground.sealed.wraps_of(room.id)] == [hold.id]
    ground.rewrap = lambda _ended, _now_ms: ()
    stage.clock.now_ms = hold.ends_ms
    ended = ground.ender.run(stage.clock())
    assert ended.records >= 1
    assert kept_number not in bodies(ground)
    assert not any(key.conversation == b"r" * 16 for key in ground.sealed.content_keys())
    assert audit(stage)[-1].absences == digest(ground.sealed.absences()).hex()


def test_a_hold_that_ends_before_the_term_takes_nothing_with_it(stage: Stage) -> None:
    """Its wrap goes, and the content stays under its own term."""
    ground = Ground(stage)
    ground.says(b"one")
    hold = new_term_key(TermKind.HOLD, DAY_MS, NOON_MS // DAY_MS * DAY_MS, lambda n: b"h" * n)
    ground.keys.change_term_keys(add=[hold])
    room = next(key for key in ground.sealed.content_keys() if key.conversation == b"r" * 16)
    extra = CustodyWrap(content_key=room.id, custodian=b"c" * 16, term_key=hold.id, wrap=b"w")
    ground.journal.write(upkeep=[Upkeep(add_wraps=(extra,))])
    stage.clock.now_ms = hold.ends_ms
    ended = ground.ender.run(stage.clock())
    assert (ended.records, ended.content_keys) == (0, 0)
    assert len(ground.sealed.wraps_of(room.id)) == 1
    assert list(lines(stage.records())) == [b"one"]


def test_days_of_the_vault_end(stage: Stage) -> None:
    """Rows and keys under an ended term key go, others stay, and the audit counts the rows."""
    ground = Ground(stage)
    terms = {key.begins_ms: key for key in ground.keys.term_keys() if key.kind is TermKind.CONNECTIONS}
    first, second, *_ = sorted(terms)
    for name, day in ((b"1", first), (b"2", second)):
        key = VaultKey(
            id=name * 16, kind="connections", day_ms=day, custodian=b"c" * 16, term_key=terms[day].id, wrap=b"w"
        )
        rows = tuple(VaultRow(key=key.id, sealed=b"%d" % each) for each in range(300))
        ground.journal.write(upkeep=[Upkeep(vault_keys=(key,), vault=rows)])
    stage.clock.now_ms = terms[first].ends_ms
    ended = ground.ender.run(stage.clock())
    assert ended.vault_rows == 300
    assert [key.id for key in ground.sealed.vault_keys()] == [b"2" * 16]
    assert len(list(ground.sealed.vault_rows(b"2" * 16))) == 300
    assert list(ground.sealed.vault_rows(b"1" * 16)) == []
    assert [term.vault_rows for entry in audit(stage) for term in entry.terms if term.kind == "connections"] == [300]


def test_a_key_that_is_missing_ends_nothing(stage: Stage) -> None:
    """With an older key store in place of today's, nothing is deleted: the right one may come back."""
    ground = Ground(stage)
    ground.says(b"one")
    lost = [key for key in ground.keys.term_keys() if key.begins_ms <= NOON_MS]
    ground.keys.change_term_keys(destroy={key.id for key in lost})
    count = len(bodies(ground))
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    ground.ender.run(stage.clock())
    assert len(bodies(ground)) >= count
    assert ground.sealed.absences() == []
    ground.keys.change_term_keys(add=lost)
    assert ground.ender.run(stage.clock()).records == 2


def test_more_than_one_part_goes_in_parts(stage: Stage) -> None:
    """No part is larger than what commits may wait for."""
    ground = Ground(stage)
    ground.says(*[b"%d" % number for number in range(600)])
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    sizes: list[int] = []
    write = ground.journal.write

    def measured(records: object = (), upkeep: Sequence[Upkeep] = (), kept: object = ()) -> None:
        sizes.extend(len(each.erase) + len(each.drop_wraps) for each in upkeep)
        write(records, upkeep, kept)  # type: ignore[arg-type]

    ground.journal.write = measured  # type: ignore[method-assign]
    assert ground.ender.run(stage.clock()).records == 601
    assert max(sizes) <= 256
    assert len([size for size in sizes if size]) >= 4


def test_custodians_open_until_the_term_ends_and_not_after(stage: Stage) -> None:
    """The shares alone open nothing once the term key is gone, not even from a copy of the wraps."""
    ground = Ground(stage)
    ground.says(b"one")
    seed = SEED if isinstance(stage, SqliteStage) else stage.store.custodian_seed  # type: ignore[attr-defined]
    room = next(key for key in ground.sealed.content_keys() if key.conversation == b"r" * 16)
    (wrap,) = ground.sealed.wraps_of(room.id)
    term = next(key for key in ground.keys.term_keys() if key.id == wrap.term_key)
    assert custody.lift_term(wrap.wrap, term, room.id)
    stage.clock.now_ms = after_a_day_and(YEAR_MS)
    ground.ender.run(stage.clock())
    private = custody.private_key(seed)
    for left in ground.keys.term_keys():
        with pytest.raises(custody.UnopenedCustody):
            custody.lift_term(wrap.wrap, left, room.id)
    with pytest.raises(custody.UnopenedCustody):
        custody.open_sealed(private, wrap.wrap, b"")


def test_every_kind_of_term_key_is_made_and_ends(stage: Stage) -> None:
    """The defaults name every kind but that of holds."""
    assert set(DEFAULT_TERMS) == set(TermKind) - {TermKind.HOLD}
    ground = Ground(stage)
    stage.clock.now_ms = NOON_MS + 6 * YEAR_MS
    ground.ender.run(stage.clock())
    assert [key for key in ground.keys.term_keys() if key.ends_ms <= stage.clock()] == []
    assert isinstance(ground.archive, MemoryArchive) is isinstance(stage, MemoryStage)
