"""Copies of the archive: the database, and the keys apart from it and for a shorter time.

Rule 1: a copy of the database and a copy of the keys never lie in one folder, nor either of them in the data folder:
who takes one of them away takes nothing that opens.
Rule 2: a copy has its name once it is whole and durable, and its owner alone may read it.
Rule 3: copies of the keys older than asked for go with the next one: they are what brings ended terms back.

Source: docs/adr/0025-how-a-term-ends.md; docs/handbook/operator.md, "Backups of the archive".
"""

import os
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parvis.ports.archive import ArchiveError
from parvis.store import durable
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.database import APPLICATION_ID, DATABASE_NAME, check_store, connect, uri_of

_WHEN: Final = "%Y-%m-%dT%H-%M-%SZ"
_DATABASE_COPY: Final = re.compile(r"parvis-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db")
_KEYS_COPY: Final = re.compile(r"parvis-keys-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)\.json")


def back_up_database(data_dir: Path, to: Path, now_ms: int) -> Path:
    """Copy the database as it is at one moment; a server may run over it. Gives the path of the copy.

    Raises:
        ArchiveError: There is no such archive, or the folder holds what must be apart from it.
    """
    database = data_dir / DATABASE_NAME
    if not database.is_file():
        raise ArchiveError(f"there is no archive in {data_dir}")
    _prepare(data_dir, to)
    if any(_KEYS_COPY.fullmatch(path.name) or path.name == KEYFILE_NAME for path in to.iterdir()):
        raise ArchiveError(f"{to} holds copies of keys. Use another folder: the two together open what is sealed")
    path = to / f"parvis-{_when(now_ms)}.db"
    passing = path.with_name(path.name + ".new")
    _make_private(path, passing)
    try:
        with closing(connect(uri_of(database, "ro"))) as source, closing(connect(uri_of(passing))) as copy:
            (application_id,) = source.execute("PRAGMA application_id").fetchone()
            if application_id != APPLICATION_ID:
                raise ArchiveError(f"{database} is not a database of this program")
            check_store(source, KeyFile(data_dir / KEYFILE_NAME), database)
            # In one step: what commits meanwhile would make it begin again, and a reader holds up no writer.
            source.backup(copy)
            # One file, whatever is done to it later.
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error as fault:
        passing.unlink(missing_ok=True)
        name = getattr(fault, "sqlite_errorname", None) or type(fault).__name__
        raise ArchiveError(f"the database {database} cannot be copied: {name}") from fault
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
    durable.sync_file(passing)
    passing.rename(path)
    durable.sync_folder(to)
    return path


def back_up_keys(data_dir: Path, to: Path, now_ms: int, keep_ms: int) -> tuple[Path, int]:
    """Copy the key store alone, and remove copies that are older than asked for.

    Returns:
        The path of the copy, and how many older ones went.

    Raises:
        ArchiveError: There is no key store, or the folder holds what must be apart from it.
    """
    source = data_dir / KEYFILE_NAME
    KeyFile(source)
    _prepare(data_dir, to)
    if any(_DATABASE_COPY.fullmatch(path.name) or path.name == DATABASE_NAME for path in to.iterdir()):
        raise ArchiveError(f"{to} holds copies of the database. Use another folder: together they open what is sealed")
    path = to / f"parvis-keys-{_when(now_ms)}.json"
    passing = path.with_name(path.name + ".new")
    _make_private(path, passing)
    # It is replaced whole at each change, so that reading it gives one state.
    durable.write_new(passing, source.read_bytes())
    passing.rename(path)
    gone = 0
    for other in to.iterdir():
        named = _KEYS_COPY.fullmatch(other.name)
        if named is not None and other != path:
            made = datetime.strptime(named[1], _WHEN).replace(tzinfo=UTC)
            if made.timestamp() * 1000 + keep_ms <= now_ms:
                other.unlink()
                gone += 1
    durable.sync_folder(to)
    return path, gone


def _prepare(data_dir: Path, to: Path) -> None:
    """Make a private folder that is not the data folder, nor in it, nor around it.

    Raises:
        ArchiveError: It is, or others may read it.
    """
    inside, around = to.resolve(), data_dir.resolve()
    if inside.is_relative_to(around) or around.is_relative_to(inside):
        raise ArchiveError(f"{to} and the data folder {data_dir} lie one in the other. Use a folder apart")
    durable.make_folder(to)
    if durable.is_open(to):
        raise ArchiveError(f"{to} is open to other users. Make it yours alone: chmod go-rwx {to}")


def _make_private(path: Path, passing: Path) -> None:
    """Make an empty private file under a passing name.

    Raises:
        ArchiveError: There is a copy of this very moment.
    """
    if path.exists():
        raise ArchiveError(f"{path} is there already. Wait a second")
    passing.unlink(missing_ok=True)
    os.close(os.open(passing, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, durable.PRIVATE_FILE))


def _when(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_WHEN)
