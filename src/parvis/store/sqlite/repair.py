"""Saving what is whole of a damaged archive into a new data folder, and saying what is missing.

Rule 1: nothing is written to the damaged folder, and nothing in the copy is made up: a record is taken with its body
only if its leaf proves it, a wrap only if its term key opens it, and what is missing is noted as missing.
Rule 2: what was erased stays erased: a body that a noted absence covers is not brought back out of an older page.
Rule 3: the copy gets its name when it is whole, and its last record is the audit's, which tells of the repair.

Source: docs/adr/0027-damage-and-repair.md.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from parvis.archive import absences
from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import hour_of
from parvis.archive.custody import CustodianKey
from parvis.archive.record import (
    COUNTER_BITS,
    parse_header,
    record_id,
    run_and_counter,
)
from parvis.archive.terms import CUSTODY_TERM_OF, TermKey
from parvis.model.audit import Repaired, audit_record
from parvis.model.records import DataKind
from parvis.ports.archive import ArchiveCorrupt, ArchiveError, Batch, Fatal, Outcome, Sealed, Unavailable, Upkeep
from parvis.store import durable
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.log.folder import LOG_NAME
from parvis.store.set_aside import SET_ASIDE_NAME
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import DATABASE_NAME, connect, lay_schema, uri_of
from parvis.store.sqlite.judging import Judge, KeyJudge, RecordJudge, as_it_is
from parvis.store.sqlite.lock import take_lock_of
from parvis.store.sqlite.salvage import (
    CONTENT_KEYS,
    CUSTODY_WRAPS,
    RECORDS,
    TABLES,
    Salvage,
    Table,
)

REPORT_NAME: Final = "repair-report.json"
"""Name of the report in the copy."""

UNFINISHED: Final = ".unfinished"
"""What the copy's name ends with until it is whole."""

RANGES_TOLD_MAX: Final = 1000
"""Most ranges of numbers a report lists; all are counted."""

KEPT_ASIDE: Final = {SET_ASIDE_NAME: SET_ASIDE_NAME, LOG_NAME: f"{SET_ASIDE_NAME}/{LOG_NAME}"}
"""Folders beside the database that are kept as evidence, and where: what was torn (its term goes on), the old log."""

_KEY_OF_RECORDS: Final = (
    "SELECT substr(header, 73, 16), min(id), header FROM records WHERE header IS NOT NULL GROUP BY 1"
)
_UNOPENABLE: Final = (
    "SELECT count(*) FROM content_keys WHERE visible_wrap IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM custody_wraps WHERE content_key = content_keys.id)"
)
_HIGHEST_RUN: Final = (
    "SELECT max(run) FROM (SELECT run FROM runs UNION ALL SELECT run FROM content_keys"
    " UNION ALL SELECT max(id) >> 40 FROM records)"
)
_ERASE: Final = (
    "UPDATE records SET header = NULL, salt = NULL, ciphertext = NULL WHERE id BETWEEN ? AND ? AND header IS NOT NULL"
)


class Range(msgspec.Struct, frozen=True):
    """Records of one run, both ends included."""

    run: int
    first: int
    last: int

    def __str__(self) -> str:
        """Name them as people read them."""
        if self.first == self.last:
            return f"{self.run}/{self.first}"
        return f"{self.run}/{self.first} to {self.run}/{self.last}"


class Repair(msgspec.Struct, kw_only=True):
    """What was saved and what was not."""

    saved: dict[str, int] = {}
    """Rows by table, the records without their bodies among them."""
    records_lost: int = 0
    """Numbers between others of which there is no record."""
    lost: list[Range] = []
    bodies_lost: int = 0
    """Records of which the leaf is left alone."""
    without_body: list[Range] = []
    erased_again: int = 0
    """Bodies that were to be gone and are gone now."""
    keys_rebuilt: int = 0
    """Content keys whose place was told by their records, because their own row was lost."""
    keys_lost: int = 0
    """Content keys that nobody can open: their records say nothing to anybody."""
    rows_lost: dict[str, int] = {}
    """Rows that were there and are damaged, by table."""
    tables_by_page: list[str] = []
    """Tables whose tree is broken: what no page of theirs holds is missing, and cannot be counted."""
    unreadable_blocks: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is missing, as far as can be told from here."""
        missing = self.records_lost or self.bodies_lost or self.keys_lost or self.rows_lost or self.unreadable_blocks
        return not (missing or self.tables_by_page)


def repair(
    source: Path, target: Path, *, clock: Callable[[], int], make_custodian: Callable[[Path], CustodianKey]
) -> Repair:
    """Save what is whole of a data folder into a new one.

    Args:
        source: The damaged folder; no server may be running over it.
        target: The new folder; it must not be there yet.
        clock: Gives milliseconds since 1970.
        make_custodian: Makes a custodians' key in a folder, for an archive whose own is lost.

    Raises:
        ArchiveError: It cannot be done; the text says why and what to do.
    """
    lock = take_lock_of(source)
    try:
        work = _new_folder(source, target)
        try:
            report = _save(source, work, clock, make_custodian)
            durable.write_new(work / REPORT_NAME, msgspec.json.format(msgspec.json.encode(report)) + b"\n")
            durable.sync_folder(work)
            work.rename(target)
            durable.sync_folder(target.absolute().parent)
        except (OSError, sqlite3.Error) as fault:
            name = fault.strerror if isinstance(fault, OSError) else getattr(fault, "sqlite_errorname", None)
            raise ArchiveError(f"the copy {target} cannot be written: {name or type(fault).__name__}") from fault
        finally:
            shutil.rmtree(work, ignore_errors=True)
    finally:
        if lock is not None:
            os.close(lock)
    return report


def _new_folder(source: Path, target: Path) -> Path:
    """Make the folder in which the copy is made."""
    if not (source / DATABASE_NAME).is_file():
        raise ArchiveError(f"there is no archive in {source}. Name the data folder with --data")
    if target.exists():
        raise ArchiveError(f"{target} is there already. Name a folder that is not there yet")
    work = target.with_name(target.name + UNFINISHED)
    try:
        if work.exists():
            raise ArchiveError(f"{work} is left of a repair that was cut short. Remove it, and try again")
        work.mkdir(durable.PRIVATE_FOLDER, parents=True)
    except OSError as fault:
        raise ArchiveError(f"the folder {work} cannot be made: {fault.strerror}") from fault
    return work


def _save(source: Path, work: Path, clock: Callable[[], int], make_custodian: Callable[[Path], CustodianKey]) -> Repair:
    keys = KeyFile(source / KEYFILE_NAME)
    report = Repair()
    salvage = Salvage(source, work)
    _check_store(salvage, keys, source)
    with closing(_new_database(work / DATABASE_NAME, keys)) as copy:
        term_keys = {key.id: key for key in keys.term_keys()}
        damaged, of_keys = RecordJudge(), KeyJudge(term_keys)
        judges: dict[str, Judge] = {
            RECORDS.name: damaged.judge,
            CONTENT_KEYS.name: of_keys.content_key,
            CUSTODY_WRAPS.name: of_keys.custody_wrap,
        }
        for table in TABLES:
            _save_table(copy, salvage, table, judges.get(table.name, as_it_is), report)
        _finish_erasing(copy, report)
        noted = _note_damage(copy, damaged, report)
        _place_keys(copy, term_keys, report)
        _begin_lease(copy)
        for table in TABLES:
            (report.saved[table.name],) = copy.execute(f"SELECT count(*) FROM {table.name}").fetchone()  # noqa: S608
        copy.execute("COMMIT")
        copy.execute("PRAGMA journal_mode = WAL").fetchone()
    damage = salvage.damage
    report.tables_by_page, report.unreadable_blocks = damage.tables_by_page, damage.unreadable_blocks
    for name, count in damage.rows_refused.items():
        report.rows_lost[name] = report.rows_lost.get(name, 0) + count
    salvage.close()
    durable.sync_file(work / DATABASE_NAME)
    durable.write_new(work / KEYFILE_NAME, (source / KEYFILE_NAME).read_bytes())
    for name, place in KEPT_ASIDE.items():
        if (source / name).is_dir():
            shutil.copytree(source / name, work / place, dirs_exist_ok=True)
    _tell_audit(work, noted, report, clock, make_custodian)
    return report


def _check_store(salvage: Salvage, keys: KeyFile, source: Path) -> None:
    store = salvage.store_id()
    if store is not None and store != keys.store:
        raise ArchiveCorrupt(
            f"the keys beside {source / DATABASE_NAME} belong to another database. "
            "Put the right key file back from its backup"
        )


def _new_database(path: Path, keys: KeyFile) -> sqlite3.Connection:
    """Make an empty database of these keys, in one long transaction; it is synced as a whole, later."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, durable.PRIVATE_FILE))
    connection = connect(uri_of(path))
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = OFF").fetchone()
    connection.execute("BEGIN")
    lay_schema(connection)
    connection.execute("INSERT INTO store VALUES (1, ?)", (keys.store,))
    return connection


def _save_table(copy: sqlite3.Connection, salvage: Salvage, table: Table, judge: Judge, report: Repair) -> None:
    """Write the rows of a table that are whole; of two with one key the first stays."""
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})"  # noqa: S608  # our own words
    texts = [at for at, name in enumerate(table.columns) if name in table.texts]
    for row in salvage.rows(table):
        true = judge(row)
        if true is None:
            report.rows_lost[table.name] = report.rows_lost.get(table.name, 0) + 1
            continue
        values: list[object] = list(true)
        for at in texts:
            values[at] = true[at].decode()
        copy.execute(insert, values)


def _finish_erasing(copy: sqlite3.Connection, report: Repair) -> None:
    """Let go of bodies that were noted as absent: the damage may have cut an erasure short, or undone one."""
    for first, last in copy.execute("SELECT first_id, last_id FROM absences").fetchall():
        report.erased_again += copy.execute(_ERASE, (first, last)).rowcount


def _note_damage(copy: sqlite3.Connection, damaged: RecordJudge, report: Repair) -> tuple[Absence, ...]:
    """Find what is missing between records and of them; give every absence there is from now on."""
    noted = tuple(
        Absence(first_id=first, last_id=last, why=Why(why))
        for first, last, why in copy.execute("SELECT first_id, last_id, why FROM absences ORDER BY first_id")
    )
    noted = absences.merge((), noted)
    is_noted = absences.covers(noted)
    # A page that was read again may have held the body after all.
    bodiless = {
        number for (number,) in copy.execute("SELECT id FROM records WHERE header IS NULL") if not is_noted(number)
    } | {number for number in damaged.without_body if _has_no_body(copy, number)}
    lost = list(_gaps(number for (number,) in copy.execute("SELECT id FROM records ORDER BY id")))
    lost = [absence for absence in lost if not is_noted(absence.first_id)]
    bodies = list(_ranges(sorted(bodiless)))
    report.bodies_lost, report.records_lost = len(bodiless), sum(map(_length, lost))
    report.without_body = [_told(absence) for absence in bodies[:RANGES_TOLD_MAX]]
    report.lost = [_told(absence) for absence in lost[:RANGES_TOLD_MAX]]
    return absences.merge(noted, [*lost, *bodies])


def _has_no_body(copy: sqlite3.Connection, number: int) -> bool:
    return copy.execute("SELECT 1 FROM records WHERE id = ? AND header IS NULL", (number,)).fetchone() is not None


def _gaps(numbers: Iterable[int]) -> Iterator[Absence]:
    """Give the numbers that are missing in front of others of their run."""
    run = counter = 0
    for number in numbers:
        following_run, following = run_and_counter(number)
        expected = counter + 1 if following_run == run else 1
        if following > expected:
            yield Absence(first_id=record_id(following_run, expected), last_id=number - 1, why=Why.DAMAGE)
        run, counter = following_run, following


def _ranges(numbers: Iterable[int]) -> Iterator[Absence]:
    """Give numbers in order as ranges."""
    first = last = 0
    for number in numbers:
        if number != last + 1:
            if last:
                yield Absence(first_id=first, last_id=last, why=Why.DAMAGE)
            first = number
        last = number
    if last:
        yield Absence(first_id=first, last_id=last, why=Why.DAMAGE)


def _length(absence: Absence) -> int:
    return absence.last_id - absence.first_id + 1


def _told(absence: Absence) -> Range:
    run, first = run_and_counter(absence.first_id)
    return Range(run, first, run_and_counter(absence.last_id)[1])


def _place_keys(copy: sqlite3.Connection, term_keys: dict[bytes, TermKey], report: Repair) -> None:
    """Say again of which conversation, hour and run a key was, by its records, where its own row was lost or lies."""
    for key_id, first_id, header in copy.execute(_KEY_OF_RECORDS).fetchall():
        parsed = parse_header(header)
        place = (parsed.conversation, hour_of(parsed.time_ms), parsed.run)
        row = copy.execute("SELECT conversation, hour, run FROM content_keys WHERE id = ?", (key_id,)).fetchone()
        if row == place:
            continue
        data = _data_of(copy, key_id, term_keys)
        copy.execute(
            "INSERT OR REPLACE INTO content_keys VALUES (?, ?, ?, ?, NULL, NULL, ?, ?)",
            (key_id, *place, data, first_id),
        )
        report.keys_rebuilt += 1
    (report.keys_lost,) = copy.execute(_UNOPENABLE).fetchone()


def _data_of(copy: sqlite3.Connection, key_id: bytes, term_keys: dict[bytes, TermKey]) -> DataKind:
    """Tell the kind of data by the term that the custodians' wrap lies under."""
    kinds = {term: data for data, term in CUSTODY_TERM_OF.items()}
    for (term_key,) in copy.execute("SELECT term_key FROM custody_wraps WHERE content_key = ?", (key_id,)):
        if term_key in term_keys and term_keys[term_key].kind in kinds:
            return kinds[term_keys[term_key].kind]
    return DataKind.ROOMS


def _begin_lease(copy: sqlite3.Connection) -> None:
    """Let the next run be one that never was, and runs be told of that have records."""
    for (run,) in copy.execute("SELECT DISTINCT id >> ? FROM records", (COUNTER_BITS,)).fetchall():
        copy.execute("INSERT OR IGNORE INTO runs VALUES (?, 0, 0)", (run,))
    # Of a run without any record nothing is left to tell.
    copy.execute("DELETE FROM runs WHERE run NOT IN (SELECT DISTINCT id >> ? FROM records)", (COUNTER_BITS,))
    (highest,) = copy.execute(_HIGHEST_RUN).fetchone()
    copy.execute("INSERT INTO lease VALUES (1, ?, ?, 0)", (highest or 0, b""))


def _tell_audit(
    work: Path,
    noted: tuple[Absence, ...],
    report: Repair,
    clock: Callable[[], int],
    make_custodian: Callable[[Path], CustodianKey],
) -> None:
    """Write what was done as the first thing of a new run, in one commit with what it notes."""
    outcomes: list[Outcome] = []
    archive = SqliteArchive(work, _at_once, clock, make_custodian=lambda: make_custodian(work))
    archive.open(clock())
    entry = Repaired(
        records=report.saved[RECORDS.name],
        bodies_lost=report.bodies_lost,
        records_lost=report.records_lost,
        keys_lost=report.keys_lost,
        rows_lost=sum(report.rows_lost.values()),
        absences=absences.digest(noted).hex(),
    )
    archive.seal(Batch([audit_record(entry)], upkeep=[Upkeep(absences=noted)]), outcomes.append)
    archive.close()
    match outcomes:
        case [Sealed()]:
            return
        case [Unavailable(reason) | Fatal(reason)]:
            raise ArchiveError(f"the copy cannot be written: {reason}")
        case _:
            raise ArchiveError("the copy cannot be written")


def _at_once(call: Callable[[], None]) -> None:
    call()
