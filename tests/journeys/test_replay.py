"""A chat log is played by real clients on a real server. Source: docs/handbook/operator.md, "Commands"."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.squares import a_square

from parvis.app.demo.chatlog import read_chatlog
from parvis.app.demo.replay import Played, Replay, Venue
from parvis.app.demo.script import Enter, fit_name, script_of, split_text
from parvis.model.records import RecordKind
from parvis.store.sqlite.reader import opened_records

EXCERPT = Path(__file__).parents[1] / "data" / "chatlogs" / "channel-two-excerpt.txt"

ODD_LOG = (
    "\ufeff=== Ada entered the room.\r\n"
    "[23:58] <Ada> un café ☕, déjà vu, привет, 你好, 👩‍👩‍👧‍👦\r\n"
    "[23:58] <9lives> I was here before the log, and my name begins with a digit\n"
    "[23:58]  * Ada waves\tat 9lives, twice\n"
    "[23:59] <a.b!c> my name holds a dot and an exclamation mark\n"
    "[23:59] <a.b?c> mine would look the same once mended\n"
    "[23:59] <Ada>   two spaces in front, two behind  \n"
    "[23:59] <Ada> :begins with a colon\n"
    "[23:59] <Ada> \n"
    f"[23:59] <Zoé> {'mot ' * 300}\n"
    f"[23:59] <Zoé> {'é' * 700}\n"
    f"[23:59]  * {'x' * 60} has a very long name\n"
    f"=== {'x' * 60} is now known as short\n"
    "[00:01] <short> it is tomorrow\n"
    "=== mode/#odd mode (+o Ada ) by ChanServ\n"
    "=== Ada changed the topic of #odd to: l'été ☀\n"
    "=== Zoé left the room (Kicked by Ada (too long)).\n"
    "=== Ada left the room (quit: Ping timeout: 240 seconds).\n"
    "[00:01] <Ada> back again\n"
    "=== short left the room (à bientôt).\n"
    "nobody knows what this line is\n"
).encode() + b"[00:02] <9lives> caf\xe9 in Latin-1, \x93quoted\x94, and \x81 that is nowhere\n"


def replay(*words: str | Path) -> tuple[int, list[dict[str, Any]]]:
    """Run `parvis demo replay --json` as a person would; give its status and what it wrote."""
    ran = subprocess.run(
        [sys.executable, "-m", "parvis.cli.main", "demo", "replay", "--json", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")},
    )
    assert ran.stderr == ""
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def said_in(data_dir: Path) -> list[tuple[str, str]]:
    """List who said what, from the archive."""
    said = []
    for opened in opened_records(data_dir):
        if opened.header.kind is RecordKind.MESSAGE:
            source, _, _, text = opened.line.decode().split(" ", 3)
            said.append((source[1:].partition("!")[0], text[1:]))
    return said


def test_everybody_hears_every_line_of_a_real_log_and_the_archive_keeps_it(tmp_path: Path) -> None:
    """
    The excerpt's people enter, talk, rename and leave; each hears each line once, in order, unharmed. The archive
    holds the words of the log, one by one.
    """
    status, (played, summary) = replay(EXCERPT, "--data", tmp_path / "data")
    assert status == 0
    assert played["room"] == "#channel-two-excerpt"
    wrong = ("lost", "duplicated", "reordered", "harmed", "refused", "not_understood", "archive_wrong")
    assert {what: played[what] for what in wrong} == dict.fromkeys(wrong, 0)
    assert played["archived"] == played["lines"] > 200
    assert played["deliveries"] > 40 * played["lines"]
    assert summary["whole"] is True
    log = read_chatlog(EXCERPT.read_bytes())
    words = [entry.act.text for entry in log.entries if hasattr(entry.act, "text")]
    kept = [text.removeprefix("\x01ACTION ").removesuffix("\x01") for _, text in said_in(tmp_path / "data")]
    assert kept == words


def test_odd_bytes_long_lines_and_unfit_names_arrive_as_a_client_would_send_them(tmp_path: Path) -> None:
    """Nothing of the log is fatal, nothing that a line can carry is harmed."""
    log = tmp_path / "odd log.txt"
    log.write_bytes(ODD_LOG)
    status, (played, _) = replay(log, "--data", tmp_path / "data")
    assert (status, played["room"]) == (0, "#odd-log")
    assert (played["not_understood"], played["without_text"]) == (1, 1)
    said = said_in(tmp_path / "data")
    assert ("Ada", "un café ☕, déjà vu, привет, 你好, 👩‍👩‍👧‍👦") in said
    assert ("_9lives", "I was here before the log, and my name begins with a digit") in said
    assert ("Ada", "\x01ACTION waves\tat 9lives, twice\x01") in said
    assert ("Ada", "  two spaces in front, two behind  ") in said
    assert ("Ada", ":begins with a colon") in said
    assert ("_9lives", "café in Latin-1, \u201cquoted\u201d, and \x81 that is nowhere") in said
    names = {name for name, text in said if "mended" in text or "a dot" in text}
    assert names == {"a_b_c", "a_b_c_2"}
    by_zoe = [text for name, text in said if name == "Zoé"]
    assert "".join(by_zoe) == "mot " * 300 + "é" * 700
    assert all(len(text.encode()) <= 350 for text in by_zoe)
    assert ("x" * 32, "\x01ACTION has a very long name\x01") in said
    assert ("short", "it is tomorrow") in said


def test_several_logs_are_played_side_by_side_each_in_a_room(tmp_path: Path) -> None:
    """A second log with the same people gets clients of its own, under names that are still free."""
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("".join(f"[10:0{at}] <Ada> number {at}\n[10:0{at}] <Bob> yes\n" for at in range(10)))
    other.write_text("[10:00] <ada> elsewhere\n[10:01] <Bob> here too\n")
    status, (first, second, summary) = replay(one, other, "--speed", "6000")
    assert (status, summary["people"], summary["lines"]) == (0, 4, 22)
    assert (first["room"], second["room"]) == ("#one", "#other")
    assert summary["seconds"] > 0.08


def test_a_server_that_runs_already_can_be_played_on(tmp_path: Path) -> None:
    """Its archive is not ours to read."""
    with a_square(tmp_path) as square:
        status, (played, _) = replay(EXCERPT, "--host", "127.0.0.1", "--port", str(square.port), "--room", "here")
    assert (status, played["room"], played["archived"], played["lost"]) == (0, "#here", None, 0)
    assert len(square.said()) == played["lines"]


def test_calls_that_make_no_sense_and_servers_that_are_not_there(tmp_path: Path) -> None:
    """2 for the call, 1 and a sentence for the rest."""
    usage = [sys.executable, "-m", "parvis.cli.main", "demo", "replay", str(EXCERPT)]
    for words in (["--speed", "0"], ["--host", "localhost", "--data", "x"], ["--config", "x", "--port", "1"]):
        assert subprocess.run([*usage, *words], capture_output=True, check=False).returncode == 2
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    status, (failed,) = replay(empty)
    assert (status, failed["text"]) == (1, f"{empty} holds no line of a chat that can be played")
    status, (failed,) = replay(EXCERPT, "--host", "127.0.0.1", "--port", "1")
    assert status == 1
    assert failed["text"].startswith("nobody answers at 127.0.0.1:1: ")


# That the check would notice: between clients and server sits somebody who spoils what one of them hears.

Spoil = Callable[[bytes], list[bytes]]
MARK = b"number 4"


class Spoiler:
    """Forwards connections; what the third client hears goes through a hand that is not clean."""

    def __init__(self, port: int, spoil: Spoil) -> None:
        """Stand in front of a port."""
        self._port = port
        self._spoil = spoil
        self._came = 0

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it goes."""
        self._came += 1
        spoiled = self._came == 3
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass(reader, to_server, lambda line: [line]))
            group.create_task(self._pass(from_server, writer, self._spoil if spoiled else lambda line: [line]))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Spoil) -> None:
        try:
            while line := await reader.readline():
                writer.writelines(change(line))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def swapped() -> Spoil:
    """Keep the marked line back until the next one has passed."""
    kept: list[bytes] = []

    def spoil(line: bytes) -> list[bytes]:
        if MARK in line:
            kept.append(line)
            return []
        if kept and b"PRIVMSG" in line:
            return [line, kept.pop()]
        return [line]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda line: [] if MARK in line else [line], "lost"),
        (lambda line: [line, line] if MARK in line else [line], "duplicated"),
        (swapped(), "reordered"),
        (lambda line: [line.replace(MARK, b"number X")], "harmed"),
    ],
    ids=["lost", "duplicated", "reordered", "harmed"],
)
def test_whatever_is_done_to_a_line_is_found(
    tmp_path: Path, spoil: Spoil, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, one member: it is counted once, under the name of what is wrong with it."""
    monkeypatch.setattr("parvis.app.demo.stage.CATCH_UP_TIMEOUT_S", 1.0)
    log = tmp_path / "log.txt"
    said = "".join(f"[10:0{at}] <Ada> number {at}\n" for at in range(10))
    log.write_text(f"=== Ada entered the room.\n=== Bob entered the room.\n{said}[10:10] <Ada> end\n")

    async def play(port: int) -> Played:
        server = await asyncio.start_server(Spoiler(port, spoil).forward, "127.0.0.1", 0)
        async with server:
            venue = Venue("127.0.0.1", server.sockets[0].getsockname()[1], None, None)
            score = await Replay([log], None).play(venue, None, lambda: None)
        return score.played[0]

    with a_square(tmp_path) as square:
        played = asyncio.run(play(square.port))
    counted = {what: getattr(played.tally, what) for what in ("lost", "duplicated", "reordered", "harmed")}
    assert counted == {**dict.fromkeys(counted, 0), found: 1}
    assert not played.is_whole


# The script.


def test_who_was_there_before_the_log_and_who_comes_back() -> None:
    """Whoever speaks without having entered was there; whoever speaks after leaving comes back first."""
    log = read_chatlog(b"[10:00] <Ada> hi\n=== Ada left the room.\n[10:01] <Ada> again\n=== Ada is now known as Eve\n")
    script = script_of(log)
    assert (script.roles, script.present) == (["Ada"], [0])
    assert [type(step.deed).__name__ for step in script.steps] == ["Say", "Leave", "Enter", "Say", "Rename"]
    assert [step.at_s for step in script.steps] == pytest.approx([0, 30, 60, 80, 100])
    assert isinstance(script.steps[2].deed, Enter)


def test_a_log_goes_on_after_midnight_and_never_backwards() -> None:
    """A clock that falls far is a new day; one that falls a little is disorder."""
    log = read_chatlog(b"[23:59] <a> x\n[23:58] <a> x\n[00:01] <a> x\n")
    assert [entry.minute for entry in log.entries] == [1439, 1439, 1441]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("short", ["short"]),
        ("one two three four", ["one two ", "three four"]),
        ("x" * 25, ["x" * 10, "x" * 10, "x" * 5]),
        ("é" * 6, ["é" * 5, "é"]),
        ("abcdefghe\u0301x", ["abcdefgh", "e\u0301x"]),
    ],
)
def test_long_lines_are_cut_behind_words_and_never_inside_a_character(text: str, pieces: list[str]) -> None:
    """Joined again they are what was said."""
    assert split_text(text, 10) == pieces
    assert "".join(pieces) == text


@pytest.mark.parametrize(
    ("name", "any_script", "fit"),
    [
        ("Ada", False, "Ada"),
        ("Zoé", True, "Zoé"),
        ("Zoé", False, "Zo_"),
        ("9lives", True, "_9lives"),
        ("a.b!c", True, "a_b_c"),
        ("ééééé", True, "éééé"),
        ("", True, "_"),
    ],
)
def test_names_are_mended(name: str, any_script: bool, fit: str) -> None:
    """To the grammar and the size that a server takes."""
    assert fit_name(name, 9, any_script=any_script) == fit
