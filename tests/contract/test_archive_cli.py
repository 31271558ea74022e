"""`parvis archive verify`: exits, words and JSON Lines."""

import json
import sqlite3
from hashlib import sha256
from pathlib import Path

from click.testing import CliRunner
from tests.contract.archive_stages import NOON_MS, SqliteStage, a_batch, sealed
from tests.contract.logs import LogStage

from parvis.archive.checkpoint import parse_note, parse_verifier_key, verify_note
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
    assert shown.stdout == "4 records in 1 runs: 4 opened, 0 closed, 0 undelivered, 0 problems.\n"
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
        "wraps": 2,
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
    assert "The first record that is not as it was: 1/3 is missing.\n" in shown.stdout
    told = CliRunner().invoke(command, ["verify", "--json", "--data", str(folder)])
    assert told.exit_code == 1
    problem, first, summary = map(json.loads, told.stdout.splitlines())
    assert (first["type"], first["fault"], first["counter"]) == ("first", "missing", 3)
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


def a_log(folder: Path) -> LogStage:
    """Make an archive of twenty records with its log."""
    stage = LogStage(SqliteStage(folder), folder)
    stage.grown(20)
    stage.archive.close()
    return stage


def test_a_checkpoint_and_what_differs_are_told_in_words(tmp_path: Path) -> None:
    """The first record, and its place in the log."""
    stage = a_log(tmp_path)
    data = tmp_path / "data"
    held = tmp_path / "held"
    held.write_bytes(stage.folder.checkpoint() or b"")
    words = ["verify", "--data", str(data), "--checkpoint", str(held)]
    shown = CliRunner().invoke(command, words)
    assert shown.exit_code == 0
    assert f"Checkpoint {held} over 21 records matches.\n" in shown.stdout
    changed = sqlite3.connect(data / "parvis.db", isolation_level=None)
    changed.execute("UPDATE records SET leaf = x'01' || zeroblob(64) WHERE id = (1 << 40) + 5")
    changed.execute("UPDATE custody_wraps SET wrap = zeroblob(99)")
    changed.close()
    shown = CliRunner().invoke(command, words)
    assert shown.exit_code == 1
    assert "does not match: the records make another root.\n" in shown.stdout
    assert "a wrap for custodians is damaged.\n" in shown.stdout
    assert "The first record that is not as it was: 1/5 (place 4 of the log) is changed.\n" in shown.stdout
    assert CliRunner().invoke(command, [*words, "--key", "nonsense"]).exit_code == 2
    assert CliRunner().invoke(command, ["verify", "--data", str(data), "--checkpoint", "none"]).exit_code == 2


def test_the_key_of_the_log_is_shown_and_rotated(tmp_path: Path) -> None:
    """The audit tells of it, and the next checkpoint bears both signatures."""
    stage = a_log(tmp_path)
    data = str(tmp_path / "data")
    old = str(stage.keys.log_keys()[0].verifier)
    assert old in CliRunner().invoke(command, ["log-key", "--data", data]).stdout
    done = CliRunner().invoke(command, ["log-key", "rotate", "--data", data, "--why", "a drill\x1b[2J", "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    listed = CliRunner().invoke(command, ["log-key", "--data", data, "--json"]).stdout
    keys = [json.loads(line)["vkey"] for line in listed.splitlines()]
    assert keys == [old, told["vkey"]]
    raw = stage.folder.checkpoint()
    assert raw is not None
    assert [str(key) for key in verify_note(parse_note(raw), list(map(parse_verifier_key, keys)))] == keys[::-1]
    listed = CliRunner().invoke(command, ["log", "--data", data, "--what", "log-key-rotated", "--json"]).stdout
    entry = json.loads(listed)
    assert (entry["what"], entry["by"], entry["why"]) == ("log-key-rotated", "operator", "a drill\x1b[2J")
    assert entry["new"] == sha256(told["vkey"].encode()).hexdigest()
    shown = CliRunner().invoke(command, ["log", "--data", data])
    assert "log-key-rotated by operator" in shown.stdout
    assert "\x1b" not in shown.stdout
    for more in (["--what", "hold-placed"], ["--since", "2100-01-01"]):
        assert CliRunner().invoke(command, ["log", "--data", data, *more]).stdout == "No entry is like that.\n"
        assert CliRunner().invoke(command, ["log", "--data", data, "--json", *more]).stdout == ""
    assert CliRunner().invoke(command, ["verify", "--data", data]).exit_code == 0
    long = CliRunner().invoke(command, ["log-key", "rotate", "--data", data, "--why", "x" * 501])
    assert (long.exit_code, long.stdout) == (1, "")
    for _ in range(2):
        assert CliRunner().invoke(command, ["log-key", "rotate", "--data", data]).exit_code == 0
    refused = CliRunner().invoke(command, ["log-key", "rotate", "--data", data, "--json"])
    assert refused.exit_code == 1
    assert "4 keys sign already" in json.loads(refused.stdout)["text"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """Without a log there is no key to show."""
    for words in (["log-key"], ["log"]):
        told = CliRunner().invoke(command, [*words, "--data", str(tmp_path)])
        assert (told.exit_code, told.stdout) == (1, "")
    folder = a_store(tmp_path)
    assert "no log yet" in CliRunner().invoke(command, ["log-key", "--data", str(folder)]).stderr
