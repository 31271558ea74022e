"""How long an export for an opening takes: one hour of one room, and one day of one account, of a large archive.

Run:    python -m bench.archive.openings [records] [folder]
Result: bench/archive/openings.md

Messages of a thousand accounts over the three days before today: nine in ten in a hundred rooms, the others in
private. Frames are made as the verb makes them, key wraps without their outer layer among them; writing them to a file
is not in it.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from tests.custodians import a_custodian

from parvis.archive.record import pack_content
from parvis.archive.terms import DAY_MS, HOUR_MS
from parvis.legal.openings import Ground, Quorum, Request, Requester, Subject
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import DataKind, RecordKind, Unsealed
from parvis.moderation.bundling import Bundle, private_conversations
from parvis.ports.archive import Batch, Outcome, Sealed
from parvis.ports.keys import KeyStore
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.sealed import SqliteSealed

BATCH = 1000
DAYS = 3
ROUNDS = 5
ACCOUNTS = [IdentityId(b"account-%08d" % number) for number in range(1000)]
ROOMS = [ConversationId(b"room-%011d" % number) for number in range(100)]
LINE = pack_content([], b":somebody!~somebody@guest PRIVMSG #accueil :a line of chat, neither very short nor long")
PRIVATE_EVERY = 10


def pair_of(one: IdentityId, other: IdentityId) -> ConversationId:
    """Give the conversation of two accounts."""
    return ConversationId(sha256(min(one, other) + max(one, other)).digest()[:16])


def a_message(number: int, time_ms: int) -> Unsealed:
    """Make the message of a number: each account writes in turn, in private to its neighbour."""
    # Multipliers that are prime to the counts mix who is where.
    author = ACCOUNTS[number * 7 % len(ACCOUNTS)]
    is_private = number // len(ACCOUNTS) % PRIVATE_EVERY == 0
    neighbour = ACCOUNTS[(number * 7 + 1) % len(ACCOUNTS)]
    return Unsealed(
        kind=RecordKind.MESSAGE,
        time_ms=time_ms,
        author=author,
        session=SessionId(b"s" * 16),
        conversation=pair_of(author, neighbour) if is_private else ROOMS[number * 13 % 97],
        message_id=b"m" * 15,
        content=LINE,
        data=DataKind.PRIVATE if is_private else DataKind.ROOMS,
    )


def grow(folder: Path, records: int, began_ms: int) -> KeyStore:
    """Seal so many records, evenly over the days; give the keys."""
    now = [began_ms]
    posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
    archive = SqliteArchive(folder, posted.put, lambda: now[0], make_custodian=a_custodian)
    archive.open(began_ms)
    answers: list[Outcome] = []
    for at in range(0, records, BATCH):
        now[0] = began_ms + 1 + at * DAYS * DAY_MS // records
        archive.seal(Batch([a_message(at + each, now[0]) for each in range(BATCH)]), answers.append)
        posted.get()()
    assert all(isinstance(answer, Sealed) for answer in answers)
    keys = archive.keys
    archive.close()
    return keys


def a_request(from_ms: int, to_ms: int, **asked: tuple[object, ...]) -> Request:
    """Make a request for a span."""
    custodian = a_custodian()
    return Request(
        id="0" * 32,
        server="bench.example",
        ground=next(iter(Ground)),
        reference="a reference",
        requester=Requester(name="somebody", public=custodian.public),
        quorum=Quorum(custodian=custodian.id.hex(), shares=1, threshold=1),
        from_ms=from_ms,
        to_ms=to_ms,
        release=custodian.public,
        asked_ms=to_ms,
        not_before_ms=to_ms,
        ends_ms=to_ms + DAY_MS,
        **asked,  # type: ignore[arg-type]
    )


def timed(name: str, records: int, export: Callable[[], Bundle]) -> None:
    """Print the fastest and the slowest of some exports."""
    took_s = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        counts = export().counts
        took_s.append(time.perf_counter() - began_s)
    print(
        f"| {name} | {records} | {counts.records} | {counts.keys} | {min(took_s):.2f} to {max(took_s):.2f} |",
        flush=True,
    )


def main() -> None:
    """Make an archive and export of it."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    now_ms = time.time_ns() // 1_000_000
    began_ms = now_ms - now_ms % DAY_MS - DAYS * DAY_MS
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as made:
        folder = Path(made) / "data"
        keys, sealed = grow(folder, records, began_ms), SqliteSealed(folder)
        middle_ms = began_ms + DAY_MS

        def of_room() -> Bundle:
            room = Subject(id=ROOMS[5].hex())
            return read(a_request(middle_ms + 9 * HOUR_MS, middle_ms + 10 * HOUR_MS, conversations=(room,)))

        def of_account() -> Bundle:
            account = ACCOUNTS[5]
            ends_ms = middle_ms + DAY_MS
            pairs = private_conversations(sealed, pair_of, {account}, middle_ms, ends_ms)
            private = tuple(sorted(pair.hex() for pair in pairs))
            return read(a_request(middle_ms, ends_ms, accounts=(Subject(id=account.hex()),), private=private))

        def read(request: Request) -> Bundle:
            bundle = Bundle(sealed, keys, request, now_ms)
            for _ in bundle.frames():
                pass
            return bundle

        print("| what | of records | exported | keys | seconds |")
        print("| --- | ---: | ---: | ---: | ---: |")
        timed("one hour of one room", records, of_room)
        timed("one day of one account, and its private conversations", records, of_account)


if __name__ == "__main__":
    main()
