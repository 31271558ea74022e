"""What stands beside records is checked too, and whatever stands there breaks no check.

Source: docs/adr/0023-the-log.md; `store/sqlite/beside.py`.
"""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from tests.contract.cli.test_cli import run
from tests.contract.cli.test_holds_and_accounts import ada_writes
from tests.promises.servers import running

from parvis.ports.archive import ArchiveError
from parvis.store.sqlite.verifying import verify_archive

PATIENCE_S = 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the archive of a server that somebody was on, with absences and a vault; give its data folder."""
    with running(tmp_path_factory.mktemp("served")) as server:
        ada = ada_writes(server.port())
        erased = run("account", "erase", "ada", "--config", str(server.config), "--data", str(server.data))
        assert erased.returncode == 0, erased.stderr
        ada.close()
        server.terminate()
    with sqlite3.connect(server.data / "parvis.db") as rows:
        assert rows.execute("SELECT count(*) FROM absences").fetchone() > (0,)
        assert rows.execute("SELECT count(*) FROM vault").fetchone() > (0,)
    rows.close()
    return server.data


@pytest.fixture
def data(served: Path, tmp_path: Path) -> Path:
    """Give a copy of it."""
    shutil.copytree(served, tmp_path / "data")
    assert verify_archive(tmp_path / "data").problems_total == 0
    return tmp_path / "data"


def changed(data: Path, change: str) -> int:
    """Change the database, and give how many rows that concerned."""
    rows = sqlite3.connect(data / "parvis.db", isolation_level=None)
    count = rows.execute(change).rowcount
    rows.close()
    return count


@pytest.mark.parametrize(
    "change",
    [
        "custodians SET shares = 2",
        "custodians SET threshold = 2",
        "custodians SET since_ms = 'now'",
        "custodians SET id = 'text'",
        "runs SET started_ms = started_ms + 1",
        "runs SET started_ms = 'then'",
        "runs SET ended_ms = x'00'",
        "runs SET run = 7",
        "vault_keys SET id = 'text' WHERE rowid = 1",
        "vault_keys SET id = x'00' WHERE rowid = 1",
        "vault_keys SET kind = kind || 'x'",
        "vault_keys SET day_ms = day_ms + 86400000",
        "vault_keys SET custodian = x'00'",
        "vault_keys SET term_key = x'00'",
        "vault_keys SET term_key = 'text'",
        "vault_keys SET wrap = zeroblob(length(wrap))",
        "vault_keys SET wrap = 7",
        "vault SET sealed = 'text'",
        "vault SET sealed = 7",
        "vault SET key = x'00'",
        "absences SET last_id = 'text'",
        "absences SET last_id = last_id + 1 WHERE first_id = (SELECT max(first_id) FROM absences)",
        "absences SET why = 'term'",
        "store SET id = 'text'",
        "content_keys SET first_id = first_id + 1",
        "records SET ciphertext = 7 WHERE ciphertext IS NOT NULL",
        "records SET ciphertext = NULL WHERE header IS NOT NULL",
        "records SET header = 'text' WHERE header IS NOT NULL",
        "records SET id = -id WHERE id = (SELECT max(id) FROM records)",
        "records SET id = 9223372036854775807 WHERE id = (SELECT max(id) FROM records)",
    ],
)
def test_whatever_is_changed_is_found(data: Path, change: str) -> None:
    """By a sentence or a problem, in bounded time, and never by an exception that is not ours."""
    assert changed(data, f"UPDATE {change}") > 0
    began_s = time.monotonic()
    try:
        assert verify_archive(data).problems_total > 0
    except ArchiveError:
        assert change.startswith("store")
    assert time.monotonic() - began_s < PATIENCE_S


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO undelivered VALUES (1099511627780, 'x')",
        "INSERT INTO undelivered VALUES (1099511627780, 5)",
        "INSERT INTO records VALUES (-5, NULL, NULL, NULL, x'00')",
        "INSERT INTO records VALUES (0, NULL, NULL, NULL, zeroblob(65))",
        "INSERT INTO records VALUES (9223372036854775807, NULL, NULL, NULL, zeroblob(65))",
        "INSERT INTO vault VALUES (NULL, x'00', x'00')",
        "INSERT INTO vault_keys VALUES (x'0011', 'rooms', 5, x'00', x'00', x'00')",
        "INSERT INTO custodians SELECT x'01', suite, public, 1, 1, since_ms + 1, share_checks FROM custodians",
        "DELETE FROM runs",
        "DELETE FROM vault_keys",
        "DELETE FROM custodians",
    ],
)
def test_whatever_is_added_or_taken_away_is_found(data: Path, change: str) -> None:
    """Rows that belong to nothing, and those that something needs."""
    assert changed(data, change) > 0
    assert verify_archive(data).problems_total > 0


def test_a_checkpoint_that_is_gone_is_told(data: Path) -> None:
    """It proves nothing by being away; whoever compares must have one from elsewhere."""
    (data / "log" / "checkpoint").unlink()
    assert any("its checkpoint is gone" in note for note in verify_archive(data).notes)
