"""What an older version kept in clear is sealed at the first start, and is in no file afterwards.

The older folder is made with SQLite's secure deletion off, as programs built without it wrote: what was deleted or
replaced still stands in free pages, and between the rows of other tables.

Source: docs/adr/0028-what-lasts-is-sealed.md.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from tests.contract.archive_stages import NOON_MS, SqliteStage
from tests.custodians import a_custodian
from tests.promises.stolen import everything, holds_words

from parvis.model.ids import ConversationId, IdentityId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptHost, KeptRoom, ListMask
from parvis.ports.archive import Opened
from parvis.store.keyfile import KEYFILE_NAME, new_keyfile
from parvis.store.sqlite import database
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import APPLICATION_ID, DATABASE_NAME, Connect, connect, uri_of

STORE = b"o" * 16
ROOM = KeptRoom(
    id=ConversationId(b"r" * 16),
    name="#serpentinhof",
    owner=IdentityId(b"a" * 16),
    created_at_ms=NOON_MS,
    topic="travertinbad",
    topic_set_by="achatfischer",
    topic_set_at_ms=NOON_MS,
    flags="kn",
    key="onyxriegel",
    limit=7,
    lists=(ListMask("b", "sodalithtor!*@*", "achatfischer", NOON_MS),),
    hosts=(KeptHost(IdentityId(b"h" * 16), 2),),
)
VALUES = [
    Keep(KeptKind.RETIRED_NAME, b"malachitgasse", b'{"until_ms":1}'),
    Keep(KeptKind.SILENCE, b"a" * 16, b'{"masks":["sodalithtor!*@*"]}'),
    *(Keep(KeptKind.METADATA, bytes((number,)) * 16, b'{"values":"larvikitsee %d"}' % number) for number in range(250)),
]
WORDS = (
    b"serpentinhof",
    b"travertinbad",
    b"achatfischer",
    b"onyxriegel",
    b"malachitgasse",
    b"sodalithtor",
    b"larvikitsee",
    b"beryllhafen",
)
"""What must be gone; the last one was deleted long before."""


def migrated_to_0002(path: Path) -> None:
    """Make the database of schema 0002."""
    engine = create_engine(URL.create("sqlite", database=str(path)))
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.commit()
    engine.dispose()


def an_older_folder(folder: Path) -> None:
    """Make a data folder as the version before left it after `kill -9`: values in clear, and what was deleted."""
    folder.mkdir(mode=0o700)
    path = folder / DATABASE_NAME
    migrated_to_0002(path)
    connection = connect(uri_of(path))
    connection.execute("PRAGMA secure_delete = OFF").fetchone()
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("INSERT INTO store VALUES (1, ?)", (STORE,))
    connection.execute("INSERT INTO lease VALUES (1, 1, ?, 0)", (b"this",))
    connection.execute("INSERT INTO runs VALUES (1, ?, ?)", (NOON_MS, NOON_MS))
    old = [("metadata", b"old%013d" % number, b"beryllhafen" * 30) for number in range(1000)]
    connection.executemany("INSERT INTO kept VALUES (?, ?, ?)", old)
    connection.execute("DELETE FROM kept")
    # These take pages over that are not overwritten, and leave room in some of them.
    keys = [(os.urandom(16), bytes(16), 1, 1, None, bytes(60 + number % 200)) for number in range(400)]
    connection.executemany("INSERT INTO content_keys VALUES (?, ?, ?, ?, ?, ?)", keys)
    lists, hosts = msgspec.json.encode(ROOM.lists).decode(), msgspec.json.encode(ROOM.hosts).decode()
    row = (*msgspec.structs.astuple(ROOM)[:10], lists, hosts, None)
    connection.execute("INSERT INTO rooms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.executemany("INSERT INTO kept VALUES (?, ?, ?)", [(each.kind, each.id, each.value) for each in VALUES])
    for path in folder.iterdir():
        (folder / f"copy-{path.name}").write_bytes(path.read_bytes())
    connection.close()
    for path in list(folder.glob("copy-*")):
        path.rename(folder / path.name.removeprefix("copy-"))
    (folder / f"{DATABASE_NAME}-shm").unlink(missing_ok=True)
    keyfile = folder / KEYFILE_NAME
    keyfile.write_bytes(new_keyfile(STORE, os.urandom))
    for path in folder.iterdir():
        path.chmod(0o600)


def in_clear(folder: Path) -> set[bytes]:
    """Give the words that stand in some file of a folder."""
    files = everything(folder)
    return {word for word in WORDS for raw in files.values() if holds_words(raw, word)}


def an_archive(stage: SqliteStage, opened_by: Connect) -> SqliteArchive:
    """Make an archive over the folder of a stage whose connections are opened so."""
    archive = SqliteArchive(
        stage.data_dir, stage.posted.put, stage.clock, make_custodian=a_custodian, machine=b"this", opened_by=opened_by
    )
    stage.made.append(archive)
    return archive


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage over an older folder, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    an_older_folder(made.data_dir)
    yield made
    for archive in made.made:
        archive.close()


def is_whole(opened: Opened) -> bool:
    """Tell whether every value of the older folder is there."""
    return opened.rooms == [ROOM] and sorted(map(_order, opened.kept)) == sorted(map(_order, VALUES))


def _order(kept: Keep) -> tuple[str, bytes, bytes | None]:
    return kept.kind, kept.id, kept.value


def test_the_first_start_leaves_nothing_in_clear(stage: SqliteStage) -> None:
    """Neither in a row nor in a page that was freed or taken over, nor in the log; and nothing is lost."""
    assert in_clear(stage.data_dir) == set(WORDS)
    archive = stage.archive()
    opened = archive.open(NOON_MS)
    assert is_whole(opened)
    assert in_clear(stage.data_dir) == set()
    (told,) = [notice for notice in opened.notices if "stood in clear" in notice]
    assert f"{len(VALUES) + 1} of them" in told
    archive.close()
    assert in_clear(stage.data_dir) == set()
    with closing(sqlite3.connect(stage.data_dir / DATABASE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM content_keys").fetchone() >= (400,)


def test_sealing_the_rows_alone_would_leave_some(stage: SqliteStage) -> None:
    """Or the test above would prove nothing of the writing anew."""
    archive = an_archive(stage, _full)
    opened = archive.open(NOON_MS)
    assert is_whole(opened)
    archive.close()
    assert in_clear(stage.data_dir) == {b"beryllhafen"}


def test_the_second_start_has_nothing_to_do(stage: SqliteStage) -> None:
    """What is done is not told again."""
    archive = stage.archive()
    archive.open(NOON_MS)
    archive.close()
    archive = stage.archive()
    opened = archive.open(NOON_MS)
    assert is_whole(opened)
    assert [notice for notice in opened.notices if "clear" in notice] == []


def test_a_disk_without_room_keeps_nobody_out(stage: SqliteStage) -> None:
    """The values are sealed, the operator reads what is owed, and the next start does it."""
    archive = an_archive(stage, _full)
    opened = archive.open(NOON_MS)
    assert is_whole(opened)
    assert [notice for notice in opened.notices if "could not be overwritten" in notice] != []
    archive.close()
    assert is_whole(stage.archive().open(NOON_MS))
    assert in_clear(stage.data_dir) == set()


def _full(uri: str) -> sqlite3.Connection:
    """Open a connection that writes nothing anew: the disk has no room for it."""

    class Full(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "VACUUM":
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *parameters)

    return connect(uri, Full)


class Killed(BaseException):
    """The server is gone."""


def test_a_start_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    """Before each statement of the first start in turn: nothing is lost, nothing stays, nothing is there twice."""
    made = SqliteStage(tmp_path / "made")
    made.data_dir.parent.mkdir()
    an_older_folder(made.data_dir)
    before = everything(made.data_dir)
    killed_at, is_killed = 0, True
    while is_killed:
        killed_at += 1
        stage = SqliteStage(tmp_path / str(killed_at))
        is_killed = _killed_at(stage, before, killed_at)
        again = SqliteStage(tmp_path / str(killed_at))
        archive = again.archive()
        assert is_whole(archive.open(NOON_MS)), killed_at
        archive.close()
        assert in_clear(again.data_dir) == set(), killed_at
    assert killed_at > 20


def _killed_at(stage: SqliteStage, files: dict[str, bytes], count: int) -> bool:
    """Start over a copy of a folder and end before a statement as `kill -9` would; tell whether there was one."""
    stage.data_dir.mkdir(parents=True, mode=0o700)
    for name, raw in files.items():
        (stage.data_dir / name).write_bytes(raw)
        (stage.data_dir / name).chmod(0o600)
    left = count

    def opened_by(uri: str) -> sqlite3.Connection:
        class Mortal(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                nonlocal left
                left -= 1
                if left == 0:
                    # What is on the disk now is all that there will be.
                    survivors.update(everything(stage.data_dir))
                    raise Killed
                return super().execute(sql, *parameters)

        return connect(uri, Mortal)

    survivors: dict[str, bytes] = {}
    archive = an_archive(stage, opened_by)
    with suppress(Killed):
        archive.open(NOON_MS)
    left = 0
    archive.close()
    if survivors:
        for path in stage.data_dir.iterdir():
            path.unlink()
        for name, raw in survivors.items():
            if not name.endswith("-shm"):
                (stage.data_dir / name).write_bytes(raw)
                (stage.data_dir / name).chmod(0o600)
    return bool(survivors)
