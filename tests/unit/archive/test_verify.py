"""Checking an archive, record by record. Source: docs/adr/0002-record-and-leaf.md; 0003-sealing-in-sqlite.md."""

from collections.abc import Iterable

import msgspec
import pytest
from tests.unit.archive.sealed import NOON_MS, OTHER_ROOM, SealedRun, a_record

from parvis.archive import verify
from parvis.archive.record import leaf_of
from parvis.archive.verify import Check, ClosedKey, Report, Row
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


def checked(sealed: SealedRun, rows: Iterable[Row]) -> Report:
    """Check rows with the keys of their run."""
    check = Check(sealed.keys.get)
    for row in rows:
        check.row(row)
    return check.report


def whats(report: Report) -> list[str]:
    """Give the words of the problems."""
    return [problem.what for problem in report.problems]


def test_a_whole_run_has_no_problem() -> None:
    """Every record is counted and opened."""
    sealed, rows = a_run()
    assert checked(sealed, rows) == Report(records=4, runs=1, opened=4)


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


def test_a_run_without_its_start_is_found() -> None:
    """The first record of a run says that it begins."""
    sealed, rows = a_run()
    assert whats(checked(sealed, rows[1:])) == ["number follows 0: records between are missing"]
    other = SealedRun()
    assert whats(checked(other, other.seal(a_record()))) == ["a run begins with its start, and only there"]


def test_a_record_moved_to_another_number_is_found() -> None:
    """The header bears the number."""
    sealed, rows = a_run()
    moved = msgspec.structs.replace(rows[1], number=rows[2].number)
    assert "header bears number 1/2" in whats(checked(sealed, [rows[0], rows[1], moved, rows[3]]))


def test_an_absent_body_is_a_problem_unless_it_is_covered() -> None:
    """A deleted body needs an entry of the log that covers its number."""
    sealed, rows = a_run()
    rows[1] = msgspec.structs.replace(rows[1], header=None, salt=None, ciphertext=None)
    assert whats(checked(sealed, rows)) == ["body is absent, and no entry of the log covers it"]
    check = Check(sealed.keys.get, lambda number: number == rows[1].number)
    for row in rows:
        check.row(row)
    assert check.report == Report(records=4, runs=1, opened=3, covered=1)


def test_a_key_that_ended_closes_its_records_and_an_absent_one_is_a_problem() -> None:
    """A record whose key the server cannot open any more is counted, not blamed."""
    _, rows = a_run()
    closed = Check(lambda _: ClosedKey())
    absent = Check(lambda _: None)
    for row in rows:
        closed.row(row)
        absent.row(row)
    assert closed.report == Report(records=4, runs=1, closed=4)
    assert absent.report.problems_total == 4


def test_a_key_of_another_conversation_is_a_problem() -> None:
    """A content key belongs to one conversation, hour and run."""
    sealed, rows = a_run()
    wrong = {key_id: msgspec.structs.replace(key, hour=key.hour + 1) for key_id, key in sealed.keys.items()}
    check = Check(wrong.get)
    for row in rows:
        check.row(row)
    assert set(whats(check.report)) == {"content key belongs to another conversation, hour or run"}


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
    rows[1] = msgspec.structs.replace(rows[1], undelivered=True)
    assert checked(sealed, rows) == Report(records=3, runs=1, opened=3, undelivered=1)


def test_a_run_without_records_is_told() -> None:
    """A run that is known and has nothing was cut away whole."""
    check = Check(lambda _: None)
    check.missing_end(4)
    assert [(problem.run, problem.what) for problem in check.report.problems] == [(4, "run has no record")]


def test_problems_are_all_counted_and_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report does not grow with what is wrong."""
    monkeypatch.setattr(verify, "PROBLEMS_NAMED_MAX", 2)
    sealed, rows = a_run()
    report = checked(sealed, [msgspec.structs.replace(row, leaf=b"") for row in rows])
    assert (report.problems_total, len(report.problems)) == (4, 2)
