"""`parvis archive verify`: exits, words and JSON Lines."""

import json
import sqlite3
from pathlib import Path

from click.testing import CliRunner
from tests.contract.archive_stages import NOON_MS, SqliteStage, a_batch, sealed

from parvis.cli.archive import command


def a_store(folder: Path) -> Path:
    """Make a store of three messages."""
    stage = SqliteStage(folder)
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(b"one", b"two", b"three"))
    archive.close()
    return stage.data_dir


def test_a_whole_archive_ends_with_0(tmp_path: Path) -> None:
    """One line for people, one object for programs."""
    folder = a_store(tmp_path)
    shown = CliRunner().invoke(command, ["verify", "--data", str(folder)])
    assert shown.exit_code == 0
    assert shown.stdout == "4 records in 1 runs: 4 opened, 0 closed, 0 undelivered, 0 lost, 0 problems.\n"
    told = CliRunner().invoke(command, ["verify", "--json", "--data", str(folder)])
    assert told.exit_code == 0
    assert json.loads(told.stdout) == {
        "type": "summary",
        "records": 4,
        "runs": 1,
        "opened": 4,
        "closed": 0,
        "covered": 0,
        "undelivered": 0,
        "lost": 0,
        "problems": 0,
    }


def test_problems_are_named_and_end_with_1(tmp_path: Path) -> None:
    """By number and in words, without any content."""
    folder = a_store(tmp_path)
    changed = sqlite3.connect(folder / "parvis.db", isolation_level=None)
    changed.execute("DELETE FROM records WHERE id = (1 << 40) + 3")
    changed.close()
    shown = CliRunner().invoke(command, ["verify", "--data", str(folder)])
    assert shown.exit_code == 1
    assert shown.stdout.startswith("Record 1/4: number follows 2: records between are missing.\n")
    told = CliRunner().invoke(command, ["verify", "--json", "--data", str(folder)])
    assert told.exit_code == 1
    problem, summary = map(json.loads, told.stdout.splitlines())
    assert (problem["type"], problem["run"], problem["counter"]) == ("problem", 1, 4)
    assert summary["problems"] == 1


def test_an_archive_that_cannot_be_read_ends_with_1_and_a_wrong_folder_with_2(tmp_path: Path) -> None:
    """What is missing is told on standard error, or as an object."""
    shown = CliRunner().invoke(command, ["verify", "--data", str(tmp_path)])
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "there is no archive in" in shown.stderr
    told = CliRunner().invoke(command, ["verify", "--json", "--data", str(tmp_path)])
    assert (told.exit_code, json.loads(told.stdout)["type"]) == (1, "error")
    assert CliRunner().invoke(command, ["verify", "--data", str(tmp_path / "none")]).exit_code == 2
