"""Copies of the database and of the keys, apart. Source: docs/adr/0025-how-a-term-ends.md; issue 4, item 6."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, SqliteStage, lines
from tests.contract.ending import Ground
from tests.custodians import SEED
from tests.promises.stolen import lines_of

from parvis.archive.terms import DAY_MS, HOUR_MS, VISIBLE_TERM_MS, YEAR_MS
from parvis.ports.archive import ArchiveError
from parvis.store.backups import back_up_database, back_up_keys
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.verifying import verify_archive

WEEK_MS = 7 * DAY_MS
SECRET = b":anna PRIVMSG #nave :the treasure is under the oak"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    yield made
    for archive in made.made:
        archive.close()


def restored(copy: Path, folder: Path) -> Path:
    """Put a copy of a database back."""
    folder.mkdir(mode=0o700)
    shutil.copy(copy, folder / DATABASE_NAME)
    return folder


def test_a_copy_is_whole_private_and_of_one_moment(stage: SqliteStage, tmp_path: Path) -> None:
    """Made while the server runs, with what still stands in its log; with its keys it is an archive."""
    ground = Ground(stage)
    ground.says(SECRET)
    copy = back_up_database(stage.data_dir, tmp_path / "db", NOON_MS)
    keys, _ = back_up_keys(stage.data_dir, tmp_path / "keys", NOON_MS, WEEK_MS)
    ground.says(b"later")
    assert stat.S_IMODE(copy.stat().st_mode) == stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name]
    folder = restored(copy, tmp_path / "again")
    shutil.copy(keys, folder / KEYFILE_NAME)
    (folder / KEYFILE_NAME).chmod(0o600)
    assert verify_archive(folder).problems == []
    assert lines_of(folder, list(KeyFile(folder / KEYFILE_NAME).term_keys()), None)[-1] == SECRET


def test_the_copy_of_the_database_holds_no_key(stage: SqliteStage, tmp_path: Path) -> None:
    """Neither a term key nor a content key nor a word of the text stands in it."""
    ground = Ground(stage)
    ground.says(SECRET)
    raw = back_up_database(stage.data_dir, tmp_path / "db", NOON_MS).read_bytes()
    assert SECRET not in raw
    assert all(key.key not in raw for key in ground.keys.term_keys())


def test_the_two_never_lie_together(stage: SqliteStage, tmp_path: Path) -> None:
    """Nor in the data folder, nor around it, nor where others may read."""
    Ground(stage)
    back_up_database(stage.data_dir, tmp_path / "db", NOON_MS)
    back_up_keys(stage.data_dir, tmp_path / "keys", NOON_MS, WEEK_MS)
    with pytest.raises(ArchiveError, match="copies of the database"):
        back_up_keys(stage.data_dir, tmp_path / "db", NOON_MS, WEEK_MS)
    with pytest.raises(ArchiveError, match="copies of keys"):
        back_up_database(stage.data_dir, tmp_path / "keys", NOON_MS)
    link = tmp_path / "link"
    link.symlink_to(stage.data_dir)
    for folder in (stage.data_dir, stage.data_dir / "backups", tmp_path, link):
        with pytest.raises(ArchiveError, match="one in the other"):
            back_up_database(stage.data_dir, folder, NOON_MS)
        with pytest.raises(ArchiveError, match="one in the other"):
            back_up_keys(stage.data_dir, folder, NOON_MS, WEEK_MS)
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(ArchiveError, match="open to other users"):
        back_up_keys(stage.data_dir, tmp_path / "open", NOON_MS, WEEK_MS)


def test_older_copies_of_the_keys_go(stage: SqliteStage, tmp_path: Path) -> None:
    """With the next one, and nothing else of the folder goes."""
    Ground(stage)
    to = tmp_path / "keys"
    back_up_keys(stage.data_dir, to, NOON_MS, WEEK_MS)
    (to / "notes.txt").write_text("mine")
    second, gone = back_up_keys(stage.data_dir, to, NOON_MS + WEEK_MS - 1000, WEEK_MS)
    assert gone == 0
    third, gone = back_up_keys(stage.data_dir, to, NOON_MS + WEEK_MS, WEEK_MS)
    assert gone == 1
    assert sorted(path.name for path in to.iterdir()) == ["notes.txt", second.name, third.name]
    with pytest.raises(ArchiveError, match="already"):
        back_up_keys(stage.data_dir, to, NOON_MS + WEEK_MS, WEEK_MS)


def test_a_backup_todays_keys_and_all_shares_do_not_open_what_has_ended(stage: SqliteStage, tmp_path: Path) -> None:
    """Within the window the keys alone open it, within the term keys and shares do, and after it nothing does."""
    ground = Ground(stage)
    ground.says(SECRET)
    folder = restored(back_up_database(stage.data_dir, tmp_path / "db", NOON_MS), tmp_path / "stolen")
    assert SECRET in lines_of(folder, list(ground.keys.term_keys()), None)

    stage.clock.now_ms = NOON_MS + DAY_MS + VISIBLE_TERM_MS
    ground.ender.run(stage.clock())
    assert SECRET not in lines_of(folder, list(ground.keys.term_keys()), None)
    assert SECRET in lines_of(folder, list(ground.keys.term_keys()), SEED)

    stage.clock.now_ms = NOON_MS + DAY_MS + YEAR_MS
    ground.ender.run(stage.clock())
    keys = KeyFile(stage.data_dir / KEYFILE_NAME)
    assert SECRET not in lines_of(folder, list(keys.term_keys()), SEED)


def test_keys_that_come_back_are_destroyed_before_anything_is_served(stage: SqliteStage, tmp_path: Path) -> None:
    """An old copy of the keys over an old copy of the database: what has ended since is ended at the start."""
    ground = Ground(stage)
    ground.says(SECRET)
    database = back_up_database(stage.data_dir, tmp_path / "db", NOON_MS)
    keys, _ = back_up_keys(stage.data_dir, tmp_path / "keys", NOON_MS, WEEK_MS)
    ground.archive.close()
    for path in stage.data_dir.iterdir():
        if path.is_file():
            path.unlink()
    shutil.copy(database, stage.data_dir / DATABASE_NAME)
    shutil.copy(keys, stage.data_dir / KEYFILE_NAME)
    stage.clock.now_ms = NOON_MS + DAY_MS + YEAR_MS + HOUR_MS
    again = Ground(stage)
    again.ender.destroy_due(stage.clock())
    assert [key for key in again.keys.term_keys() if key.ends_ms <= stage.clock()] == []
    assert list(lines(stage.records())) == []
    assert SECRET not in lines_of(stage.data_dir, list(again.keys.term_keys()), SEED)
