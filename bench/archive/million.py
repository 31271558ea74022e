"""A million records: does memory stay flat while they come, and does anything that reads them take long?

Run:    python -m bench.archive.million [records]
Result: bench/archive/million.md

Twenty rooms talk evenly over two hundred hours; batches of a thousand. Then, over the same data folder: one hour of one
room is opened out of it as an export would (content keys of the hour, rows under one of them), the check of every
record, the first question for history, and the start of a real server.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from tests.custodians import a_custodian
from tests.promises.servers import CONFIG, Server

from parvis.archive.content_keys import WrappedKey, unwrap_visible
from parvis.archive.reading import opened_record
from parvis.archive.record import pack_content
from parvis.archive.terms import HOUR_MS
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Batch, Outcome, Sealed
from parvis.ports.history import Page, Place, Reader, Span, Wish
from parvis.ports.sealed import Wanted
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.history import SqliteHistory
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

ROOMS = 20
HOURS = 200
BATCH = 1000
SAMPLES = 10
LINE = b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long"


def opaque(number: int) -> bytes:
    """Make an id."""
    return sha256(b"%d" % number).digest()[:16]


def resident_mb() -> float:
    """Give how much memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def a_batch(start: int, time_ms: int) -> Batch:
    """Make a batch of messages of all rooms."""
    content = pack_content([], LINE)
    return Batch(
        [
            Unsealed(
                kind=RecordKind.MESSAGE if start else RecordKind.JOINED,
                time_ms=time_ms,
                author=IdentityId(opaque(number % 997)),
                session=SessionId(opaque(1000 + number % 997)),
                conversation=ConversationId(opaque(5000 + number % ROOMS)),
                message_id=sha256(b"m%d" % number).digest()[:15],
                content=content,
            )
            for number in range(start, start + BATCH)
        ]
    )


class Clock:
    """A clock that is turned by hand."""

    def __init__(self, now_ms: int) -> None:
        """Begin then."""
        self.now_ms = now_ms

    def __call__(self) -> int:
        """Give the time."""
        return self.now_ms


def grow(data: Path, records: int) -> int:
    """Fill an archive; tell what memory it takes meanwhile. Give the time of the last record."""
    begins_ms = time.time_ns() // 1_000_000 - HOURS * HOUR_MS - 60_000
    clock = Clock(begins_ms)
    posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
    archive = SqliteArchive(data, posted.put, clock, make_custodian=a_custodian)
    archive.open(begins_ms)
    began = time.perf_counter()
    for start in range(0, records, BATCH):
        clock.now_ms = begins_ms + HOURS * HOUR_MS * start // records
        outcomes: list[Outcome] = []
        archive.seal(a_batch(start, clock.now_ms), outcomes.append)
        posted.get()()
        assert isinstance(outcomes[0], Sealed)
        if start % (records // SAMPLES) == 0:
            log_mb = (data / (DATABASE_NAME + "-wal")).stat().st_size / 1e6
            print(f"{start:8} records: {resident_mb():6.1f} MB resident, log {log_mb:5.1f} MB", flush=True)
    took = time.perf_counter() - began
    print(f"{records:8} records: {resident_mb():6.1f} MB resident; {records / took:.0f} records/s, batches included")
    archive.close()
    print(f"         database {(data / DATABASE_NAME).stat().st_size / 1e6:.0f} MB")
    return clock.now_ms


def open_an_hour(data: Path, hour: int) -> None:
    """Open one hour of one room, as an export does."""
    began = time.perf_counter()
    store = SqliteSealed(data)
    term_keys = {key.id: key for key in KeyFile(data / KEYFILE_NAME).term_keys()}
    room = ConversationId(opaque(5007))
    (key,) = [key for key in store.content_keys(hour, hour) if key.conversation == room]
    later = min((each.first_id for each in store.content_keys(hour + 1, hour + 1)), default=store.head() + 1)
    assert key.visible_term is not None
    assert key.visible_wrap is not None
    wrapped = WrappedKey(
        id=key.id,
        conversation=key.conversation,
        hour=key.hour,
        run=key.run,
        term_key=key.visible_term,
        visible_wrap=key.visible_wrap,
    )
    opened = unwrap_visible(wrapped, term_keys[key.visible_term])
    # The hour of others begins somewhere in it: a room's own last word may stand behind their first.
    wanted = Wanted(first_id=key.first_id, last_id=later + BATCH, content_keys=frozenset({key.id}))
    count = 0
    for row in store.rows(wanted):
        assert row.header is not None
        assert row.ciphertext is not None
        count += bool(opened_record(row.header, row.ciphertext, opened.key, undelivered=False).line)
    print(f"one hour of one room: {count} records opened in {1000 * (time.perf_counter() - began):.0f} ms")


def check(data: Path) -> None:
    """Check every record."""
    began = time.perf_counter()
    report = verify_archive(data)
    took = time.perf_counter() - began
    assert not report.problems
    print(f"check of all: {took:.1f} s, {report.records / took:.0f} records/s, {resident_mb():.1f} MB resident")


def ask_history(data: Path, now_ms: int) -> None:
    """Ask for the newest lines of a room, with a window over all of it, as the first since the start; and again."""
    history = SqliteHistory(data, lambda: KeyFile(data / KEYFILE_NAME), lambda one, _: ConversationId(one))
    begins_ms = now_ms - 2 * HOURS * HOUR_MS
    reader = Reader(
        identity=IdentityId(opaque(7)),
        session=SessionId(opaque(1007)),
        head=SqliteSealed(data).head(),
        now_ms=now_ms,
        resume_from_ms=begins_ms,
        from_ms=begins_ms,
        kept_tags=frozenset(),
    )
    wish = Wish(
        reader=reader,
        place=Place(name="#accueil", is_room=True, conversation=ConversationId(opaque(5007)), inside=True),
        kinds=frozenset({RecordKind.MESSAGE}),
        span=Span.LATEST,
        first=None,
        second=None,
        limit=100,
    )
    for which in ("first", "second"):
        began = time.perf_counter()
        page = history.page(wish)
        took_ms = 1000 * (time.perf_counter() - began)
        assert isinstance(page, Page)
        print(f"{which} question of history, over all: {len(page.lines)} lines after {took_ms:.1f} ms")
    history.close()


def start(folder: Path, data: Path) -> None:
    """Start a real server over it."""
    began = time.perf_counter()
    server = Server(folder, CONFIG, data=data)
    server.port()
    print(f"a server listens {time.perf_counter() - began:.2f} s after it was started")
    server.terminate()


def main() -> None:
    """Make it, then read it."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        data = Path(folder) / "data"
        last_ms = grow(data, records)
        open_an_hour(data, last_ms // HOUR_MS - HOURS // 2)
        check(data)
        ask_history(data, last_ms)
        start(Path(folder) / "server", data)


if __name__ == "__main__":
    main()
