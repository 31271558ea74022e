"""The schema of a new database is the one that migrations lead to. Source: docs/adr/0003-sealing-in-sqlite.md."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from tests.contract.archive_stages import NOON_MS, SqliteStage

from parvis.store.sqlite import database
from parvis.store.sqlite.database import (
    APPLICATION_ID,
    REVISIONS,
    bring_up_to_date,
    connect,
    connect_writer,
    lay_schema,
    uri_of,
)
from parvis.store.sqlite.migrate import migrate


def schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    """Give every table and index with its text, white space made even."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: " ".join(sql.split()).replace("( ", "(").replace(" )", ")").replace(" ,", ",") for name, sql in rows}


def test_the_new_schema_is_the_migrated_one(tmp_path: Path) -> None:
    """Table by table, and with the same stamp."""
    laid = sqlite3.connect(":memory:", isolation_level=None)
    lay_schema(laid)
    migrate(tmp_path / "migrated.db")
    migrated = sqlite3.connect(tmp_path / "migrated.db")
    assert schema_of(laid) == schema_of(migrated)
    stamp = "SELECT version_num FROM alembic_version"
    assert laid.execute(stamp).fetchall() == migrated.execute(stamp).fetchall() == [(REVISIONS[-1],)]
    laid.close()
    migrated.close()


def test_the_program_knows_every_revision() -> None:
    """The list that is read without the migrator is the migrator's own, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(known)) == REVISIONS


def test_an_older_database_is_brought_up_to_date_when_it_is_opened(tmp_path: Path) -> None:
    """A database of ours without any revision gets what it lacks, while we have it open; the operator reads so."""
    path = tmp_path / "old.db"
    old = connect(uri_of(path, "rwc"))
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    old.close()
    opened = connect_writer(path, connect)
    assert bring_up_to_date(opened, path) == [f"The database was brought from schema none to {REVISIONS[-1]}."]
    assert bring_up_to_date(opened, path) == []
    assert opened.execute("SELECT count(*) FROM records").fetchone() == (0,)
    opened.close()


def test_a_start_with_nothing_to_migrate_does_not_import_the_migrator() -> None:
    """Alembic and SQLAlchemy cost more than a whole start. Source: store/sqlite/database.py, rule 3."""
    code = (
        "import sys, tempfile, pathlib\n"
        "from parvis.store.sqlite.archive import SqliteArchive\n"
        "from tests.custodians import a_custodian\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    for _ in range(2):\n"
        "        folder_of = pathlib.Path(folder) / 'data'\n"
        "        archive = SqliteArchive(folder_of, lambda call: call(), lambda: 1, make_custodian=a_custodian)\n"
        "        archive.open(10**12)\n"
        "        archive.close()\n"
        "assert not {'alembic', 'sqlalchemy', 'asyncio'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_mark_in_the_file_is_ours(tmp_path: Path) -> None:
    """Whoever finds the file can tell whose it is."""
    stage = SqliteStage(tmp_path)
    archive = stage.archive()
    archive.open(NOON_MS)
    archive.close()
    raw = (stage.data_dir / "parvis.db").read_bytes()
    assert raw[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"PRVS"
