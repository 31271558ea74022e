"""`parvis archive repair`: what is whole is saved, and what is missing is said.

Source: docs/adr/0027-damage-and-repair.md; docs/handbook/operator.md, "A damaged archive".
"""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.contract.archive_stages import NOON_MS, ROOM, SqliteStage, a_batch, a_message, sealed
from tests.custodians import SEED, a_custodian

from parvis.archive import absences, custody
from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import WrappedKey, custody_info
from parvis.archive.record import record_id
from parvis.cli.archive import command
from parvis.model.audit import Repaired, read_entry
from parvis.model.ids import IdentityId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom, RecordKind
from parvis.ports.archive import ArchiveError, Batch, Upkeep, VaultKey, VaultRow
from parvis.ports.sealed import Wanted
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.repair import Range, Repair, repair
from parvis.store.sqlite.salvage import TABLES
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

MESSAGES = 400
"""Enough for a tree of two levels: some 60 pages of records."""


def a_room() -> KeptRoom:
    """Make a registered room."""
    return KeptRoom(id=ROOM, name="#nave", owner=IdentityId(b"a" * 16), created_at_ms=5, topic="old")


def a_store(folder: Path) -> Path:
    """Make a stopped store of one run: messages, a room, an account's value, the vault, a mark."""
    stage = SqliteStage(folder)
    archive = stage.archive()
    archive.open(NOON_MS)
    for at in range(0, MESSAGES, 20):
        batch = [a_message(b"words %d" % number, NOON_MS + number * 60_000) for number in range(at, at + 20)]
        sealed(stage, archive, Batch(batch))
    vault_key = VaultKey(id=b"v" * 16, kind="connections", day_ms=0, custodian=b"c" * 16, term_key=b"t" * 16, wrap=b"w")
    rows = tuple(VaultRow(key=b"v" * 16, sealed=b"%d" % number * 50) for number in range(20))
    values = [Keep(KeptKind.MARKERS, bytes([number]) * 16, b'{"read_ms":{}}') for number in range(8)]
    kept = Batch([], [a_room()], values, upkeep=[Upkeep(vault_keys=(vault_key,), vault=rows)])
    sealed(stage, archive, kept)
    archive.close()
    return stage.data_dir


def repaired(source: Path, target: Path) -> Repair:
    """Repair a store, a while later."""
    return repair(source, target, clock=lambda: NOON_MS + 86_400_000, make_custodian=lambda _: a_custodian())


def numbers_of(data: Path) -> list[int]:
    """Give the numbers of messages that can be read."""
    kinds = (RecordKind.MESSAGE,)
    return [int(each.line.split()[1]) for each in opened_records(data) if each.header.kind in kinds]


@contextmanager
def changing(data: Path) -> Iterator[sqlite3.Connection]:
    """Change a database as its damage would."""
    with closing(sqlite3.connect(data / DATABASE_NAME, isolation_level=None)) as connection:
        yield connection


def content_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give every file with its bytes and the time of its last change."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def pages_of(data: Path, kind: int) -> list[int]:
    """Give the numbers, from 0, of pages of a kind."""
    raw = (data / DATABASE_NAME).read_bytes()
    return [at // 4096 for at in range(4096, len(raw), 4096) if raw[at] == kind]


def test_a_whole_archive_is_copied_whole(tmp_path: Path) -> None:
    """Every row of every table; the audit says that it is a copy, and the next server goes on from it."""
    source = a_store(tmp_path)
    before = content_of(source)
    done = repaired(source, tmp_path / "copy")
    assert done.is_whole
    assert content_of(source) == before
    assert numbers_of(tmp_path / "copy") == list(range(MESSAGES))
    report = verify_archive(tmp_path / "copy")
    assert (report.problems, report.lost) == ([], 0)
    assert json.loads((tmp_path / "copy" / "repair-report.json").read_text())["records_lost"] == 0
    for name in ("rooms", "kept", "vault_keys", "vault", "custody_wraps", "content_keys", "custodians"):
        query = f"SELECT * FROM {name} ORDER BY 1, 2"
        with changing(source) as old, changing(tmp_path / "copy") as new:
            was = old.execute(query).fetchall()
            assert set(was) <= set(new.execute(query).fetchall()), name
            assert len(was) > 0, name
    archive = SqliteArchive(tmp_path / "copy", lambda call: call(), lambda: NOON_MS + 90_000_000)
    opened = archive.open(NOON_MS + 90_000_000)
    archive.close()
    assert (opened.run, [room.name for room in opened.rooms]) == (3, [a_room().name])
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "copy").iterdir()} == {0o600}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700


def test_every_table_is_saved_or_made_anew() -> None:
    """A table that is added to the schema and not to the repair would be lost without a word."""
    schema = (Path(repair.__code__.co_filename).parent / "schema.sql").read_text()
    tables = {line.split()[2] for line in schema.splitlines() if line.startswith("CREATE TABLE")}
    assert tables == {table.name for table in TABLES} | {"lease", "store", "alembic_version"}


def test_changed_and_missing_records_are_named_and_everything_else_is_saved(tmp_path: Path) -> None:
    """A changed body leaves its leaf, a missing row leaves a gap; the check of the copy knows both as lost."""
    source = a_store(tmp_path)
    with changing(source) as connection:
        connection.execute("UPDATE records SET ciphertext = zeroblob(60) WHERE id = (1 << 40) + 50")
        connection.execute("DELETE FROM records WHERE id BETWEEN (1 << 40) + 100 AND (1 << 40) + 102")
        connection.execute("UPDATE records SET id = (1 << 40) + 9000 WHERE id = (1 << 40) + 200")
    done = repaired(source, tmp_path / "copy")
    assert (done.records_lost, done.lost) == (3, [Range(1, 100, 102)])
    assert (done.bodies_lost, done.without_body) == (1, [Range(1, 50, 50)])
    assert not done.is_whole
    # A record's first message has number 2, behind the start of its run.
    missing = {number - 2 for number in (50, 100, 101, 102)}
    assert numbers_of(tmp_path / "copy") == [number for number in range(MESSAGES) if number not in missing]
    report = verify_archive(tmp_path / "copy")
    assert (report.problems, report.lost) == ([], 4)
    assert [(lost.first, lost.last) for lost in report.lost_records] == [(50, 50), (100, 102)]
    entries = [
        read_entry(each.line) for each in opened_records(tmp_path / "copy") if each.header.kind is RecordKind.AUDIT
    ]
    (entry,) = [entry for entry in entries if isinstance(entry, Repaired)]
    assert (entry.records_lost, entry.bodies_lost, entry.records) == (3, 1, MESSAGES + 1 - 3)
    assert entry.absences == absences.digest(SqliteSealed(tmp_path / "copy").absences()).hex()


def test_what_a_repair_did_not_note_is_still_found(tmp_path: Path) -> None:
    """A record that is taken out of the copy afterwards is a problem, beside those that were lost."""
    source = a_store(tmp_path)
    with changing(source) as connection:
        connection.execute("DELETE FROM records WHERE id = (1 << 40) + 100")
    repaired(source, tmp_path / "copy")
    with changing(tmp_path / "copy") as connection:
        connection.execute("DELETE FROM records WHERE id = (1 << 40) + 101")
    report = verify_archive(tmp_path / "copy")
    assert [(problem.run, problem.counter) for problem in report.problems] == [(1, 102)]


@pytest.mark.parametrize("kind", [0x0D, 0x05, 0x0A, 0x02], ids=["leaf", "interior", "index leaf", "index interior"])
def test_a_page_of_noise_costs_its_own_rows_alone(tmp_path: Path, kind: int) -> None:
    """Whatever page of a tree is overwritten: rows of other pages are saved, in front of it and behind it."""
    source = a_store(tmp_path)
    raw = bytearray((source / DATABASE_NAME).read_bytes())
    chance = random.Random(kind)
    found = pages_of(source, kind)
    for nth, page in enumerate(chance.sample(found, min(8, len(found)))):
        damaged = raw.copy()
        damaged[page * 4096 : page * 4096 + 4096] = chance.randbytes(4096)
        (source / DATABASE_NAME).write_bytes(damaged)
        copy = tmp_path / f"copy-{nth}"
        done = repaired(source, copy)
        assert not done.is_whole
        assert len(numbers_of(copy)) >= MESSAGES - 30 or done.keys_rebuilt or done.keys_lost
        assert done.saved["records"] >= MESSAGES + 1 - 30
        report = verify_archive(copy)
        named = {problem.what for problem in report.problems}
        assert named <= {"content key is absent or damaged"}
        assert report.lost == done.records_lost + done.bodies_lost


def test_a_database_cut_short_and_one_without_its_first_page_are_saved(tmp_path: Path) -> None:
    """Half of a file gives about half of the records; without a schema every page still gives its rows."""
    source = a_store(tmp_path)
    raw = (source / DATABASE_NAME).read_bytes()
    (source / DATABASE_NAME).write_bytes(raw[: len(raw) // 2 // 4096 * 4096 + 1000])
    done = repaired(source, tmp_path / "half")
    assert MESSAGES // 10 < done.saved["records"] < MESSAGES
    assert verify_archive(tmp_path / "half").lost == done.records_lost + done.bodies_lost
    (source / DATABASE_NAME).write_bytes(bytes(4096) + raw[4096:])
    done = repaired(source, tmp_path / "headless")
    assert done.saved["records"] == MESSAGES + 1
    assert numbers_of(tmp_path / "headless") == list(range(MESSAGES))
    assert done.saved["rooms"] == 1
    assert done.saved["kept"] == 8


def test_what_stands_in_the_log_behind_a_damaged_batch_is_saved(tmp_path: Path) -> None:
    """A server refuses to start over such a log; the repair takes every frame that is as it was written."""
    stage = SqliteStage(tmp_path)
    archive = stage.archive()
    archive.open(NOON_MS)
    log = stage.data_dir / (DATABASE_NAME + "-wal")
    sizes = []
    for number in range(40):
        sealed(stage, archive, a_batch(b"words %d" % number))
        sizes.append(log.stat().st_size)
    raw = bytearray(log.read_bytes())
    database = (stage.data_dir / DATABASE_NAME).read_bytes()
    archive.close()
    raw[sizes[20] - 2000] ^= 0xFF
    (stage.data_dir / DATABASE_NAME).write_bytes(database)
    log.write_bytes(raw)
    log.chmod(0o600)
    with pytest.raises(ArchiveError, match="parvis archive repair"):
        stage.archive().open(NOON_MS + 1)
    done = repaired(stage.data_dir, tmp_path / "copy")
    assert numbers_of(tmp_path / "copy")[-1] == 39
    assert len(numbers_of(tmp_path / "copy")) >= 39
    assert done.records_lost <= 1


def test_a_content_key_whose_row_is_lost_opens_for_custodians(tmp_path: Path) -> None:
    """Its records say where it belongs; the server cannot read what lies under it any more, custodians can."""
    source = a_store(tmp_path)
    with changing(source) as connection:
        (key_id,) = connection.execute("SELECT id FROM content_keys ORDER BY first_id DESC LIMIT 1").fetchone()
        connection.execute("DELETE FROM content_keys WHERE id = ?", (key_id,))
    done = repaired(source, tmp_path / "copy")
    assert (done.keys_rebuilt, done.keys_lost) == (1, 0)
    sealed_store = SqliteSealed(tmp_path / "copy")
    key = sealed_store.content_key(key_id)
    assert key is not None
    assert key.visible_wrap is None
    (wrap,) = sealed_store.wraps_of(key_id)
    term_keys = {each.id: each for each in KeyFile(tmp_path / "copy" / KEYFILE_NAME).term_keys()}
    placed = WrappedKey(
        id=key.id, conversation=key.conversation, hour=key.hour, run=key.run, term_key=b"", visible_wrap=b""
    )
    lifted = custody.lift_term(wrap.wrap, term_keys[wrap.term_key], key_id)
    assert custody.open_sealed(custody.private_key(SEED), lifted, custody_info(placed, wrap.custodian))
    assert verify_archive(tmp_path / "copy").problems == []


def test_what_was_erased_stays_erased(tmp_path: Path) -> None:
    """A body that a noted absence covers is let go, even where the damage kept it."""
    source = a_store(tmp_path)
    with changing(source) as connection:
        connection.execute("INSERT INTO absences VALUES (?, ?, 'erasure')", (record_id(1, 10), record_id(1, 12)))
    done = repaired(source, tmp_path / "copy")
    assert done.erased_again == 3
    assert done.bodies_lost == 0
    rows = SqliteSealed(tmp_path / "copy").rows(Wanted(first_id=record_id(1, 9), last_id=record_id(1, 13)))
    assert [row.header is None for row in rows] == [False, True, True, True, False]
    assert SqliteSealed(tmp_path / "copy").absences() == [
        Absence(first_id=record_id(1, 10), last_id=record_id(1, 12), why=Why.ERASURE)
    ]


def test_a_wrap_that_does_not_open_is_left_out(tmp_path: Path) -> None:
    """A row of another table that is damaged costs itself, and is counted."""
    source = a_store(tmp_path)
    with changing(source) as connection:
        connection.execute("UPDATE custody_wraps SET wrap = zeroblob(1200) WHERE rowid = 1")
        connection.execute("UPDATE kept SET value = x'ff' WHERE id = ?", (bytes(16),))
    done = repaired(source, tmp_path / "copy")
    assert done.rows_lost == {"custody_wraps": 1, "kept": 1}
    assert done.saved["kept"] == 7


def test_it_refuses_where_it_must(tmp_path: Path) -> None:
    """A server that runs, a copy that is there, keys of another database or none, no archive at all."""
    source = a_store(tmp_path)
    with pytest.raises(ArchiveError, match="there already"):
        repaired(source, source)
    with pytest.raises(ArchiveError, match="no archive"):
        repaired(tmp_path, tmp_path / "copy")
    stage = SqliteStage(tmp_path)
    archive = stage.archive()
    archive.open(NOON_MS + 86_400_000)
    with pytest.raises(ArchiveError, match="a server is running"):
        repaired(source, tmp_path / "copy")
    archive.close()
    other = a_store(tmp_path / "other")
    keys = (source / KEYFILE_NAME).read_bytes()
    (source / KEYFILE_NAME).write_bytes((other / KEYFILE_NAME).read_bytes())
    with pytest.raises(ArchiveError, match="another database"):
        repaired(source, tmp_path / "copy")
    (source / KEYFILE_NAME).write_bytes(keys[:-10])
    with pytest.raises(ArchiveError, match=r"is damaged\. Put it back from its backup"):
        repaired(source, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "copy.unfinished").exists()


def test_the_verb_says_what_is_missing(tmp_path: Path) -> None:
    """Words for people, one object for programs; 0 where nothing is missing and 1 where something is."""
    source = a_store(tmp_path)
    shown = CliRunner().invoke(command, ["repair", "--data", str(source), "--to", str(tmp_path / "a")])
    assert shown.exit_code == 0, shown.output
    assert "Nothing is missing that can be told from here." in shown.stdout
    with changing(source) as connection:
        connection.execute("DELETE FROM records WHERE id = (1 << 40) + 100")
    shown = CliRunner().invoke(command, ["repair", "--data", str(source), "--to", str(tmp_path / "b")])
    assert shown.exit_code == 1
    assert "Lost: record 1/100." in shown.stdout
    told = CliRunner().invoke(command, ["repair", "--json", "--data", str(source), "--to", str(tmp_path / "c")])
    assert told.exit_code == 1
    said = json.loads(told.stdout)
    assert (said["event"], said["is_whole"], said["records_lost"]) == ("repaired", False, 1)
    again = CliRunner().invoke(command, ["repair", "--data", str(source), "--to", str(tmp_path / "c")])
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith(f"Nothing was saved: {tmp_path / 'c'} is there already. Name a folder")
