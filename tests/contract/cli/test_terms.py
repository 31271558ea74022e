"""`parvis archive terms`, `parvis archive backup` and the schedule. Source: docs/handbook/operator.md."""

import json
import re
import stat
import time
from pathlib import Path

import pytest
from tests.contract.archive_stages import Clock, a_message
from tests.contract.cli.test_cli import run
from tests.custodians import a_custodian
from tests.promises.servers import running
from tests.promises.stolen import readable

from parvis.app.config import Mistakes, cautions, load
from parvis.app.retention import schedule_of
from parvis.archive.terms import DAY_MS, VISIBLE_TERM_MS
from parvis.ports.archive import Batch
from parvis.store.sqlite.archive import SqliteArchive

LINE = b":anna PRIVMSG #nave :the treasure is under the oak"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Make an archive from ten days ago, closed; give its folder."""
    clock = Clock()
    clock.now_ms = time.time_ns() // 1_000_000 - VISIBLE_TERM_MS - 3 * DAY_MS
    posted: list[object] = []
    archive = SqliteArchive(tmp_path / "data", posted.append, clock, make_custodian=a_custodian)
    archive.open(clock())
    archive.seal(Batch([a_message(LINE, clock())]), lambda _outcome: None)
    archive.close()
    return tmp_path / "data"


def test_what_is_due_is_shown_and_ended_without_a_server(old: Path) -> None:
    """First the list, which changes nothing; then the end, which takes the way back."""
    shown = run("archive", "terms", "--data", str(old))
    assert shown.returncode == 0
    assert "What is said and done in rooms: 1 year." in shown.stdout
    assert "visible-records: 3, 2 of them due" in shown.stdout or "visible-records: 3, 3 of them due" in shown.stdout
    assert LINE in readable(old)
    ended = run("archive", "terms", "end", "--data", str(old), "--json")
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["event"] == "ended"
    assert answer["term_keys"] >= 2
    assert LINE not in readable(old)
    again = run("archive", "terms", "end", "--data", str(old))
    assert again.stdout == "Ended: 0 term keys, 0 records, 0 content keys, 0 rows of the vault.\n"
    rows = [json.loads(line) for line in run("archive", "terms", "--data", str(old), "--json").stdout.splitlines()]
    assert {row["event"] for row in rows} == {"kind", "term-keys"}
    assert all(row["due"] == 0 for row in rows if row["event"] == "term-keys")


def test_a_clock_that_is_far_ahead_must_be_confirmed(tmp_path: Path) -> None:
    """Nothing is destroyed before that but the window; then everything that is due."""
    clock = Clock()
    clock.now_ms = time.time_ns() // 1_000_000 - 400 * DAY_MS
    posted: list[object] = []
    archive = SqliteArchive(tmp_path / "data", posted.append, clock, make_custodian=a_custodian)
    archive.open(clock())
    archive.close()
    for _ in range(2):
        asked = run("archive", "terms", "end", "--data", str(tmp_path / "data"))
        assert asked.returncode == 1
        assert "400 days after the last time that was sure" in asked.stderr
        assert "--confirm-clock" in asked.stderr
    shown = run("archive", "terms", "--data", str(tmp_path / "data"))
    assert re.search("rooms: [0-9]+, [1-9][0-9]* of them due", shown.stdout)
    assert not re.search("visible-records: .* due", shown.stdout)
    done = run("archive", "terms", "end", "--confirm-clock", "--data", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    shown = run("archive", "terms", "--data", str(tmp_path / "data"))
    assert " due" not in shown.stdout
    assert "clock-confirmed" in run("archive", "log", "--json", "--data", str(tmp_path / "data")).stdout


def test_a_running_server_is_asked(tmp_path: Path) -> None:
    """It ends what is due itself at its start, so that nothing is left."""
    with running(tmp_path) as server:
        server.port()
        done = run("archive", "terms", "end", "--config", str(server.config), "--data", str(server.data))
        assert done.stdout == "Ended: 0 term keys, 0 records, 0 content keys, 0 rows of the vault.\n"


def test_without_an_archive_terms_are_not_shown(tmp_path: Path) -> None:
    """It is said what is missing."""
    for words in (("terms",), ("terms", "end"), ("backup", "--to", str(tmp_path / "to"))):
        failed = run("archive", *words, "--data", str(tmp_path / "none"))
        assert failed.returncode == 1, words
        assert failed.stderr, words
        failed = run("archive", *words, "--data", str(tmp_path / "none"), "--json")
        assert json.loads(failed.stdout)["event"] == "failed"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("archive", "terms"),
        ("archive", "terms", "end"),
        ("archive", "log-key"),
        ("archive", "log-key", "rotate"),
        ("archive", "hold", "list"),
        ("archive", "opening", "list"),
        ("account", "export", "ada", "--to", "ada.zip"),
    ],
)
def test_an_empty_folder_does_not_become_an_archive(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A mistyped folder is told of; nothing is made in it, above all no key whose share nobody looks for."""
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o700)
    failed = run(*words, "--data", str(empty))
    assert (failed.returncode, "There is no archive in" in failed.stderr) == (1, True), failed.stderr
    assert list(empty.iterdir()) == []


def test_copies_are_made_apart_while_the_server_runs(tmp_path: Path) -> None:
    """Each in its folder, private; nobody is asked for anything."""
    with running(tmp_path) as server:
        server.port()
        place = ("--config", str(server.config), "--data", str(server.data))
        done = run("archive", "backup", "--to", str(tmp_path / "db"), *place, "--json")
        assert done.returncode == 0, done.stderr
        copy = Path(json.loads(done.stdout)["path"])
        keys = run("archive", "backup", "--keys", "--keep", "3d", "--to", str(tmp_path / "keys"), *place)
        assert keys.returncode == 0, keys.stderr
        assert keys.stdout.startswith(f"The key store was copied to {tmp_path / 'keys' / 'parvis-keys-'}")
        for path in (copy, *(tmp_path / "keys").iterdir()):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        together = run("archive", "backup", "--keys", "--to", str(tmp_path / "db"), *place)
        assert together.returncode == 1
        assert "holds copies of the database" in together.stderr


@pytest.mark.parametrize("words", [("--keep", "7d"), ("--keys", "--keep", "31d"), ("--keys", "--keep", "soon")])
def test_what_makes_no_sense_is_a_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    """Ends with 2 and copies nothing."""
    assert run("archive", "backup", "--to", str(tmp_path / "to"), *words).returncode == 2
    assert not (tmp_path / "to").exists()


def test_an_operator_chooses_terms_in_a_file(tmp_path: Path) -> None:
    """They are checked, and below what the law asks for the operator is told."""
    mine, config = tmp_path / "terms.toml", tmp_path / "parvis.toml"
    config.write_text(f'[archive]\nretention = "{mine}"\n')
    mine.write_text('[terms]\nroom-messages = "90d"\nconnections = "30d"\n')
    read = load(config, {})
    assert schedule_of(read).terms()["rooms"] == 90 * DAY_MS
    assert [(caution.key, "365d" in caution.text) for caution in cautions(read)] == [("archive.retention", True)]
    assert "Caution: archive.retention: connections" in run("check", "--config", str(config)).stdout
    for text, says in (
        ('[terms]\nroom-message = "90d"\n', 'terms.room-message: There is no such key. Did you mean "room-messages"?'),
        ('[terms]\nroom-messages = "6d"\n', 'terms.room-messages: This must be a length of time from "7d" to "3650d".'),
        ("[terms\n", f"The file {mine} is not TOML. Mend it."),
        ("x" * 70_000, f"The file {mine} is larger than 65536 bytes. Is it a schedule?"),
    ):
        mine.write_text(text)
        with pytest.raises(Mistakes) as told:
            load(config, {})
        assert [(each.key, each.text) for each in told.value.mistakes] == [("archive.retention", says)]


def test_no_window_outlasts_what_it_shows(tmp_path: Path) -> None:
    """The server would read what is to be gone."""
    mine, config = tmp_path / "terms.toml", tmp_path / "parvis.toml"
    mine.write_text('[terms]\nprivate-messages = "7d"\n')
    config.write_text(f'[archive]\nretention = "{mine}"\n[history]\nreport_window = "8d"\n')
    with pytest.raises(Mistakes, match="report_window: This is longer than private-messages are kept at all"):
        load(config, {})
