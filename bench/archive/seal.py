"""How much CPU a sealed record costs, in batches of 1, 32 and 800: in memory, and in SQLite with its commit.

Run:    python bench/archive/seal.py [rounds]
Result: bench/archive/seal.md

CPU is that of the whole process (writer thread, hand-over and system calls included); wall time of a batch is from
handing it over to its answer.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from statistics import median

from tests.custodians import a_custodian

from parvis.archive.record import pack_content
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Archive, Batch, Outcome, Sealed
from parvis.store.memory import MemoryArchive
from parvis.store.sqlite.archive import SqliteArchive

BATCHES = (1, 32, 800)
LINE = b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long"


def now_ms() -> int:
    """Give milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def a_batch(count: int) -> Batch:
    """Make a batch of messages in two rooms."""
    time_ms = now_ms()
    content = pack_content([], LINE)
    return Batch(
        [
            Unsealed(
                kind=RecordKind.MESSAGE,
                time_ms=time_ms,
                author=IdentityId(b"a" * 16),
                session=SessionId(b"s" * 16),
                conversation=ConversationId(b"12"[number & 1 : (number & 1) + 1] * 16),
                message_id=b"m" * 15,
                content=content,
            )
            for number in range(count)
        ],
        [],
    )


def measure(name: str, archive: Archive, wait: Callable[[], None], rounds: int) -> None:
    """Print what batches of each size cost, medians over their rounds."""
    answers: list[Outcome] = []
    for count in BATCHES:
        cpu_us, wall_us = [], []
        for _ in range(rounds if count < 800 else max(rounds // 10, 5)):
            batch = a_batch(count)
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            archive.seal(batch, answers.append)
            wait()
            wall_us.append((time.perf_counter_ns() - wall) / 1000)
            cpu_us.append((time.process_time_ns() - cpu) / 1000)
        mean = sum(cpu_us) / len(cpu_us) / count
        print(
            f"{name:7} batch {count:4}: {median(cpu_us) / count:7.2f} us CPU per record "
            f"(mean with checkpoints {mean:.2f}), batch answered after {median(wall_us):.0f} us"
        )
    assert all(isinstance(answer, Sealed) for answer in answers)


def main() -> None:
    """Measure both adapters."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    memory = MemoryArchive()
    memory.open(now_ms())
    measure("memory", memory, lambda: None, rounds)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        sqlite = SqliteArchive(Path(folder) / "data", posted.put, now_ms, make_custodian=a_custodian)
        sqlite.open(now_ms())

        def answered() -> None:
            posted.get()()

        measure("sqlite", sqlite, answered, rounds)
        sqlite.close()


if __name__ == "__main__":
    main()
