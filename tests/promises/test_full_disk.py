"""Promise 1 on a full disk: acts are refused, connections stay, nothing is shown that is not kept, and it goes on.

The disk is full for the server alone: its files may grow no further (RLIMIT_FSIZE), and may again later. That goes
for its log as well.

Source: DESIGN.md 2, promises 1 and 4; ARCHITECTURE.md, "Invariants", 5.
"""

import resource
import time
from pathlib import Path
from threading import Event

import pytest
from tests.custodians import a_custodian
from tests.promises.seen import checked
from tests.promises.servers import CONFIG, PATIENCE_S, Hearer, Server, eventually, running

from parvis.ports.archive import Batch
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.verifying import verify_archive

ROOM = "#quai"


def files_may_hold(server: Server, size: int) -> None:
    """Let no file of the server grow beyond a size."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("room_bytes", [None, 20_000], ids=["no byte", "a few pages"])
def test_a_full_disk_refuses_and_recovers(tmp_path: Path, room_bytes: int | None) -> None:
    """A server whose files cannot grow, and then can again."""
    with running(tmp_path) as server:
        port = server.port()
        with Hearer(port, "anna") as anna, Hearer(port, "bert") as bert, Hearer(port, "carl") as carl:
            people = (anna, bert, carl)
            for person in (anna, bert):
                person.says(f"JOIN {ROOM}")
                person.waits_for(" 366 ")
            anna.says(f"PRIVMSG {ROOM} :before")
            bert.waits_for(":before")
            log_bytes = (server.data / "parvis.db-wal").stat().st_size
            files_may_hold(server, 0 if room_bytes is None else log_bytes + room_bytes)
            anna.says(*(f"PRIVMSG {ROOM} :{number} {'x' * 300}" for number in range(200)))
            # With a little room left the log may be written back and begin anew, so that more is needed to fill it.
            anna.waits_for(" FAIL PRIVMSG ARCHIVE_UNAVAILABLE ", f"PRIVMSG {ROOM} :more {'y' * 300}")
            carl.waits_for(" PONG ", "PING 1")
            if room_bytes is None:
                heard = len(bert.lines)
                time.sleep(0.6)
                assert len(bert.lines) == heard
                assert not bert.heard(":0 x")
                carl.waits_for(" FAIL JOIN ARCHIVE_UNAVAILABLE ", "JOIN #autre")
            files_may_hold(server, resource.RLIM_INFINITY)
            eventually(lambda: anna.heard(":after"), lambda: bert.says(f"PRIVMSG {ROOM} :after"))
            assert bert.heard(":199 x")
            assert server.terminate() == 0
            for person in people:
                person.waits_for("ERROR ")
    records = list(opened_records(server.data))
    assert sum(checked(person.lines, records) for person in people) > 200
    assert verify_archive(server.data).problems_total == 0


def test_a_server_ends_in_time_while_the_disk_is_full(tmp_path: Path) -> None:
    """What could not be sealed is shown to nobody; everybody is told, and the next start finds all that was seen."""
    config = CONFIG.replace("[[listen]]", "drain_timeout_s = 1\n\n[[listen]]")
    with running(tmp_path, config) as server:
        port = server.port()
        with Hearer(port, "anna") as anna, Hearer(port, "bert") as bert:
            for person in (anna, bert):
                person.says(f"JOIN {ROOM}")
                person.waits_for(" 366 ")
            anna.says(f"PRIVMSG {ROOM} :before")
            bert.waits_for(":before")
            files_may_hold(server, 0)
            anna.says(f"PRIVMSG {ROOM} :never")
            bert.waits_for(" FAIL AWAY ARCHIVE_UNAVAILABLE ", "AWAY :now")
            assert server.terminate() == 0
            for person in (anna, bert):
                person.waits_for("ERROR :Closing link: the server is stopping")
                assert not person.heard(":never")
    with running(tmp_path) as server:
        server.port()
        assert server.terminate() == 0
    records = list(opened_records(server.data))
    assert checked(bert.lines, records) == 2
    assert verify_archive(server.data).problems_total == 0


def test_a_batch_of_nothing_asks_the_disk(tmp_path: Path) -> None:
    """When every text was refused, an empty batch finds out whether the disk takes anything again: so it writes."""
    answered = Event()
    archive = SqliteArchive(
        tmp_path / "data", lambda call: call(), lambda: time.time_ns() // 1_000_000, make_custodian=a_custodian
    )
    archive.open(time.time_ns() // 1_000_000)
    log = tmp_path / "data" / "parvis.db-wal"
    before = log.stat().st_size
    archive.seal(Batch([], []), lambda _outcome: answered.set())
    assert answered.wait(PATIENCE_S)
    assert log.stat().st_size > before
    archive.close()
