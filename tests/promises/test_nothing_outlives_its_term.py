"""Promise 5: nothing outlives its term. Source: DESIGN, section 2; docs/adr/0025-how-a-term-ends.md.

After the end of each kind's term, a copy of everything the server has, with every share of the custodians, opens
nothing of it and holds none of its bytes; a hold is the only exception.
"""

import sqlite3
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, SqliteStage
from tests.contract.ending import Ground
from tests.custodians import SEED
from tests.promises.stolen import everything, readable

from parvis.archive.terms import CUSTODY_TERM_OF, DAY_MS, DEFAULT_TERMS, TermKind
from parvis.model.records import DataKind
from parvis.ports.archive import Upkeep, VaultKey, VaultRow
from parvis.ports.sealed import Wanted

WORDS = {
    DataKind.ROOMS: b":anna PRIVMSG #nave :the treasure is under the oak",
    DataKind.PRIVATE: b":anna PRIVMSG bert :meet me by the well",
    DataKind.DECISIONS: b":server WARN carl :for what was said on Monday",
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    yield made
    for archive in made.made:
        archive.close()


def emptied(stage: SqliteStage) -> bool:
    """Wait until the write-ahead log is empty: the writer does that when it rests."""
    log = stage.data_dir / "parvis.db-wal"
    end_s = time.monotonic() + 10
    while log.stat().st_size and time.monotonic() < end_s:
        time.sleep(0.02)
    return log.stat().st_size == 0


@pytest.mark.parametrize("data", list(WORDS))
def test_what_was_said_is_gone_after_its_term(stage: SqliteStage, data: DataKind) -> None:
    """Until then custodians can open it; after it neither they nor the server, and its sealed bytes are nowhere."""
    ground = Ground(stage)
    for number, (kind, line) in enumerate(WORDS.items()):
        ground.says(line, conversation=bytes((number + 1,)) * 16, data=kind)
    ciphertexts = [row.ciphertext for row in ground.sealed.rows(of_kind(data, ground)) if row.ciphertext is not None]
    assert ciphertexts
    term_ms = DEFAULT_TERMS[CUSTODY_TERM_OF[data]]
    midnight = NOON_MS - NOON_MS % DAY_MS
    stage.clock.now_ms = midnight + DAY_MS + term_ms - 1
    ground.ender.run(stage.clock())
    assert WORDS[data] in readable(stage.data_dir, SEED)
    assert any(ciphertexts[0] in raw for raw in everything(stage.data_dir).values())

    stage.clock.now_ms += 1
    ground.ender.run(stage.clock())
    assert emptied(stage)
    assert WORDS[data] not in readable(stage.data_dir, SEED)
    for name, raw in everything(stage.data_dir).items():
        assert not any(ciphertext in raw for ciphertext in ciphertexts), name


def of_kind(data: DataKind, ground: Ground) -> Wanted:
    """Want the rows of one kind of data."""
    return Wanted(content_keys=frozenset(key.id for key in ground.sealed.content_keys() if key.data is data))


@pytest.mark.parametrize("kind", [TermKind.CONNECTIONS, TermKind.CLOSED_ACCOUNTS])
def test_days_of_the_vault_are_gone_after_their_term(stage: SqliteStage, kind: TermKind) -> None:
    """Key, rows, and the bytes of both."""
    ground = Ground(stage)
    term = next(key for key in ground.keys.term_keys() if key.kind is kind)
    key = VaultKey(
        id=b"k" * 16, kind=kind, day_ms=term.begins_ms, custodian=b"c" * 16, term_key=term.id, wrap=b"wrap" * 50
    )
    row = VaultRow(key=key.id, sealed=b"198.51.100.7:40712 sealed" * 4)
    ground.journal.write(upkeep=[Upkeep(vault_keys=(key,), vault=(row,))])
    stage.clock.now_ms = term.ends_ms - 1
    ground.ender.run(stage.clock())
    assert list(ground.sealed.vault_rows(key.id)) == [row]
    stage.clock.now_ms = term.ends_ms
    ground.ender.run(stage.clock())
    assert emptied(stage)
    assert ground.sealed.vault_keys() == []
    for name, raw in everything(stage.data_dir).items():
        assert row.sealed not in raw, name
        assert key.wrap not in raw, name


def test_no_term_key_outlives_its_term(stage: SqliteStage) -> None:
    """Nor do its bytes stay in the key store, under its name or a passing one."""
    ground = Ground(stage)
    before = [key for key in ground.keys.term_keys() if key.kind is not TermKind.HOLD]
    stage.clock.now_ms = max(key.ends_ms for key in before)
    ground.ender.run(stage.clock())
    raw = b"".join(everything(stage.data_dir).values())
    for key in before:
        assert key.key not in raw
        assert b64encode(key.key) not in raw


def test_a_log_that_a_reader_holds_back_is_emptied_once_it_ends(stage: SqliteStage) -> None:
    """The writer goes on meanwhile: it waits for no reader."""
    ground = Ground(stage)
    ground.says(b"one")
    reader = sqlite3.connect(stage.data_dir / "parvis.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    stage.clock.now_ms = NOON_MS + DAY_MS + DEFAULT_TERMS[TermKind.ROOMS]
    ground.ender.run(stage.clock())
    began_s = time.monotonic()
    for number in range(20):
        ground.says(b"%d" % number)
    assert time.monotonic() - began_s < 4.0
    assert (stage.data_dir / "parvis.db-wal").stat().st_size
    reader.execute("COMMIT")
    reader.close()
    assert emptied(stage)
