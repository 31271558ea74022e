"""Ending a term over many records of one day while paced messages are sealed: what the messages feel.

Run:    python -m bench.archive.terms [records] [messages per second]
Result: bench/archive/terms.md

Messages go through a turn, as those of the chat do; their latency is from being decided to being durable. It is
measured first with nothing else going on, then while the term ends, in one run over one archive.
"""

import asyncio
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import quantiles

from tests.custodians import a_custodian

from parvis.app.clock import LoopClock
from parvis.app.journal import LoopJournal
from parvis.app.keeping import Stop
from parvis.archive.record import pack_content
from parvis.archive.terms import DAY_MS, HOUR_MS, YEAR_MS
from parvis.chat.turn import Turn
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.terms import Ended, TermEnder
from parvis.net.fanout import fan_out
from parvis.ports.archive import Batch, Outcome, Sealed
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.sealed import SqliteSealed

ROOMS = 50
BATCH = 800
LINE = b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long"


def a_message(room: int, time_ms: int) -> Unsealed:
    """Make a message in one of the rooms."""
    return Unsealed(
        kind=RecordKind.MESSAGE,
        time_ms=time_ms,
        author=IdentityId(b"a" * 16),
        session=SessionId(b"s" * 16),
        conversation=ConversationId(b"%016d" % room),
        message_id=b"m" * 15,
        content=pack_content([], LINE),
    )


def grow(folder: Path, records: int, midnight_ms: int) -> None:
    """Seal the records of one whole day that is over."""
    now = [midnight_ms]
    answers: list[Outcome] = []

    def answered(outcome: Outcome) -> None:
        answers.append(outcome)

    archive = SqliteArchive(folder, lambda call: call(), lambda: now[0], make_custodian=a_custodian)
    archive.open(midnight_ms)
    for first in range(0, records, BATCH):
        now[0] = midnight_ms + first * (DAY_MS - HOUR_MS) // records
        archive.seal(Batch([a_message(number % ROOMS, now[0]) for number in range(first, first + BATCH)]), answered)
        while len(answers) * BATCH <= first:
            time.sleep(0.0001)
    archive.close()
    assert all(isinstance(answer, Sealed) for answer in answers)


async def paced(turn: Turn, per_second: int, stop: asyncio.Event) -> list[float]:
    """Seal messages at an even pace until told to stop; give the latencies in milliseconds."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    at_s = loop.time()

    def durable(began_s: float) -> None:
        latencies.append(time.perf_counter() - began_s)

    while not stop.is_set():
        turn.write([a_message(0, 0)], (), (), partial(durable, time.perf_counter()))
        at_s += 1 / per_second
        await asyncio.sleep(max(0.0, at_s - loop.time()))
    await asyncio.sleep(0.5)
    return [latency * 1000 for latency in latencies]


def told(name: str, latencies: list[float]) -> str:
    """Write one row of the result."""
    cuts = quantiles(latencies, n=1000, method="inclusive")
    row = (cuts[499], cuts[989], cuts[998], max(latencies))
    return f"| {name} | {len(latencies)} | " + " | ".join(f"{each:.2f}" for each in row) + " |"


def memory_mb() -> float:
    """Give the most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(folder: Path, per_second: int, ends_ms: int) -> None:
    """Measure both phases and print them."""
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    archive = SqliteArchive(folder, loop.call_soon_threadsafe, clock.now_ms)
    opened = archive.open(clock.now_ms())
    turn = Turn(archive, clock, fan_out, print)
    turn.follow(opened)
    journal, sealed = LoopJournal(loop, turn), SqliteSealed(folder)
    ender = TermEnder(journal, sealed, archive.keys, AbsenceBook(journal, sealed), pause=Stop())
    stop = asyncio.Event()
    loop.call_later(20.0, stop.set)
    print("| Phase | messages | p50 ms | p99 ms | p99.9 ms | max ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print(told("nothing else", await paced(turn, per_second, stop)), flush=True)
    before_mb = memory_mb()
    stop = asyncio.Event()
    steps: list[tuple[str, float, Ended]] = []

    async def end() -> None:
        for name, step in (("keys destroyed", ender.destroy_due), ("rows deleted", ender.run)):
            began_s = time.perf_counter()
            ended = await asyncio.to_thread(step, ends_ms)
            steps.append((name, time.perf_counter() - began_s, ended))
        stop.set()

    ending = asyncio.create_task(end())
    print(told("while the term ends", await paced(turn, per_second, stop)))
    await ending
    for name, took_s, ended in steps:
        print(f"{name} after {took_s:.1f} s: {ended}")
    print(f"most memory: {before_mb:.0f} MB before, {memory_mb():.0f} MB after")
    await asyncio.to_thread(archive.close)


def main() -> None:
    """Grow an archive and end its term."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    per_second = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    now_ms = time.time_ns() // 1_000_000
    midnight_ms = now_ms - now_ms % DAY_MS - YEAR_MS - DAY_MS
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "data"
        began_s = time.perf_counter()
        grow(folder, records, midnight_ms)
        print(f"{records} records sealed in {time.perf_counter() - began_s:.1f} s")
        asyncio.run(measure(folder, per_second, now_ms))


if __name__ == "__main__":
    main()
