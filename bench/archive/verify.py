"""How many records a second `parvis archive verify` checks, and what placing them in the log costs.

Run:    python -m bench.archive.verify [records] [folder]
Result: bench/archive/verify.md, bench/archive/log.md

The archive is made first: messages of a hundred rooms in batches of 1000, over as many hours as they take. Then the log
is made of it (CPU of the process, no rest between steps), and all of it is checked as the verb does.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from tests.custodians import a_custodian

from parvis.archive.record import pack_content
from parvis.archive.terms import DAY_MS
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Batch, Outcome, Sealed
from parvis.store.log.folder import LOG_NAME, LogFolder
from parvis.store.log.sequencing import Sequencing
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

BATCH = 1000
ROOMS = [ConversationId(bytes((number,)) * 16) for number in range(1, 101)]
LINE = b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long"


def now_ms() -> int:
    """Give milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def make(folder: Path, records: int) -> None:
    """Seal so many records, as if they had been said in the last three days."""
    began_ms = now_ms() - 3 * DAY_MS
    posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
    archive = SqliteArchive(folder, posted.put, now_ms, make_custodian=a_custodian)
    archive.open(began_ms)
    content = pack_content([], LINE)
    answers: list[Outcome] = []
    for at in range(0, records, BATCH):
        time_ms = began_ms + 1 + at * 3 * DAY_MS // records
        batch = Batch(
            [
                Unsealed(
                    kind=RecordKind.MESSAGE,
                    time_ms=time_ms,
                    author=IdentityId(b"a" * 16),
                    session=SessionId(b"s" * 16),
                    conversation=ROOMS[number % 100],
                    message_id=b"m" * 15,
                    content=content,
                )
                for number in range(BATCH)
            ]
        )
        archive.seal(batch, answers.append)
        posted.get()()
    assert all(isinstance(answer, Sealed) for answer in answers)
    keys = archive.keys
    sealed = SqliteSealed(folder)
    log = Sequencing(LogFolder(folder / LOG_NAME), sealed, keys, now_ms, os.urandom)
    log.begin("bench.example/log")
    log.open()
    cpu, wall = time.process_time(), time.perf_counter()
    while log.advance(sealed.head()):
        pass
    log.sign()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"log: {log.size} records placed and signed: {cpu / log.size * 1e6:.2f} us CPU each, {wall:.1f} s in all")
    archive.close()


def check(folder: Path) -> None:
    """Check it twice: from the disk as it may be, and again."""
    for _ in range(2):
        cpu = _cpu_s()
        wall = time.perf_counter()
        found = verify_archive(folder)
        wall = time.perf_counter() - wall
        assert not found.problems_total, found
        assert all(verdict.matches for verdict in found.checkpoints)
        print(
            f"verify: {found.records} records in {wall:.1f} s, {found.records / wall:,.0f} a second; "
            f"{(_cpu_s() - cpu) / found.records * 1e6:.2f} us CPU each on {os.cpu_count()} cores"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peak_of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"memory: {peak} MB at most here, {peak_of_children} MB in each process apart")


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Make an archive and check it."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        data = Path(folder) / "data"
        make(data, records)
        check(data)


if __name__ == "__main__":
    main()
