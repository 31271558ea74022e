"""Databases made by the version before are brought up to date and lose nothing (tests/data/schema-0002/README.md).

Source: docs/adr/0020-terms-and-wraps.md, "Consequences".
"""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.custodians import SEED, a_custodian

from parvis.archive import custody
from parvis.archive.content_keys import WrappedKey, custody_info, unwrap_visible
from parvis.archive.record import parse_header, record_id
from parvis.archive.terms import DAY_MS, HOUR_MS, TermKind
from parvis.model.accounts import Account
from parvis.model.audit import KeysAdopted, read_entry
from parvis.model.kept import KeptKind, read
from parvis.model.records import DataKind, RecordKind
from parvis.ports.archive import ArchiveError, Opened
from parvis.ports.sealed import StoredKey, Wanted
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite import adopting
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import DATABASE_NAME, REVISIONS, Connect, connect
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

OLD = Path(__file__).parents[1] / "data" / "schema-0002"


def a_copy(name: str, folder: Path) -> Path:
    """Copy an old data folder, private as a server leaves it."""
    data = folder / "data"
    shutil.copytree(OLD / name, data)
    data.chmod(0o700)
    for path in data.iterdir():
        path.chmod(0o600)
    return data


def an_hour_later(data: Path) -> int:
    """Give a time at which the next server starts, whatever the clock of this machine says."""
    last = max(
        key.begins_ms for key in KeyFile(data / KEYFILE_NAME).term_keys() if key.kind is TermKind.VISIBLE_RECORDS
    )
    # Term keys are made for today and two days ahead.
    return last - DAY_MS


def an_archive(data: Path, opened_by: Connect = connect) -> tuple[SqliteArchive, Opened]:
    """Start the present program over a folder, an hour or more after what is in it."""
    now_ms = an_hour_later(data)
    archive = SqliteArchive(
        data, _answer, lambda: now_ms, make_custodian=a_custodian, machine=b"new", opened_by=opened_by
    )
    return archive, archive.open(now_ms)


def cut_at_commit(number: int) -> Connect:
    """Open connections whose commit of that number fails, as where a server is ended there."""

    class Cut(sqlite3.Connection):
        commits = 0

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            Cut.commits += sql == "COMMIT"
            if Cut.commits >= number:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, *parameters)

    return lambda uri: connect(uri, Cut)


def _answer(call: Callable[[], None]) -> None:
    call()


def lines_of(data: Path) -> list[tuple[int, bytes]]:
    """Give every line, with the kind of its record."""
    kinds = (RecordKind.MESSAGE, RecordKind.NOTICE)
    return [(each.header.kind, each.line) for each in opened_records(data) if each.header.kind in kinds]


@pytest.mark.parametrize("name", ["stopped", "killed"])
def test_an_older_database_reads_as_before(tmp_path: Path, name: str) -> None:
    """Lines, rooms and accounts are there, the check is clean, and one notice tells of it."""
    data = a_copy(name, tmp_path)
    archive, opened = an_archive(data)
    archive.close()
    spells = [b"room words one %d" % number for number in range(10)]
    said = [line for _, line in lines_of(data)]
    assert [line.rpartition(b":")[2] for line in said if b"room words" in line] == spells
    assert sum(b"private words one" in line for line in said) == 10
    assert sum(b"room notice one" in line for line in said) == 10
    assert any(b"passing words" in line for line in said)
    assert any(b"before the crash" in line for line in said) is (name == "killed")
    assert [room.name for room in opened.rooms] == ["#nave"]
    assert opened.rooms[0].topic == "what the nave is for"
    assert opened.rooms[0].visible_s == DAY_MS // 1000
    accounts = [read(each, Account).name for each in opened.kept if each.kind is KeptKind.ACCOUNT]
    assert sorted(accounts) == ["alice", "bob"]
    report = verify_archive(data)
    assert report.problems == []
    assert report.closed == 0
    assert [notice for notice in opened.notices if "custodians" in notice] != []
    assert f"The database was brought from schema 0002 to {REVISIONS[-1]}." in opened.notices


@pytest.mark.parametrize("name", ["stopped", "killed"])
def test_older_keys_are_wrapped_for_custodians_under_the_terms_of_their_day(tmp_path: Path, name: str) -> None:
    """Each opens to the key of the server's own wrap; rooms and private conversations are told apart."""
    data = a_copy(name, tmp_path)
    archive, _ = an_archive(data)
    archive.close()
    sealed, keys = SqliteSealed(data), KeyFile(data / KEYFILE_NAME)
    term_keys = {key.id: key for key in keys.term_keys()}
    private_key = custody.private_key(SEED)
    kinds: dict[DataKind, set[bytes]] = {kind: set() for kind in DataKind}
    firsts: dict[bytes, int] = {}
    texts: dict[bytes, set[RecordKind]] = {}
    for row in sealed.rows(Wanted()):
        assert row.header is not None
        header = parse_header(row.header)
        firsts.setdefault(header.content_key, row.number)
        texts.setdefault(header.conversation, set()).add(header.kind)
    for key in sealed.content_keys():
        (wrap,) = sealed.wraps_of(key.id)
        term_key = term_keys[wrap.term_key]
        assert term_key.begins_ms == key.hour * HOUR_MS // DAY_MS * DAY_MS
        assert term_key.kind.value == key.data.value
        assert key.first_id == firsts[key.id]
        stored = _wrapped(key)
        opened = unwrap_visible(stored, term_keys[stored.term_key])
        lifted = custody.lift_term(wrap.wrap, term_key, key.id)
        assert custody.open_sealed(private_key, lifted, custody_info(stored, wrap.custodian)) == opened.key
        kinds[key.data].add(key.conversation)
    written = {RecordKind.MESSAGE, RecordKind.NOTICE, RecordKind.TAG_MESSAGE, RecordKind.REDACTED}
    assert kinds[DataKind.PRIVATE] == {room for room, of in texts.items() if of <= written}
    assert len(kinds[DataKind.PRIVATE]) == (3 if name == "killed" else 2)
    assert not kinds[DataKind.PRIVATE] & kinds[DataKind.ROOMS]
    audit = [read_entry(each.line) for each in opened_records(data) if each.header.kind is RecordKind.AUDIT]
    (adopted,) = [entry for entry in audit if isinstance(entry, KeysAdopted)]
    assert adopted.closed == 0


def _wrapped(key: StoredKey) -> WrappedKey:
    assert key.visible_term is not None
    assert key.visible_wrap is not None
    return WrappedKey(
        id=key.id,
        conversation=key.conversation,
        hour=key.hour,
        run=key.run,
        term_key=key.visible_term,
        visible_wrap=key.visible_wrap,
    )


def test_the_second_start_has_nothing_to_adopt(tmp_path: Path) -> None:
    """What is done is not told again."""
    data = a_copy("stopped", tmp_path)
    an_archive(data)[0].close()
    archive, opened = an_archive(data)
    archive.close()
    assert [notice for notice in opened.notices if "custodian" in notice] == []
    unplaced = sqlite3.connect(data / DATABASE_NAME).execute("SELECT count(*) FROM content_keys WHERE first_id = 0")
    assert unplaced.fetchone() == (0,)


def test_a_start_that_is_cut_short_goes_on_at_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that were committed stay; the others are done then; every key has one wrap at the end."""
    monkeypatch.setattr(adopting, "KEYS_AT_ONCE", 2)
    data = a_copy("stopped", tmp_path)
    for part in range(3):
        # The first commit of each start is that of the run.
        with pytest.raises(ArchiveError, match="cannot be used"):
            an_archive(data, cut_at_commit(2 if part == 0 else 3))
    an_archive(data)[0].close()
    sealed = SqliteSealed(data)
    assert all(len(sealed.wraps_of(key.id)) == 1 for key in sealed.content_keys())
    assert all(key.first_id >= record_id(1, 1) for key in sealed.content_keys())
    assert verify_archive(data).problems == []
