"""Checking an archive, record by record. Source: docs/adr/0002-record-and-leaf.md; 0003-sealing-in-sqlite.md."""

from collections.abc import Iterable

import msgspec
import pytest
from tests.unit.archive.sealed import NOON_MS, OTHER_ROOM, SealedRun, a_record

from parvis.archive import verify
from parvis.archive.merkle import leaf_hash
from parvis.archive.record import leaf_of
from parvis.archive.verify import Check, ClosedKey, Fault, Lost, Ranges, Report, Row, absences_told
from parvis.model.ids import AUDIT
from parvis.model.records import RecordKind


def a_run(run: int = 1) -> tuple[SealedRun, list[Row]]:
    """Seal a run of four records."""
    sealed = SealedRun(run)
    rows = sealed.seal(
        a_record(RecordKind.RUN_STARTED),
        a_record(line=b"one"),
        a_record(line=b"two"),
        a_record(conversation=OTHER_ROOM),
    )
    return sealed, rows


def checked(
    sealed: SealedRun, rows: Iterable[Row], *, absent: Ranges = (), undelivered: Ranges = (), lost: Ranges = ()
) -> Report:
    """Check rows with the keys of their run."""
    check = Check(sealed.keys.get, absent, undelivered, lost)
    check.rows(list(rows))
    return check.done()


def counted(report: Report) -> dict[str, int]:
    """Give what was counted, but for nothing."""
    names = ("records", "runs", "opened", "closed", "covered", "undelivered", "lost", "problems_total")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def whats(report: Report) -> list[str]:
    """Give the words of the problems."""
    return [problem.what for problem in report.problems]


def test_a_whole_run_has_no_problem() -> None:
    """Every record is counted and opened."""
    sealed, rows = a_run()
    report = checked(sealed, rows)
    assert counted(report) == {"records": 4, "runs": 1, "opened": 4}
    assert (report.first, report.last) == (rows[0].number, rows[-1].number)
    assert report.leaf_hashes == b"".join(leaf_hash(row.leaf) for row in rows)


@pytest.mark.parametrize("field", ["header", "salt", "ciphertext", "leaf"])
@pytest.mark.parametrize("at", [0, 20, -1])
def test_a_changed_byte_is_found(field: str, at: int) -> None:
    """Whichever byte of a row changes, its record is named, and only that."""
    sealed, rows = a_run()
    changed = bytearray(getattr(rows[1], field))
    changed[at] ^= 1
    rows[1] = msgspec.structs.replace(rows[1], **{field: bytes(changed)})
    report = checked(sealed, rows)
    assert {(problem.run, problem.counter) for problem in report.problems} == {(1, 2)}


def test_a_forged_leaf_does_not_hide_a_changed_header() -> None:
    """The header is authenticated with the ciphertext, so that recomputing the leaf is not enough."""
    sealed, rows = a_run()
    _, salt, ciphertext = rows[1].header, rows[1].salt, rows[1].ciphertext
    assert rows[1].header is not None
    assert salt is not None
    assert ciphertext is not None
    header = rows[1].header[:40] + b"!" + rows[1].header[41:]
    rows[1] = msgspec.structs.replace(rows[1], header=header, leaf=leaf_of(salt, header, ciphertext))
    assert whats(checked(sealed, rows)) == ["ciphertext does not open under its key and header"]


def test_a_missing_record_is_found() -> None:
    """Numbers are consecutive in a run."""
    sealed, rows = a_run()
    report = checked(sealed, [rows[0], *rows[2:]])
    assert whats(report) == ["number follows 1: records between are missing"]


def whole(*parts: Report, lost: Ranges = ()) -> Report:
    """Put parts together."""
    report = Report()
    for part in parts:
        report.add(part, lost)
    return report


def test_a_run_without_its_start_is_found() -> None:
    """The first record of a run says that it begins."""
    sealed, rows = a_run()
    report = whole(checked(sealed, rows[1:]))
    assert whats(report) == ["number follows 0: records between are missing"]
    assert (report.problems[0].fault, report.problems[0].from_counter) == (Fault.MISSING, 1)
    other = SealedRun()
    assert whats(checked(other, other.seal(a_record()))) == ["a run begins with its start, and only there"]


def test_parts_are_as_good_as_the_whole() -> None:
    """Wherever it is cut, what was missing, out of order or twice is found."""
    sealed, rows = a_run()
    other, more = a_run(2)
    sealed.keys |= other.keys
    rows += more
    for cut in range(len(rows) + 1):
        report = whole(checked(sealed, rows[:cut]), checked(sealed, rows[cut:]))
        assert counted(report) == {"records": 8, "runs": 2, "opened": 8}
    for cut in range(1, 6):
        gap = whole(checked(sealed, rows[:cut]), checked(sealed, rows[cut + 1 :]))
        assert gap.problems_total == (cut != 3)
    turned = whole(checked(sealed, rows[4:]), checked(sealed, rows[:4]))
    assert "number follows 4: it is out of order" in whats(turned)
    late = SealedRun(3)
    later = late.seal(a_record(RecordKind.RUN_STARTED, time_ms=NOON_MS - 5))
    sealed.keys |= late.keys
    back = whole(checked(sealed, rows), checked(sealed, later))
    assert whats(back) == ["time is before that of the record in front of it"]


def test_a_record_moved_to_another_number_is_found() -> None:
    """The header bears the number."""
    sealed, rows = a_run()
    moved = msgspec.structs.replace(rows[1], number=rows[2].number)
    report = checked(sealed, [rows[0], rows[1], moved, rows[3]])
    assert [(problem.what, problem.fault) for problem in report.problems] == [
        ("header bears number 1/2", Fault.REORDERED)
    ]


def test_an_absent_body_is_a_problem_unless_it_is_covered() -> None:
    """A deleted body needs an entry of the log that covers its number, and goes whole."""
    sealed, rows = a_run()
    number = rows[1].number
    rows[1] = msgspec.structs.replace(rows[1], header=None, salt=None, ciphertext=None)
    assert whats(checked(sealed, rows)) == ["body is absent, and no entry of the log covers it"]
    covered = checked(sealed, rows, absent=[(number, number)])
    assert counted(covered) == {"records": 4, "runs": 1, "opened": 3, "covered": 1}
    rows[1] = msgspec.structs.replace(rows[1], header=rows[2].header)
    half = checked(sealed, rows, absent=[(number, number)])
    assert whats(half) == ["a part of the body is absent, and not all of it"]


def test_what_a_repair_noted_as_lost_is_counted_and_listed() -> None:
    """Bodies and whole records, side by side as one range."""
    sealed, rows = a_run()
    lost = [(rows[1].number, rows[2].number)]
    bodiless = msgspec.structs.replace(rows[1], header=None, salt=None, ciphertext=None)
    report = checked(sealed, [rows[0], bodiless, rows[3]], lost=lost)
    assert counted(report) == {"records": 3, "runs": 1, "opened": 2, "lost": 2}
    assert report.lost_records == [Lost(run=1, first=2, last=3)]
    apart = whole(checked(sealed, rows[:1]), checked(sealed, rows[3:]), lost=lost)
    assert apart.lost_records == [Lost(run=1, first=2, last=3)]
    assert apart.problems_total == 0


def test_a_key_that_ended_closes_its_records_and_an_absent_one_is_a_problem() -> None:
    """A record whose key the server cannot open any more is counted, not blamed, unless the key is not its own."""
    sealed, rows = a_run()

    def closed_key(key_id: bytes, moved: int = 0) -> ClosedKey:
        key = sealed.keys[key_id]
        return ClosedKey(conversation=key.conversation, hour=key.hour + moved, run=key.run)

    closed, absent, moved = Check(closed_key), Check(lambda _: None), Check(lambda key: closed_key(key, 1))
    for check in (closed, absent, moved):
        check.rows(rows)
    assert counted(closed.done()) == {"records": 4, "runs": 1, "closed": 4}
    assert absent.done().problems_total == 4
    assert set(whats(moved.done())) == {"content key belongs to another conversation, hour or run"}


def test_a_key_of_another_conversation_is_a_problem() -> None:
    """A content key belongs to one conversation, hour and run."""
    sealed, rows = a_run()
    wrong = {key_id: msgspec.structs.replace(key, hour=key.hour + 1) for key_id, key in sealed.keys.items()}
    check = Check(wrong.get)
    check.rows(rows)
    assert set(whats(check.done())) == {"content key belongs to another conversation, hour or run"}


def test_times_do_not_go_back_but_for_records_that_nobody_saw() -> None:
    """
    A batch found after a failed commit stands beside its second try, whose times are the same.
    Source: docs/adr/0003-sealing-in-sqlite.md, "Decision".
    """
    sealed = SealedRun()
    rows = sealed.seal(a_record(RecordKind.RUN_STARTED), a_record(time_ms=NOON_MS + 9))
    sealed.sealer.rewind(3, NOON_MS)
    rows += sealed.seal(a_record(time_ms=NOON_MS + 3))
    assert whats(checked(sealed, rows)) == ["time is before that of the record in front of it"]
    unseen = checked(sealed, rows, undelivered=[(rows[1].number, rows[1].number)])
    assert counted(unseen) == {"records": 3, "runs": 1, "opened": 3, "undelivered": 1}


def test_what_the_audit_says_of_absences_is_taken_along() -> None:
    """Of the newest entry that says it."""
    sealed = SealedRun()
    rows = sealed.seal(
        a_record(RecordKind.RUN_STARTED),
        *(
            a_record(RecordKind.AUDIT, conversation=AUDIT, line=line)
            for line in (b'{"what":"x","absences":"aa"}', b'{"what":"y","absences":"bb"}', b'{"what":"z"}', b"nonsense")
        ),
    )
    assert checked(sealed, rows).absences_told == "bb"
    assert whole(checked(sealed, rows[:2]), checked(sealed, rows[2:3])).absences_told == "bb"
    assert whole(checked(sealed, rows[:2]), checked(sealed, rows[3:])).absences_told == "aa"
    assert absences_told(b"[]") == ""
    assert absences_told(b'{"x":' + b"[" * 100_000) == ""


def test_problems_are_all_counted_and_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report does not grow with what is wrong."""
    monkeypatch.setattr(verify, "PROBLEMS_NAMED_MAX", 2)
    sealed, rows = a_run()
    report = checked(sealed, [msgspec.structs.replace(row, leaf=b"") for row in rows])
    assert (report.problems_total, len(report.problems)) == (4, 2)
