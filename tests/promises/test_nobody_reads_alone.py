"""Openings from end to end: a real server, real programs of custodians, and whoever asked reads.

Source: DESIGN, "Promises", 2; docs/handbook/custodian.md, "An opening"; docs/adr/0022-openings.md.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from tests.client import Client
from tests.server import serving

WAIT_S: Final = 120.0
"""A bound on waiting for programs, not a measure."""
SAID: Final = "meet me behind the mill"
SECRET: Final = "a word between two"


def parvis(*words: str | Path, stdin: str = "", status: int = 0) -> list[dict[str, Any]]:
    """Run a verb with --json, in a process of its own; give its lines."""
    done = subprocess.run(
        _command(*words, "--json"),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env=_clean(),
        check=False,
    )
    assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def _command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "parvis.cli.main", *map(str, words)]


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}


class Opening:
    """The program that opens, while custodians give their shares."""

    def __init__(self, folder: Path, *words: str) -> None:
        """Start it."""
        self.folder = folder
        self.process = subprocess.Popen(
            _command("custodian", "open", folder, *words, "--json"), stdout=subprocess.PIPE, text=True, env=_clean()
        )
        assert self.process.stdout is not None
        self.lines = self.process.stdout
        self.waiting = self.next()

    def next(self) -> dict[str, Any]:
        """Give what it tells next."""
        line: dict[str, Any] = json.loads(self.lines.readline())
        return line

    def end(self, status: int = 0) -> list[dict[str, Any]]:
        """Wait for its end; give what it told until then."""
        with self.lines:
            rest = [json.loads(line) for line in self.lines]
        assert self.process.wait(WAIT_S) == status, rest
        return rest


class Case:
    """A server with five custodians, two people who have spoken, and whoever asks."""

    def __init__(self, folder: Path, shares: list[str]) -> None:
        """Keep what was made."""
        self.folder = folder
        self.config = folder / "parvis.toml"
        self.data = folder / "data"
        self.shares = shares
        self.key = folder / "requester"
        self.server: tuple[str | Path, ...] = ("--config", self.config, "--data", self.data)

    def request(self, *words: str | Path, status: int = 0) -> dict[str, Any]:
        """Ask for an opening of the last hour."""
        begin = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="milliseconds")
        asking = (*words, "--from", begin, "--requester", "A. Judge", "--requester-key", f"{self.key}.pub")
        known: tuple[str, ...] = () if "--ground" in words else ("--ground", "judicial-order")
        (done,) = parvis(
            "archive", "opening", "request", *self.server, *known, *asking, "--reference", "26/117", status=status
        )
        return done

    def do(self, verb: str, *words: str | Path, status: int = 0) -> dict[str, Any]:
        """Have the server do a step."""
        (done,) = parvis("archive", "opening", verb, *self.server, *words, status=status)
        return done

    def carried(self, exported: dict[str, Any], name: str = "stick") -> Path:
        """Carry the export to where custodians meet."""
        stick = self.folder / name
        subprocess.run(["cp", "-r", exported["folder"], str(stick)], check=True)
        return stick

    def grant(self, folder: Path, share: int, status: int = 0) -> dict[str, Any]:
        """Have a custodian grant."""
        (done,) = parvis("custodian", "grant", folder, "--yes", stdin=self.shares[share - 1], status=status)
        return done

    def read(self, folder: Path, released: dict[str, Any], *words: str | Path, status: int = 0) -> list[dict[str, Any]]:
        """Read a result as whoever asked."""
        reading = ("archive", "opening", "read", folder, "--key", self.key, "--release", "-")
        (done,) = parvis(*reading, *words, stdin=json.dumps(released), status=status)
        if status:
            return []
        return [json.loads(line) for line in (Path(done["folder"]) / "records.jsonl").read_text().splitlines()]

    def log(self) -> list[str]:
        """Give what the audit tells, in order; its records are the server's to read."""
        from parvis.model.records import RecordKind
        from parvis.store.sqlite.reader import opened_records

        records = [each for each in opened_records(self.data) if each.header.kind is RecordKind.AUDIT]
        told = [json.loads(each.line)["what"] for each in records]
        return [what for what in told if what.startswith("opening")]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """Run a server with a key of five shares, three of which open, and have people speak."""
    with serving(tmp_path) as server:
        words = tmp_path / "shares"
        words.mkdir()
        place = ("--config", tmp_path / "parvis.toml", "--data", tmp_path / "data")
        parvis("custodian", "init", "--shares", "5", "--threshold", "3", "--out", words, *place)
        shares = [path.read_text() for path in sorted(words.iterdir())]
        assert len(shares) == 5
        parvis("archive", "opening", "keygen", "--out", tmp_path / "requester")
        with Client(server.port) as alice, Client(server.port) as bob, Client(server.port) as carol:
            for client, nick in ((alice, "alice"), (bob, "bob"), (carol, "carol")):
                client.enter(nick)
                client.send(f"REGISTER * * a-long-password-of-{nick}")
                client.until("REGISTER")
            for client in (alice, bob, carol):
                client.join("#mill")
            alice.send(f"PRIVMSG #mill :{SAID}", f"PRIVMSG bob :{SECRET}")
            bob.send("PRIVMSG #mill :not me", "PRIVMSG alice :and an answer")
            carol.send("PRIVMSG #mill :hello all", "PRIVMSG bob :what others wrote")
            for client in (alice, bob, carol):
                client.sync()
            yield Case(tmp_path, shares)


def test_a_quorum_opens_what_was_asked_and_whoever_asked_reads_it_after_the_log(case: Case) -> None:
    """Three of five; one refuses; nothing but what an account wrote and its private conversations comes out."""
    asked = case.request("--account", "alice", "--vault")
    assert case.log() == ["opening-requested"]
    assert asked["not_before_ms"] == asked["asked_ms"]
    exported = case.do("export", asked["opening"])
    assert case.log() == ["opening-requested", "opening-exported"]
    stick = case.carried(exported)
    sealed = b"".join(path.read_bytes() for path in stick.iterdir())
    assert SAID.encode() not in sealed
    assert SECRET.encode() not in sealed
    opening = Opening(stick, "--wait", "2m", "--digest", exported["digest"])
    assert opening.waiting["digest"] == exported["digest"]
    assert case.grant(stick, 1)["fingerprint"] == opening.waiting["fingerprint"]
    assert opening.next()["event"] == "granted"
    parvis("custodian", "refuse", stick, "--reason", "the span is too long", "--share", "5")
    assert opening.next()["event"] == "refused"
    case.grant(stick, 1)
    doubled = opening.next()
    assert (doubled["event"], "second time" in doubled["text"]) == ("not-counted", True)
    (stick / "grant-forged.sealed").write_bytes(b"\x01" + bytes(1700))
    assert "not for this session" in opening.next()["text"]
    case.grant(stick, 4)
    case.grant(stick, 2)
    told = opening.end()
    assert told[-1]["event"] == "opened"
    assert sorted(path.name for path in stick.iterdir()) == [
        *("proceedings.json", "request.json", "result.sealed", "sealed.bin")
    ], "shares and sessions are forgotten"
    left = b"".join(path.read_bytes() for path in stick.iterdir())
    assert SAID.encode() not in left
    # Nothing is released before the proceedings are in the log.
    assert "nothing to release" in case.do("release", asked["opening"], status=1)["text"]
    case.do("record", stick)
    opened = ["opening-granted"] * 3 + ["opening-refused", "opening-opened"]
    assert case.log()[2:] == opened
    # The requester's key alone opens nothing, nor does another release.
    case.read(stick, {"request": asked["digest"], "release": "00" * 32}, status=1)
    released = case.do("release", asked["opening"])
    assert case.log()[2:] == [*opened, "opening-read"]
    records = case.read(stick, released, "--out", case.folder / "read")
    lines = [record["line"] for record in records]
    assert any(SAID in line for line in lines)
    assert any(SECRET in line for line in lines)
    assert any("and an answer" in line for line in lines), "her private conversation is whole"
    assert not any(word in line for line in lines for word in ("not me", "hello all", "what others wrote"))
    assert all(record["leaf_matches"] for record in records)
    manifest = json.loads((case.folder / "read" / "manifest.json").read_text())
    assert manifest["records"] == len(records) == manifest["leaves_verified"]
    assert sorted(manifest["shares"]) == [1, 2, 4]
    found = [json.loads(line) for line in (case.folder / "read" / "identification.jsonl").read_text().splitlines()]
    assert {each["address"] for each in found if each["what"] == "connection"} == {"127.0.0.1"}
    assert sum(each["what"] == "connection" for each in found) == 1, "hers alone"
    mode = {path.stat().st_mode & 0o777 for path in (case.folder / "read").iterdir()}
    assert mode == {0o600}
    # Each reading is in the log, and after the end there is none.
    case.do("release", asked["opening"])
    assert case.log()[-2:] == ["opening-read"] * 2
    case.do("end", asked["opening"])
    assert case.log()[-1] == "opening-ended"
    assert not Path(exported["folder"]).exists()
    case.do("release", asked["opening"], status=1)
    assert parvis("archive", "opening", "list", *case.server) == []


def test_below_the_threshold_nothing_opens_and_the_program_ends_in_its_time(case: Case) -> None:
    """Two of three shares, and a foreign one; the proceedings say so, and custodians may meet again."""
    asked = case.request("--room", "#mill")
    exported = case.do("export", asked["opening"])
    stick = case.carried(exported)
    began = time.monotonic()
    opening = Opening(stick, "--wait", "20s")
    case.grant(stick, 1)
    case.grant(stick, 2)
    foreign = case.folder / "data" / "custodian-share.txt"
    if foreign.exists():
        parvis("custodian", "grant", stick, "--yes", stdin=foreign.read_text(), status=1)
    told = opening.end(status=1)
    assert time.monotonic() - began < 60
    assert "2 of the 3 shares" in told[-1]["text"]
    assert not (stick / "result.sealed").exists()
    recorded = case.do("record", stick)
    assert recorded["opened"] is None
    assert case.log()[2:] == ["opening-granted", "opening-granted", "opening-failed"]
    case.do("release", asked["opening"], status=1)
    # The shares of the first session open nothing in the second.
    again = Opening(stick, "--wait", "2m")
    for share in (3, 4, 5):
        case.grant(stick, share)
    assert again.end()[-1]["event"] == "opened"
    case.do("record", stick)
    records = case.read(stick, case.do("release", asked["opening"]))
    lines = [record["line"] for record in records]
    assert any(SAID in line for line in lines)
    assert any("hello all" in line for line in lines)
    assert not any(SECRET in line for line in lines), "a room is not what its people wrote in private"


def test_when_too_many_refuse_it_ends_at_once_and_when_stopped_it_says_so(case: Case) -> None:
    """Three refusals of five leave no quorum. A program that is stopped leaves proceedings and no shares."""
    exported = case.do("export", case.request("--room", "#mill")["opening"])
    stick = case.carried(exported)
    opening = Opening(stick, "--wait", "10m")
    for share in ("1", "2", "3"):
        parvis("custodian", "refuse", stick, "--reason", "no ground", "--share", share)
    assert "3 of 5 custodians refused" in opening.end(status=1)[-1]["text"]
    case.do("record", stick)
    other = case.carried(exported, "other")
    stopped = Opening(other, "--wait", "10m")
    case.grant(other, 1)
    assert stopped.next()["event"] == "granted"
    stopped.process.send_signal(signal.SIGTERM)
    stopped.end(status=1)
    assert sorted(path.name for path in other.iterdir()) == ["proceedings.json", "request.json", "sealed.bin"]
    assert "stopped by hand" in case.do("record", other)["why"]


def test_what_was_changed_on_its_way_is_refused(case: Case) -> None:
    """Another request, another digest, another session: each is told, and no share is given."""
    asked = case.request("--account", "alice", "--written-only")
    exported = case.do("export", asked["opening"])
    stick = case.carried(exported)
    (refused,) = parvis("custodian", "open", stick, "--digest", "00" * 32, status=1)
    assert "not the export that the log tells of" in refused["text"]
    wider = (stick / "request.json").read_bytes().replace(b'"vault":false', b'"vault":true')
    opening = Opening(stick, "--wait", "5s")
    (stick / "request.json").write_bytes(wider)
    (refused,) = parvis("custodian", "grant", stick, "--yes", stdin=case.shares[0], status=1)
    assert "another" in refused["text"]
    opening.end(status=1)
    (stick / "proceedings.json").unlink()
    # A request that was changed before the session is another request: the server knows no such.
    changed = Opening(stick, "--wait", "5m")
    for share in (1, 2, 3):
        case.grant(stick, share)
    assert changed.end()[-1]["event"] == "opened"
    assert "no opening that this server knows" in case.do("record", stick, status=1)["text"]
    (stick / "sealed.bin").write_bytes((stick / "sealed.bin").read_bytes()[:-1])
    (refused,) = parvis(
        "custodian", "open", case.carried(exported, "third"), "--digest", exported["digest"], "--wait", "1s", status=1
    )[-1:]
    assert "time to wait is over" in refused["text"]
