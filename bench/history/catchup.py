"""What history costs when it is asked for: catching up with the log, and a question; and what it holds in memory.

Run:    python bench/history/catchup.py [records]
Result: bench/history/catchup.md

Records lie in an archive on the disk: messages of many people in 50 rooms and some pairs. The first question reads all
of the window; the next ones read what is new.
"""

import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from random import Random
from statistics import median

from tests.custodians import a_custodian

from parvis.archive.record import pack_content, record_id
from parvis.irc.references import Reference
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Batch, Outcome, Sealed
from parvis.ports.history import Page, Place, Reader, Span, Wish
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.history import SqliteHistory

ROOMS = 50
PEOPLE = 1000
BATCH = 500
LINE = b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long"
DICE = Random(1)


def now_ms() -> int:
    """Give milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def opaque(number: int) -> bytes:
    """Make an id."""
    return sha256(b"%d" % number).digest()[:16]


def pair_of(one: IdentityId, other: IdentityId) -> ConversationId:
    """Give the conversation of two."""
    return ConversationId(sha256(one + other).digest()[:16])


def a_record(kind: RecordKind, person: int, conversation: bytes) -> Unsealed:
    """Make a record of now."""
    return Unsealed(
        kind=kind,
        time_ms=now_ms(),
        author=IdentityId(opaque(person)),
        session=SessionId(opaque(person + 1_000_000)),
        conversation=ConversationId(conversation),
        message_id=DICE.randbytes(15),
        content=pack_content([], LINE),
    )


def room_of(person: int) -> bytes:
    """Give the room that somebody talks in."""
    return opaque(5_000_000 + person % ROOMS)


def fill(archive: SqliteArchive, answers: SimpleQueue[Callable[[], None]], count: int) -> int:
    """Seal so many records; give the number of the last."""
    head = 0
    for start in range(0, count, BATCH):
        people = [(start + at) % PEOPLE for at in range(BATCH)]
        kind = RecordKind.JOINED if start < PEOPLE else RecordKind.MESSAGE
        outcomes: list[Outcome] = []
        archive.seal(Batch([a_record(kind, person, room_of(person)) for person in people]), outcomes.append)
        answers.get()()
        (outcome,) = outcomes
        assert isinstance(outcome, Sealed)
        head = record_id(outcome.run, outcome.first_counter + outcome.count - 1)
    return head


def a_wish(head: int, person: int, span: Span, first: Reference | None = None) -> Wish:
    """Ask for 100 lines."""
    now = now_ms()
    reader = Reader(
        identity=IdentityId(opaque(person)),
        session=SessionId(opaque(person + 1_000_000)),
        head=head,
        now_ms=now,
        resume_from_ms=now - 3_600_000,
        from_ms=now - 3_600_000,
        kept_tags=frozenset(),
    )
    place = Place(name="#accueil", is_room=True, conversation=ConversationId(room_of(person)), inside=True)
    return Wish(
        reader=reader,
        place=place,
        kinds=frozenset({RecordKind.MESSAGE}),
        span=span,
        first=first,
        second=None,
        limit=100,
    )


class Pulse:
    """A thread that wakes each millisecond and notes how late it was: what the event loop would feel."""

    def __init__(self) -> None:
        """Begin."""
        self.late_ms: list[float] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self) -> None:
        while not self._ends.is_set():
            began = time.perf_counter()
            time.sleep(0.001)
            self.late_ms.append((time.perf_counter() - began) * 1000 - 1)

    def end(self) -> list[float]:
        """Stop and give the delays."""
        self._ends.set()
        self._thread.join()
        return sorted(self.late_ms)


def timed(history: SqliteHistory, wish: Wish) -> float:
    """Give how many milliseconds a question took."""
    began = time.perf_counter()
    page = history.page(wish)
    assert isinstance(page, Page)
    assert len(page.lines) == 100
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
        archive = SqliteArchive(Path(folder) / "data", answers.put, now_ms, make_custodian=a_custodian)
        archive.open(now_ms())
        head = fill(archive, answers, count)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        history = SqliteHistory(
            Path(folder) / "data",
            lambda: archive.keys,
            lambda one, other: ConversationId(sha256(one + other).digest()[:16]),
        )
        cpu = time.process_time()
        pulse = Pulse()
        first_ms = timed(history, a_wish(head, 7, Span.LATEST))
        late = pulse.end()
        cpu_s = time.process_time() - cpu
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        print(
            f"first question over {count} records: {first_ms:.0f} ms ({first_ms / count * 100_000:.0f} ms per 100 000)"
        )
        print(f"  CPU {cpu_s:.2f} s; memory grown by {grown_kb / 1024:.0f} MB")
        print(f"  another thread was late by {median(late):.2f} ms, 99 %: {late[int(len(late) * 0.99)]:.2f} ms")
        same = [timed(history, a_wish(head, person, Span.LATEST)) for person in range(200)]
        print(f"question, nothing new: median {median(same):.2f} ms, of 200 people")
        newest = history.page(a_wish(head, 7, Span.LATEST))
        assert isinstance(newest, Page)
        reference = Reference(message_id=newest.lines[0].message_id)
        back = [timed(history, a_wish(head, 7, Span.BEFORE, reference)) for _ in range(50)]
        print(f"question before a message: median {median(back):.2f} ms")
        after = []
        for _ in range(20):
            head = fill(archive, answers, BATCH)
            after.append(timed(history, a_wish(head, 7, Span.LATEST)))
        print(f"question with {BATCH} new records: median {median(after):.2f} ms")
        history.close()
        archive.close()


if __name__ == "__main__":
    main()
