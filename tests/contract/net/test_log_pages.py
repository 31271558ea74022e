"""The addresses of the log, asked over HTTP. Source: docs/protocol/log.md; https://c2sp.org/tlog-tiles."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from tests.contract.archive_stages import SqliteStage
from tests.contract.logs import LogStage
from tests.contract.net.square import Square
from tests.rights import NoExports

from parvis.archive.checkpoint import parse_checkpoint, parse_note, parse_verifier_key, verify_note
from parvis.archive.merkle import verify_consistency, verify_inclusion
from parvis.net.http.app import make_app
from parvis.ports.archive import ArchiveError
from parvis.ports.log import PublicLog
from parvis.store.log.public import FileLog


class Asking:
    """Asks the application without a server."""

    def __init__(self, public: PublicLog | None) -> None:
        """Show this log."""
        self._app = make_app(Square(), NoExports(), public)

    def ask(self, path: str, method: str = "GET") -> httpx.Response:
        """Ask, and give the answer."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(cast("Any", self._app), client=("192.0.2.1", 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://chat.example.org") as client:
                return await client.request(method, path)

        return asyncio.run(ask())

    get = ask


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[LogStage]:
    """Make a log of 301 records."""
    made = LogStage(SqliteStage(tmp_path), tmp_path)
    made.grown(300)
    yield made
    made.archive.close()


@pytest.fixture
def client(stage: LogStage) -> Asking:
    """Ask for its pages."""
    return Asking(FileLog(stage.folder, stage.sealed, stage.keys))


def test_a_stranger_checks_the_log_with_what_is_published(client: Asking) -> None:
    """Checkpoint, keys, an inclusion and a consistency proof fit each other."""
    answer = client.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.headers["x-content-type-options"] == "nosniff"
    note = parse_note(answer.content)
    keys = [parse_verifier_key(key["vkey"]) for key in client.get("/log/keys").json()["keys"]]
    assert verify_note(note, keys) == keys
    newest = parse_checkpoint(note.text)
    assert newest.size == 301
    for query in ("index=299", "number=1/300"):
        proof = client.get(f"/log/inclusion?{query}&size=301").json()
        steps = [b64decode(step) for step in proof["proof"]]
        assert (proof["index"], proof["size"]) == (299, 301)
        verify_inclusion(299, 301, b64decode(proof["leaf_hash"]), steps, newest.root)
    proof = client.get("/log/consistency?from=301&to=301").json()
    verify_consistency(301, 301, proof["proof"], newest.root, newest.root)
    assert client.get("/log/consistency?from=7").json()["to"] == 301


def test_tiles_are_bytes_and_full_ones_stay_in_caches(client: Asking) -> None:
    """Source: tlog-tiles, "Merkle Tree"."""
    full = client.get("/log/tile/0/000")
    assert (full.status_code, len(full.content)) == (200, 8192)
    assert full.headers["content-type"] == "application/octet-stream"
    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/log/tile/0/001.p/45").headers["cache-control"] == "public, max-age=5"
    assert len(client.get("/log/tile/0/001.p/3").content) == 96
    assert len(client.get("/log/tile/1/000.p/1").content) == 32
    assert client.ask("/log/tile/0/000", "HEAD").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/log/tile/0/002", 404),
        ("/log/tile/0/001.p/46", 404),
        ("/log/tile/0/0", 404),
        ("/log/tile/0/000.p/0", 404),
        ("/log/tile/0/../../keys.json", 404),
        ("/log/tile/..%2f..%2fkeys.json", 404),
        ("/log/tile/%2e%2e/%2e%2e/%2e%2e/keys.json", 404),
        ("/log/tile/entries/000", 404),
        ("/log/timestamp", 404),
        ("/log/inclusion", 400),
        ("/log/inclusion?index=1&number=1/1", 400),
        ("/log/inclusion?index=-1", 400),
        ("/log/inclusion?index=01", 400),
        ("/log/inclusion?index=1&index=2", 400),
        ("/log/inclusion?index=1&more=1", 400),
        ("/log/inclusion?index=99999999999999999999", 400),
        ("/log/inclusion?number=1", 400),
        ("/log/inclusion?number=1/0", 400),
        ("/log/inclusion?number=9/1", 404),
        ("/log/inclusion?index=301", 404),
        ("/log/inclusion?index=1&size=302", 404),
        ("/log/consistency", 400),
        ("/log/consistency?from=x", 400),
        ("/log/consistency?from=0", 404),
        ("/log/consistency?from=302", 404),
        ("/log/consistency?from=9&to=8", 404),
    ],
)
def test_other_questions_are_answered_in_words(client: Asking, path: str, status: int) -> None:
    """What is of a wrong form with 400, what is not there with 404; never from outside the log."""
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.text.endswith(".\n")
    assert "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_nothing_is_written_over_http(client: Asking) -> None:
    """The log is read."""
    assert client.ask("/log/checkpoint", "POST").status_code == 405
    assert client.ask("/log/tile/0/000", "PUT").status_code == 405


def test_a_server_without_a_log_says_so() -> None:
    """One whose archive is in memory."""
    answer = Asking(None).get("/log/checkpoint")
    assert answer.status_code == 404
    assert "has no log" in answer.text


def test_a_log_that_cannot_be_read_is_a_fault_of_ours(stage: LogStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page does not say more than that."""
    public = FileLog(stage.folder, stage.sealed, stage.keys)

    def fails(_self: FileLog) -> bytes:
        raise ArchiveError("the database /somewhere cannot be read")

    monkeypatch.setattr(FileLog, "checkpoint", fails)
    answer = Asking(public).get("/log/checkpoint")
    assert answer.status_code == 503
    assert "somewhere" not in answer.text
