"""The log of a real server: signed when it stops, and a start that refuses. Source: docs/adr/0023-the-log.md."""

import sqlite3
from pathlib import Path

from tests.promises.servers import running

from parvis.archive.checkpoint import Checkpoint, parse_checkpoint, parse_note, verify_note
from parvis.store.keyfile import KeyFile
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive


def published(data: Path) -> Checkpoint:
    """Read the checkpoint of a data folder as a stranger does."""
    note = parse_note((data / "log/checkpoint").read_bytes())
    verify_note(note, [key.verifier for key in KeyFile(data / "keys.json").log_keys()])
    return parse_checkpoint(note.text)


def test_a_server_that_stops_has_signed_everything(tmp_path: Path) -> None:
    """Under its name, and the next run goes on with the same log."""
    sizes = []
    for _ in range(2):
        with running(tmp_path) as server:
            server.port()
            assert server.terminate() == 0, server.complaints()
        newest = published(server.data)
        assert newest.origin == "square.test/log"
        assert newest.size == sum(count for _, count in SqliteSealed(server.data).runs())
        sizes.append(newest.size)
    assert sizes[0] < sizes[1]
    assert verify_archive(server.data).problems_total == 0


def test_an_archive_that_was_cut_off_is_left_as_it_is(tmp_path: Path) -> None:
    """The server does not start, writes nothing, and says where and what to do."""
    for _ in range(2):
        with running(tmp_path) as server:
            server.port()
            assert server.terminate() == 0, server.complaints()
    rows = sqlite3.connect(server.data / "parvis.db", isolation_level=None)
    rows.execute("DELETE FROM records WHERE id >> 40 = 2")
    rows.close()
    before = (server.data / "parvis.db").read_bytes()
    with running(tmp_path) as server:
        assert server.ended() == 1
    last = server.complaints().splitlines()[-1]
    assert last.startswith("Parvis cannot start: the archive holds 2 records and its last checkpoint was signed over 3")
    assert "parvis archive verify" in last
    assert (server.data / "parvis.db").read_bytes() == before
