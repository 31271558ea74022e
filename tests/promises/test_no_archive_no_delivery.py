"""Promise 1: whatever anybody saw is in the archive, whole and in order, although the server was killed under load.

Source: DESIGN.md 2, promise 1; ARCHITECTURE.md, "Invariants", 4.
"""

import asyncio
import random
from pathlib import Path
from typing import Final

from tests.promises.seen import PEOPLE, Chatter, checked
from tests.promises.servers import CONFIG, PATIENCE_S, Server

from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.verifying import verify_archive

ROUNDS: Final = 100
LOAD_S: Final = (0.02, 0.45)
"""Shortest and longest time from the first connection to the kill."""
LINES_MIN: Final = 20_000
"""Fewer lines than this were no load worth the name."""


async def a_round(port: int, people: list[Chatter], load_s: float, server: Server) -> None:
    """Let people talk, then kill the server and let them hear what was under way."""
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        for person in people:
            tasks.create_task(person.live(port))
        await asyncio.sleep(load_s)
        server.process.kill()


def test_what_anybody_saw_before_a_kill_is_in_the_archive(tmp_path: Path) -> None:
    """A hundred rounds of kill -9 under load over one data folder, each from a start after the crash before."""
    chance = random.Random(20240625)
    held = 0
    for run in range(1, ROUNDS + 1):
        server = Server(tmp_path, CONFIG)
        try:
            port = server.port()
            people = [Chatter(number, chance, run) for number in range(PEOPLE)]
            asyncio.run(a_round(port, people, chance.uniform(*LOAD_S), server))
        finally:
            server.kill()
        records = [record for record in opened_records(server.data) if record.header.run >= run]
        assert {record.header.run for record in records} == {run}
        for person in people:
            held += checked(person.lines, records)
    assert held > LINES_MIN
    report = verify_archive(tmp_path / "data")
    assert report.problems_total == 0, report.problems
    assert report.runs == ROUNDS
