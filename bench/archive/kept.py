"""What a value that lasts costs to write and to read, sealed, in a database in memory: the statement included.

Run:    python -m bench.archive.kept
Result: bench/archive/kept.md
"""

import sqlite3
import time
from collections.abc import Callable

from parvis.model.ids import ConversationId, IdentityId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom
from parvis.store.memory import MemoryKeys
from parvis.store.sqlite.database import lay_schema
from parvis.store.sqlite.kept import all_kept, put
from parvis.store.sqlite.kept_seal import KeptSeal
from parvis.store.sqlite.rooms import put_room

ROUNDS = 7
CALLS = 20_000
VALUES = 100_000
VALUE = bytes(300)


def cpu_us(connection: sqlite3.Connection, call: Callable[[], None]) -> float:
    """Measure one call, the best of several rounds."""
    best = float("inf")
    connection.execute("BEGIN")
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(CALLS):
            call()
        best = min(best, (time.process_time_ns() - began) / CALLS / 1000)
    connection.execute("COMMIT")
    return best


def main() -> None:
    """Measure writing one value, one room, and reading very many values."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    lay_schema(connection)
    seal = KeptSeal(MemoryKeys())
    value = Keep(KeptKind.ACCOUNT, b"a" * 16, VALUE)
    room = KeptRoom(
        id=ConversationId(b"r" * 16), name="#nave", owner=IdentityId(b"o" * 16), created_at_ms=1, topic="t" * 100
    )
    row_id = seal.row_id(value.kind, value.id)
    print(f"sealing a value alone: {cpu_us(connection, lambda: _seal(seal, value, row_id)):.2f} us")
    print(f"writing a value: {cpu_us(connection, lambda: put(connection, seal, value)):.2f} us")
    print(f"writing a room:  {cpu_us(connection, lambda: put_room(connection, seal, room)):.2f} us")
    connection.execute("BEGIN")
    for number in range(VALUES):
        put(connection, seal, Keep(KeptKind.ACCOUNT, number.to_bytes(16), VALUE))
    connection.execute("COMMIT")
    began = time.process_time()
    all_kept(connection, seal)
    print(f"reading {VALUES} values: {time.process_time() - began:.2f} s")


def _seal(seal: KeptSeal, value: Keep, row_id: bytes) -> None:
    seal.seal_value(row_id, value.kind, value.id, VALUE)


if __name__ == "__main__":
    main()
