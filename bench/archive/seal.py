"""What sealing costs: records per second and CPU per record at each size of a batch, beside plain rows; and by step.

Run:    python -m bench.archive.seal [rounds]
Result: bench/archive/seal.md

CPU is that of the whole process (writer thread, hand-over and system calls included); wall time of a batch is from
handing it over to its answer. Plain rows are the same lines in a table with clear columns, in the same store, under the
same policy: one transaction per batch, written ahead, synced at each commit, by the thread that asks.
"""

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from statistics import median

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.custodians import a_custodian

from parvis.archive.content_keys import hour_of, new_content_key, wrap_for_custodians, wrap_visible
from parvis.archive.record import HEADER_V1, VERSION, VERSION_BYTE, pack_content
from parvis.archive.terms import TermKind, new_term_key
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Archive, Batch, Outcome, Sealed
from parvis.store.memory import MemoryArchive
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import connect, connect_writer, uri_of

BATCHES = (1, 10, 32, 100, 800, 1000)
LINE = b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long"
PAGES_BETWEEN_CHECKPOINTS = 1000


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


def measure(name: str, act: Callable[[Batch], None], rounds: int) -> None:
    """Print what batches of each size cost, medians over their rounds."""
    for count in BATCHES:
        cpu_us, wall_us = [], []
        for _ in range(rounds if count < 800 else max(rounds // 10, 5)):
            batch = a_batch(count)
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            act(batch)
            wall_us.append((time.perf_counter_ns() - wall) / 1000)
            cpu_us.append((time.process_time_ns() - cpu) / 1000)
        mean = sum(cpu_us) / len(cpu_us) / count
        print(
            f"{name:7} batch {count:4}: {median(cpu_us) / count:7.2f} us CPU per record "
            f"(mean with checkpoints {mean:.2f}), batch answered after {median(wall_us):.0f} us, "
            f"{1e6 * count * len(wall_us) / sum(wall_us):.0f} records/s"
        )


def sealing_in(archive: Archive, wait: Callable[[], None]) -> Callable[[Batch], None]:
    """Seal a batch and wait for its answer."""

    def act(batch: Batch) -> None:
        answers: list[Outcome] = []
        archive.seal(batch, answers.append)
        wait()
        assert isinstance(answers[0], Sealed)

    return act


class PlainRows:
    """The same lines in clear, in a table of their own."""

    def __init__(self, path: Path) -> None:
        """Make the table."""
        connect(uri_of(path, "rwc")).close()
        self._connection = connect_writer(path, connect)
        self._connection.execute(
            "CREATE TABLE lines (id INTEGER PRIMARY KEY, kind INTEGER, time_ms INTEGER, author BLOB, session BLOB,"
            " conversation BLOB, message_id BLOB, line BLOB)"
        )
        self._pages = 0

    def act(self, batch: Batch) -> None:
        """Write a batch."""
        rows = [
            (each.kind, each.time_ms, each.author, each.session, each.conversation, each.message_id, each.content)
            for each in batch.records
        ]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO lines (kind, time_ms, author, session, conversation, message_id, line)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._connection.execute("COMMIT")
        self._pages += 2 + 200 * len(rows) // 4096
        if self._pages >= PAGES_BETWEEN_CHECKPOINTS:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._pages = 0


def step(name: str, act: Callable[[], object], times: int) -> None:
    """Print what one step costs, the median of five rows of it."""
    took = []
    for _ in range(5):
        cpu = time.process_time_ns()
        for _ in range(times):
            act()
        took.append((time.process_time_ns() - cpu) / 1000 / times)
    print(f"  {name:42} {median(took):8.2f} us")


def steps() -> None:
    """Print what each step of sealing costs by itself."""
    key, nonce, salt = AESGCM(os.urandom(32)), os.urandom(12), os.urandom(32)
    content, ids = pack_content([], LINE), (b"a" * 16, b"s" * 16, b"c" * 16, b"k" * 16)
    header = HEADER_V1.pack(VERSION, RecordKind.MESSAGE, 0, 1, 1, now_ms(), *ids, b"m" * 15)
    ciphertext = nonce + key.encrypt(nonce, content, header)
    print("per record:")
    step("random bytes for a hundred records (all)", lambda: os.urandom(4400), 2000)
    step("header", lambda: HEADER_V1.pack(VERSION, RecordKind.MESSAGE, 0, 1, 1, 1, *ids, b"m" * 15), 20_000)
    step("encryption", lambda: nonce + key.encrypt(nonce, content, header), 20_000)
    step(
        "leaf: two hashes",
        lambda: VERSION_BYTE + sha256(salt + header).digest() + sha256(ciphertext).digest(),
        20_000,
    )
    rows = sqlite3.connect(":memory:", isolation_level=None)
    rows.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, header BLOB, salt BLOB, ciphertext BLOB, leaf BLOB)")
    values = [value for _ in range(64) for value in (None, header, salt, ciphertext, bytes(65))]
    insert = "INSERT INTO records VALUES " + ", ".join(["(?, ?, ?, ?, ?)"] * 64)
    step("row: 64 in one statement, no disk (all 64)", lambda: rows.execute(insert, values), 200)
    print("per content key (a conversation, an hour):")
    made = new_content_key(ConversationId(b"c" * 16), hour_of(now_ms()), 1, os.urandom)
    term = new_term_key(TermKind.ROOMS, 1, 0, os.urandom)
    custodian = a_custodian()
    step("visible wrap", lambda: wrap_visible(made, term, nonce), 5000)
    step("custodians' wrap", lambda: wrap_for_custodians(made, custodian, term, nonce), 500)


def main() -> None:
    """Measure both adapters, plain rows, and the steps."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    memory = MemoryArchive()
    memory.open(now_ms())
    measure("memory", sealing_in(memory, lambda: None), rounds)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        sqlite = SqliteArchive(Path(folder) / "data", posted.put, now_ms, make_custodian=a_custodian)
        sqlite.open(now_ms())

        def answered() -> None:
            posted.get()()

        measure("sqlite", sealing_in(sqlite, answered), rounds)
        sqlite.close()
        measure("plain", PlainRows(Path(folder) / "plain.db").act, rounds)
    steps()


if __name__ == "__main__":
    main()
