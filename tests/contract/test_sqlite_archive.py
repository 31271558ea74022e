"""What only an archive on a disk can show: files, permissions, cuts, full disks.

Source: docs/adr/0003-sealing-in-sqlite.md.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import ANSWER_WAIT_S, NOON_MS, ROOM, SqliteStage, a_batch, lines, sealed

from parvis.archive.terms import DAY_MS, DEFAULT_TERMS, HOUR_MS
from parvis.model.ids import IdentityId
from parvis.model.records import KeptRoom
from parvis.ports.archive import ArchiveCorrupt, ArchiveError, Batch, Fatal, Sealed, Unavailable, Upkeep
from parvis.store import durable
from parvis.store.keyfile import KeyFile
from parvis.store.memory import Fault
from parvis.store.sqlite import archive as archive_module
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.verifying import verify_archive
from parvis.store.sqlite.wal import torn_tail


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    yield made
    made.driver.goes_on.set()
    for archive in made.made:
        archive.close()


def a_store(stage: SqliteStage, *lines_sent: bytes) -> Path:
    """Make a store with some messages, closed; give its folder."""
    archive = stage.archive()
    archive.open(NOON_MS)
    for line in lines_sent:
        assert isinstance(sealed(stage, archive, a_batch(line)), Sealed)
    archive.close()
    return stage.data_dir


def a_crash(stage: SqliteStage, *lines_sent: bytes) -> Path:
    """Copy what is on the disk while a server runs, as if it had been killed; give the copy's stage folder."""
    archive = stage.archive()
    archive.open(NOON_MS)
    for line in lines_sent:
        assert isinstance(sealed(stage, archive, a_batch(line)), Sealed)
    copy = stage.data_dir.with_name("crashed")
    copy.mkdir()
    shutil.copytree(stage.data_dir, copy / "data", ignore=shutil.ignore_patterns("*-shm", "*.lock"))
    return copy


def mode_of(path: Path) -> int:
    """Give the permissions of a path."""
    return path.stat().st_mode & 0o777


def test_a_new_folder_is_private_and_holds_database_and_keys(stage: SqliteStage) -> None:
    """0700 and 0600 throughout, whatever the folder was; nothing under a passing name is left."""
    stage.data_dir.mkdir(mode=0o755)
    a_store(stage, b"one")
    assert mode_of(stage.data_dir) == 0o700
    assert {path.name: mode_of(path) for path in stage.data_dir.iterdir()} == {
        "parvis.db": 0o600,
        "keys.json": 0o600,
        "writer.lock": 0o600,
    }


def test_keys_do_not_stand_in_the_database(stage: SqliteStage) -> None:
    """A copy of the database alone opens nothing. Source: "Key store apart from the database"."""
    keys = KeyFile(a_store(stage, b"one") / "keys.json")
    for path in stage.data_dir.glob("parvis.db*"):
        raw = path.read_bytes()
        assert not any(key.key in raw for key in keys.term_keys())
        assert b":ann" not in raw


@pytest.mark.parametrize("name", ["keys.json", "parvis.db", "."])
def test_open_permissions_are_refused(stage: SqliteStage, name: str) -> None:
    """The error says what is open, and the command that mends it."""
    folder = a_store(stage)
    (folder / name).chmod(0o644 if name != "." else 0o750)
    with pytest.raises(ArchiveError, match=r"is open to other users\. Make it yours alone: chmod "):
        stage.archive().open(NOON_MS)


def test_records_without_their_keys_refuse_to_start_and_nothing_is_made(stage: SqliteStage) -> None:
    """Keys are made only in an empty folder."""
    folder = a_store(stage, b"one")
    (folder / "keys.json").unlink()
    with pytest.raises(ArchiveError, match=r"keys\.json is missing.*put the file back from its backup"):
        stage.archive().open(NOON_MS)
    assert not (folder / "keys.json").exists()


def test_keys_without_their_records_refuse_to_start_and_nothing_is_made(stage: SqliteStage) -> None:
    """A database that is gone is not made anew beside its keys, nor beside its log."""
    folder = a_store(stage, b"one")
    (folder / "parvis.db").unlink()
    with pytest.raises(ArchiveError, match=r"parvis\.db is missing, but its keys are there"):
        stage.archive().open(NOON_MS)
    (folder / "keys.json").unlink()
    (folder / "parvis.db-wal").touch()
    with pytest.raises(ArchiveError, match=r"parvis\.db is missing, but its log is there"):
        stage.archive().open(NOON_MS)
    assert not (folder / "parvis.db").exists()


def test_keys_of_another_database_are_refused(stage: SqliteStage, tmp_path: Path) -> None:
    """Keys and database name each other."""
    folder = a_store(stage, b"one")
    other = a_store(SqliteStage(tmp_path / "other"))
    shutil.copy(other / "keys.json", folder / "keys.json")
    with pytest.raises(ArchiveCorrupt, match="belong to another database"):
        stage.archive().open(NOON_MS)


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"version": 1', b'{"version":2,"store":"","secret":"","term_keys":[]}'])
def test_a_damaged_key_file_is_refused_without_a_word_of_it(stage: SqliteStage, raw: bytes) -> None:
    """The error names the file and quotes nothing."""
    folder = a_store(stage)
    (folder / "keys.json").write_bytes(raw)
    with pytest.raises(ArchiveError, match=r"keys\.json is (damaged|not of a version)") as caught:
        stage.archive().open(NOON_MS)
    assert caught.value.__cause__ is None


class PowerCut(BaseException):
    """The power goes."""


@pytest.mark.parametrize("cut_at", range(11))
def test_a_power_cut_while_the_folder_is_made_leaves_nothing_or_all(
    stage: SqliteStage, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    """
    Wherever making is cut, between any two syncs and renames, the next start works, and with one pair of database
    and keys. Source: store/sqlite/database.py, rule 1.
    """
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps > cut_at:
            raise PowerCut

    def cut_before(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def cut(*arguments: object) -> object:
            step()
            return real(*arguments)

        monkeypatch.setattr(owner, name, cut)

    cut_before(durable, "sync_folder")
    cut_before(durable, "sync_file")
    cut_before(durable, "write_new")
    cut_before(Path, "rename")
    with pytest.raises(PowerCut):
        stage.archive().open(NOON_MS)
    had_keys = (stage.data_dir / "keys.json").exists()
    monkeypatch.undo()
    kept = (stage.data_dir / "keys.json").read_bytes() if had_keys else b""
    stage.made[0].close()
    archive = stage.archive()
    archive.open(NOON_MS)
    assert sealed(stage, archive, a_batch(b"one")) == Sealed(1, 2, 1)
    if had_keys:
        # The secret of a pair that was finished is the one that was made first.
        assert (stage.data_dir / "keys.json").read_bytes()[:110] == kept[:110]


def test_a_second_server_is_refused(stage: SqliteStage) -> None:
    """One lock per data folder; the first server does not notice."""
    first = stage.archive()
    first.open(NOON_MS)
    with pytest.raises(ArchiveError, match="another server is writing to"):
        stage.archive().open(NOON_MS)
    assert isinstance(sealed(stage, first, a_batch(b"one")), Sealed)


def test_a_folder_that_cannot_be_made_is_told(stage: SqliteStage) -> None:
    """A file in its place: the error names the folder and the reason."""
    stage.data_dir.write_bytes(b"")
    with pytest.raises(ArchiveError, match=r"the data folder .* cannot be used: File exists"):
        stage.archive().open(NOON_MS)


def test_a_newer_database_is_refused(stage: SqliteStage) -> None:
    """The error names both versions and what to install."""
    folder = a_store(stage)
    _run(folder, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ArchiveError, match=r"newer version of this program \(schema 9999, this one knows"):
        stage.archive().open(NOON_MS)
    with pytest.raises(ArchiveError, match="is of another version than this program"):
        verify_archive(folder)


def test_a_database_of_somebody_else_is_refused(stage: SqliteStage) -> None:
    """A file with our name and another application's mark is left alone."""
    folder = a_store(stage)
    _run(folder, "PRAGMA application_id = 1")
    with pytest.raises(ArchiveError, match="is not a database of this program"):
        stage.archive().open(NOON_MS)
    with pytest.raises(ArchiveError, match="is not a database of this program"):
        verify_archive(folder)


def test_a_damaged_database_is_refused(stage: SqliteStage) -> None:
    """What SQLite cannot read is told as such, and as fatal."""
    folder = a_store(stage)
    (folder / "parvis.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(ArchiveCorrupt, match=r"parvis\.db is damaged: SQLITE_NOTADB\. Put it back .* repair --to COPY"):
        stage.archive().open(NOON_MS)


def test_a_full_disk_refuses_batches_until_there_is_room(stage: SqliteStage) -> None:
    """
    Nothing of a batch that does not fit is kept, what was durable stays, and the archive goes on when there is room.
    Source: src/parvis/ports/archive.py, Unavailable.
    """
    stage.driver.on_open = lambda connection: connection.execute("PRAGMA max_page_count = 40")  # type: ignore[assignment]  # its cursor is left alone
    archive = stage.archive()
    archive.open(NOON_MS)
    assert isinstance(sealed(stage, archive, a_batch(b"small")), Sealed)
    large = a_batch(*[b"x" * 4000] * 60)
    for _ in range(3):
        assert sealed(stage, archive, large) == Unavailable("the commit failed: SQLITE_FULL")
    assert list(lines(stage.records())) == [b"small"]
    assert isinstance(sealed(stage, archive, a_batch(b"fits")), Sealed)
    stage.driver.on_open = lambda _: None
    assert stage.driver.opened is not None
    stage.driver.opened.execute("PRAGMA max_page_count = 100000")
    assert isinstance(sealed(stage, archive, large), Sealed)
    assert verify_archive(stage.data_dir).problems_total == 0


def test_after_a_failed_commit_the_store_is_reopened_and_its_log_written_back(stage: SqliteStage) -> None:
    """
    Pages of a sync that failed look clean and are not: they are written again before a number is used.
    Source: docs/adr/0003-sealing-in-sqlite.md, "Decision".
    """
    archive = stage.archive()
    archive.open(NOON_MS)
    stage.let_fail(Fault.UNKNOWN)
    opens = stage.driver.opens
    sealed(stage, archive, a_batch(b"one"))
    assert stage.driver.opens == opens + 1
    log = stage.data_dir / "parvis.db-wal"
    assert not log.exists() or log.stat().st_size == 0


def test_a_store_that_cannot_be_reopened_is_tried_again_with_the_next_batch(stage: SqliteStage) -> None:
    """While the disk is away each batch is refused; when it is back the head is found and the batch sealed."""

    def away(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    archive = stage.archive()
    archive.open(NOON_MS)
    stage.let_fail(Fault.UNKNOWN)
    stage.driver.on_open = away
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Unavailable)
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Unavailable)
    stage.driver.on_open = lambda _: None
    assert sealed(stage, archive, a_batch(b"one")) == Sealed(1, 3, 1)
    assert list(lines(stage.records(), undelivered=True)) == [b"one"]


def test_durable_records_that_are_gone_are_fatal(stage: SqliteStage) -> None:
    """A head behind what was promised is a contradiction: the server stops."""
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(b"one", b"two"))
    _run(stage.data_dir, "DELETE FROM records WHERE id = (SELECT max(id) FROM records)")
    stage.let_fail(Fault.FAILS)
    outcome = sealed(stage, archive, a_batch(b"three"))
    assert isinstance(outcome, Fatal)
    assert outcome.reason.startswith("records 3 to 3 of run 1 were durable and are gone from the database ")
    assert outcome.reason.endswith("save what is whole: parvis archive repair --to COPY")


def test_what_was_sealed_before_a_crash_is_there_after_it(tmp_path: Path, stage: SqliteStage) -> None:
    """A killed server leaves its log; the next one reads it, and tells that the run did not end."""
    crashed = SqliteStage(a_crash(stage, b"one", b"two"))
    archive = crashed.archive()
    answer = archive.open(NOON_MS + 1)
    assert answer.notices == ["Run 1 ended without saying so."]
    assert list(lines(crashed.records())) == [b"one", b"two"]
    assert not (crashed.data_dir / "set-aside").exists()
    archive.close()


@pytest.mark.parametrize("cut", [1, 24, 100, 4120, 4121, 8239])
def test_a_torn_last_batch_is_set_aside_and_told(stage: SqliteStage, cut: int) -> None:
    """
    Whatever is missing at the end of the log, the batches before are there, the rest is copied aside, private, and
    the operator reads where. Source: docs/adr/0003-sealing-in-sqlite.md, "Decision".
    """
    crashed = SqliteStage(a_crash(stage, b"one", b"x" * 9000))
    log = crashed.data_dir / "parvis.db-wal"
    os.truncate(log, log.stat().st_size - cut)
    archive = crashed.archive()
    torn, unended = archive.open(NOON_MS + 1).notices
    (aside,) = (crashed.data_dir / "set-aside").iterdir()
    assert torn.startswith("A batch was torn when the server stopped. Nobody had seen it")
    assert aside.name in torn
    assert unended == "Run 1 ended without saying so."
    assert mode_of(aside) == 0o600
    assert aside.name.endswith("T12-00-00.wal")
    assert list(lines(crashed.records())) == [b"one"]
    archive.close()
    again = crashed.archive()
    assert again.open(NOON_MS + 2).notices == []
    again.close()


def test_a_damaged_batch_that_was_durable_refuses_to_start(stage: SqliteStage) -> None:
    """A broken frame with later batches behind it was promised: it is copied aside and not passed over."""
    crashed = SqliteStage(a_crash(stage, b"one", b"two", b"three"))
    log = crashed.data_dir / "parvis.db-wal"
    raw = bytearray(log.read_bytes())
    raw[len(raw) - 2 * 4120 + 2000] ^= 1
    log.write_bytes(raw)
    with pytest.raises(ArchiveCorrupt, match="a batch that was durable is damaged"):
        crashed.archive().open(NOON_MS + 1)
    assert len(list((crashed.data_dir / "set-aside").iterdir())) == 1


def test_a_log_without_a_tear_is_whole(tmp_path: Path, stage: SqliteStage) -> None:
    """No log, an empty one, and frames of an older generation behind the last batch are no tear."""
    assert torn_tail(tmp_path / "none") is None
    (tmp_path / "empty").touch()
    assert torn_tail(tmp_path / "empty") is None
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(*[b"x" * 3000] * 20))
    _run(stage.data_dir, "PRAGMA wal_checkpoint(PASSIVE)")
    sealed(stage, archive, a_batch(b"short"))
    assert torn_tail(stage.data_dir / "parvis.db-wal") is None
    assert (stage.data_dir / "parvis.db-wal").stat().st_size > 60_000


def test_a_log_without_a_whole_header_is_torn(tmp_path: Path) -> None:
    """A log whose header was never whole holds nothing that was durable."""
    log = tmp_path / "log"
    for raw in (b"\x37\x7f", b"\x37\x7f\x06\x82" + bytes(28), bytes(5000)):
        log.write_bytes(raw)
        tail = torn_tail(log)
        assert tail is not None
        assert (tail.offset, tail.content, tail.acknowledged) == (0, raw, False)


def test_the_log_is_written_back_between_batches(stage: SqliteStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log does not grow with the archive. Source: store/sqlite/archive.py, CHECKPOINT_PAGES."""
    monkeypatch.setattr(archive_module, "CHECKPOINT_PAGES", 50)
    archive = stage.archive()
    archive.open(NOON_MS)
    for _ in range(20):
        assert isinstance(sealed(stage, archive, a_batch(*[b"x" * 3000] * 20)), Sealed)
    assert (stage.data_dir / "parvis.db").stat().st_size > 15 * 20 * 3000
    assert (stage.data_dir / "parvis.db-wal").stat().st_size < 10 * 20 * 3000


def test_a_lease_is_renewed_with_a_batch_and_not_with_each(stage: SqliteStage) -> None:
    """At most every 10 s, in the transaction of a batch that comes anyway."""
    archive = stage.archive()
    archive.open(NOON_MS)
    stage.clock.now_ms += 9_999
    sealed(stage, archive, a_batch(b"one"))
    assert _one(stage.data_dir, "SELECT renewed_ms FROM lease") == NOON_MS
    stage.clock.now_ms += 1
    sealed(stage, archive, a_batch(b"two"))
    assert _one(stage.data_dir, "SELECT renewed_ms FROM lease") == NOON_MS + 10_000


def test_term_keys_are_there_when_the_day_turns(stage: SqliteStage) -> None:
    """Today's and two days' are made at the start; a clock that outruns them gets what it lacks."""
    archive = stage.archive()
    archive.open(NOON_MS)
    keyfile = stage.data_dir / "keys.json"
    assert len(KeyFile(keyfile).term_keys()) == 3 * len(DEFAULT_TERMS)
    sealed(stage, archive, a_batch(b"tomorrow", time_ms=NOON_MS + DAY_MS))
    assert len(KeyFile(keyfile).term_keys()) == 3 * len(DEFAULT_TERMS)
    sealed(stage, archive, a_batch(b"next week", time_ms=NOON_MS + 7 * DAY_MS))
    assert len(KeyFile(keyfile).term_keys()) == 6 * len(DEFAULT_TERMS)
    assert list(lines(stage.records())) == [b"tomorrow", b"next week"]


def test_keys_that_cannot_be_kept_seal_nothing(stage: SqliteStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A term key is in its file before anything is wrapped under it; the batch is refused and can be tried again."""
    archive = stage.archive()
    archive.open(NOON_MS)
    kept = (stage.data_dir / "keys.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "write_new", full)
    late = a_batch(b"late", time_ms=NOON_MS + 9 * DAY_MS)
    assert sealed(stage, archive, late) == Unavailable("the commit failed: No space left on device")
    assert (stage.data_dir / "keys.json").read_bytes() == kept
    monkeypatch.undo()
    assert isinstance(sealed(stage, archive, late), Sealed)
    assert list(lines(stage.records())) == [b"late"]


def test_a_key_per_conversation_hour_and_run(stage: SqliteStage) -> None:
    """Their wraps stand in the database, bound to what they belong to."""
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(b"one"))
    sealed(stage, archive, a_batch(b"two"))
    sealed(stage, archive, a_batch(b"three", time_ms=NOON_MS + HOUR_MS))
    assert _one(stage.data_dir, "SELECT count(*) FROM content_keys WHERE conversation != zeroblob(16)") == 2


def test_a_fault_of_our_own_stops_the_server_and_is_not_swallowed(
    stage: SqliteStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in the writer, the batch is answered, and so is each after it."""
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    archive = stage.archive()
    archive.open(NOON_MS)
    room = KeptRoom(id=ROOM, name="#nave", owner=IdentityId(b"a" * 16), created_at_ms=1 << 70)
    assert isinstance(sealed(stage, archive, a_batch(rooms=[room])), Fatal)
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Fatal)


def test_damage_is_found_by_the_check(stage: SqliteStage) -> None:
    """Changed, missing and absent records, and a run cut away, are each named by number."""
    folder = a_store(stage, b"one", b"two", b"three", b"four")
    assert verify_archive(folder).problems_total == 0
    _run(folder, "UPDATE records SET salt = zeroblob(32) WHERE id = (1 << 40) + 2")
    _run(folder, "UPDATE records SET header = NULL WHERE id = (1 << 40) + 3")
    _run(folder, "DELETE FROM records WHERE id = (1 << 40) + 4")
    _run(folder, "INSERT INTO runs VALUES (2, 0, 0)")
    _run(folder, "UPDATE lease SET run = 2")
    report = verify_archive(folder)
    assert [(problem.run, problem.counter) for problem in report.problems] == [(1, 2), (1, 3), (1, 5), (2, 0)]
    _run(folder, "UPDATE content_keys SET visible_wrap = zeroblob(60)")
    whats = {problem.what for problem in verify_archive(folder).problems}
    assert "content key is absent or damaged" in whats
    with pytest.raises(ArchiveError, match="there is no archive in"):
        verify_archive(folder.parent)


def test_a_wrap_whose_term_has_ended_closes_its_records(stage: SqliteStage) -> None:
    """What the server can no longer open is counted by the check and left out by the reader."""
    folder = a_store(stage, b"one")
    _run(folder, "UPDATE content_keys SET visible_wrap = NULL")
    report = verify_archive(folder)
    assert (report.closed, report.problems_total) == (2, 0)
    assert list(opened_records(folder)) == []


def test_a_record_that_does_not_open_stops_the_reader(stage: SqliteStage) -> None:
    """Damage is not passed over in silence."""
    folder = a_store(stage, b"one")
    _run(folder, "UPDATE records SET ciphertext = zeroblob(60) WHERE id = (1 << 40) + 2")
    with pytest.raises(ArchiveCorrupt, match="record 1/2: ciphertext does not open"):
        list(opened_records(folder))


def _run(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / "parvis.db", isolation_level=None)
    connection.execute(sql).fetchall()
    connection.close()


def _one(folder: Path, sql: str) -> object:
    connection = sqlite3.connect(folder / "parvis.db")
    (value,) = connection.execute(sql).fetchone()
    connection.close()
    return value


def test_the_log_is_emptied_under_continuous_load_too(stage: SqliteStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deleted stays in it for a bounded time, though there is never a moment of rest."""
    monkeypatch.setattr(archive_module, "TRUNCATED_WITHIN_S", 0.0)
    monkeypatch.setattr(archive_module, "IDLE_S", 60.0)
    archive = stage.archive()
    archive.open(NOON_MS)
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Sealed)
    log = stage.data_dir / "parvis.db-wal"
    assert log.stat().st_size
    assert isinstance(sealed(stage, archive, Batch([], upkeep=[Upkeep(truncate=True)])), Sealed)
    end_s = time.monotonic() + ANSWER_WAIT_S
    while log.stat().st_size and time.monotonic() < end_s:
        time.sleep(0.01)
    assert log.stat().st_size == 0
    # The writer is woken, so that the end does not wait for its rest.
    archive.close()


def test_a_reader_that_holds_the_log_back_is_told_of(stage: SqliteStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and the writer waits for it at no time."""
    told: list[None] = []
    monkeypatch.setattr(archive_module, "HELD_BACK_S", 0.0)
    monkeypatch.setattr(archive_module, "TRUNCATED_WITHIN_S", 0.0)
    monkeypatch.setattr(archive_module, "_tell_held_back", lambda: told.append(None))
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(b"in the log"))
    reader = sqlite3.connect(stage.data_dir / "parvis.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    began_s = time.monotonic()
    assert isinstance(sealed(stage, archive, Batch([], upkeep=[Upkeep(truncate=True)])), Sealed)
    assert isinstance(sealed(stage, archive, a_batch(b"one")), Sealed)
    assert isinstance(sealed(stage, archive, a_batch(b"two")), Sealed)
    assert time.monotonic() - began_s < 4.0
    assert told
    reader.close()
    archive.close()
