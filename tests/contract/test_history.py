"""Every adapter of history gives what its port promises, out of a real archive. Source: src/parvis/ports/history.py.

A model that keeps everybody's stays and lines in plain lists is asked the same; see also
tests/promises/test_history_obeys_the_room.py for who may fetch what.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random

import pytest
from tests.contract.archive_stages import NOON_MS, MemoryStage, SqliteStage, Stage, sealed

from parvis.archive.record import pack_content, record_id
from parvis.archive.roll_call import Presence, write_roll_call
from parvis.irc.references import Reference
from parvis.model.ids import (
    NO_MESSAGE_ID,
    NO_SESSION,
    NOBODY,
    PRESENCE,
    ConversationId,
    IdentityId,
    SessionId,
)
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Archive, Batch, Sealed
from parvis.ports.history import NEVER_MS, Page, Place, Reader, Span, Spoken, Trouble, Wish
from parvis.store import history_index
from parvis.store.history import IndexedHistory
from parvis.store.memory import Fault
from parvis.store.memory_history import MemoryHistory
from parvis.store.sqlite.history import SqliteHistory

HOUR_MS = 3_600_000
ROOM = ConversationId(b"room".ljust(16, b"."))
TEXTS = frozenset({RecordKind.MESSAGE})


def identity(name: str) -> IdentityId:
    """Give the id of somebody."""
    return IdentityId(name.encode().ljust(16, b"."))


def session(name: str) -> SessionId:
    """Give a session of somebody."""
    return SessionId(f"s-{name}".encode().ljust(16, b"."))


def pair_of(one: IdentityId, other: IdentityId) -> ConversationId:
    """Give the conversation of two."""
    return ConversationId(sha256(b"".join(sorted((one, other)))).digest()[:16])


class Told:
    """An archive with a history beside it, and the order in which things were sealed."""

    def __init__(self, stage: Stage) -> None:
        """Open it."""
        self.stage = stage
        self.ids = count(1)
        self.run = 0
        self.head = 0
        self.archive: Archive
        self.history: IndexedHistory
        self.pending: list[Unsealed] = []
        self.begin()

    def begin(self) -> None:
        """Begin a run, with an index that knows nothing."""
        self.archive = self.stage.archive()
        self.run = self.archive.open(self.stage.clock()).run
        self.head = record_id(self.run, 1)
        if isinstance(self.stage, MemoryStage):
            self.history = MemoryHistory(self.stage.store, pair_of)
        else:
            assert isinstance(self.stage, SqliteStage)
            made = self.stage.made[-1]
            self.history = SqliteHistory(self.stage.data_dir, lambda: made.keys, pair_of)

    def end(self) -> None:
        """End the run."""
        self.history.close()
        self.archive.close()

    def happens(
        self, kind: RecordKind, who: str, line: bytes, conversation: ConversationId = ROOM, message: bytes = b""
    ) -> bytes:
        """Decide a record; give its message id."""
        message_id = message or b"%015d" % next(self.ids)
        author, sitting = (identity(who), session(who)) if who else (NOBODY, NO_SESSION)
        content = pack_content([], line)
        self.pending.append(Unsealed(kind, self.stage.clock(), author, sitting, conversation, message_id, content))
        return message_id

    def says(self, who: str, text: str, conversation: ConversationId = ROOM) -> bytes:
        """Say something in the room."""
        return self.happens(RecordKind.MESSAGE, who, f":{who}!u@h PRIVMSG #room :{text}".encode(), conversation)

    def joins(self, who: str) -> None:
        """Come into the room."""
        self.happens(RecordKind.JOINED, who, f":{who}!u@h JOIN #room".encode())

    def parts(self, who: str) -> None:
        """Go out of the room."""
        self.happens(RecordKind.PARTED, who, f":{who}!u@h PART #room".encode())

    def calls_roll(self, *entries: Presence) -> None:
        """Tell who is where."""
        for line in write_roll_call(entries):
            self.happens(RecordKind.ROLL_CALL, "", line, PRESENCE, NO_MESSAGE_ID)

    def seals(self) -> None:
        """Make what was decided durable."""
        outcome = sealed(self.stage, self.archive, Batch(self.pending))
        assert isinstance(outcome, Sealed)
        self.pending = []
        if outcome.count:
            self.head = record_id(self.run, outcome.first_counter + outcome.count - 1)

    def reader(self, who: str, window_ms: int = HOUR_MS) -> Reader:
        """Ask as somebody."""
        now_ms = self.stage.clock()
        return Reader(
            identity=identity(who),
            session=session(who),
            head=self.head,
            now_ms=now_ms,
            resume_from_ms=now_ms - window_ms,
            from_ms=now_ms - window_ms,
            kept_tags=frozenset({"+keep"}),
        )

    def asks(
        self,
        who: str,
        span: Span = Span.LATEST,
        first: Reference | None = None,
        second: Reference | None = None,
        limit: int = 100,
        *,
        inside: bool = True,
        kinds: frozenset[RecordKind] = TEXTS,
        window_ms: int = HOUR_MS,
        visible_from_ms: int = NEVER_MS,
    ) -> list[str] | Trouble:
        """Give the last words of the lines that somebody may fetch."""
        place = Place(name="#room", is_room=True, conversation=ROOM, inside=inside, visible_from_ms=visible_from_ms)
        wish = Wish(
            reader=self.reader(who, window_ms),
            place=place,
            kinds=kinds,
            span=span,
            first=first,
            second=second,
            limit=limit,
        )
        found = self.history.page(wish)
        return [each.line.decode().rpartition(":")[2] for each in found.lines] if isinstance(found, Page) else found


@pytest.fixture(params=[MemoryStage, SqliteStage])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    """Give an archive of each adapter with a history beside it."""
    made = Told(request.param(tmp_path))
    yield made
    made.end()


def test_what_is_asked_in_turn_is_caught_up_with(told: Told) -> None:
    """Each question sees what was sealed since the last one, and nothing beyond the head. Source: History."""
    told.joins("ada")
    told.says("ada", "one")
    told.seals()
    assert told.asks("ada") == ["one"]
    told.says("ada", "two")
    head = told.head
    told.seals()
    after, told.head = told.head, head
    assert told.asks("ada") == ["one"]
    told.head = after
    assert told.asks("ada") == ["one", "two"]


def test_every_span_counts_as_its_specification_says(told: Told) -> None:
    """Exclusive at both ends, from the first to the second, oldest first. Source: draft/chathistory, "Subcommands"."""
    told.joins("ada")
    told.seals()
    ids: list[Reference] = []
    times: list[Reference] = []
    for at in range(10):
        told.stage.clock.now_ms += 20
        ids.append(Reference(message_id=told.says("ada", str(at))))
        times.append(Reference(time_ms=told.stage.clock()))
        told.seals()
    for each in (ids, times):
        assert told.asks("ada", Span.LATEST, each[4]) == list("56789")
        assert told.asks("ada", Span.LATEST, each[4], limit=2) == list("89")
        assert told.asks("ada", Span.BEFORE, each[6]) == list("012345")
        assert told.asks("ada", Span.BEFORE, each[6], limit=2) == list("45")
        assert told.asks("ada", Span.AFTER, each[3]) == list("456789")
        assert told.asks("ada", Span.AFTER, each[3], limit=3) == list("456")
        assert told.asks("ada", Span.BETWEEN, each[0], each[9]) == list("12345678")
        assert told.asks("ada", Span.BETWEEN, each[9], each[0]) == list("12345678")
        assert told.asks("ada", Span.BETWEEN, each[0], each[9], limit=3) == list("123")
        assert told.asks("ada", Span.BETWEEN, each[9], each[0], limit=3) == list("678")
        assert told.asks("ada", Span.BETWEEN, each[3], each[3]) == []
        assert told.asks("ada", Span.AROUND, each[7], limit=1) == ["7"]
        assert told.asks("ada", Span.AROUND, each[7], limit=3) == list("678")
        assert told.asks("ada", Span.AROUND, each[0], limit=3) == list("012")
    assert told.asks("ada", Span.AFTER, Reference(time_ms=NOON_MS + 10_000)) == []
    assert told.asks("ada", Span.AFTER, Reference(message_id=b"")) is Trouble.NO_REFERENCE
    assert told.asks("ada", Span.AFTER, Reference(message_id=bytes(15))) is Trouble.NO_REFERENCE


@pytest.mark.parametrize("seed", range(20))
def test_who_may_fetch_what_is_that_of_a_model(told: Told, seed: int) -> None:
    """Joins, parts, kicks, quits, logins, restarts and words in any order. Source: store/history_index.py, rule 2."""
    dice = Random(seed)
    people = ["ada", "bob", "cyd"]
    inside: set[str] = set()
    seen: dict[str, list[str]] = {name: [] for name in people}
    total = 0

    def comes(name: str) -> None:
        if name not in inside:
            inside.add(name)
            told.joins(name)

    def goes(name: str) -> None:
        if name in inside:
            inside.discard(name)
            told.parts(name)

    def is_put_out(name: str) -> None:
        if name in inside:
            inside.discard(name)
            told.happens(RecordKind.KICKED, "host", f":host!u@h KICK #room {name} :out".encode())
            told.calls_roll(Presence(session(name), identity(name), ()))

    def quits(name: str) -> None:
        inside.discard(name)
        told.happens(RecordKind.QUIT, name, b":x!u@h QUIT :gone", PRESENCE)

    def speaks(name: str) -> None:
        nonlocal total
        total += 1
        told.says(name, str(total))
        for reader in inside:
            seen[reader].append(str(total))

    def everybody_is_called(_name: str) -> None:
        told.calls_roll(*(Presence(session(each), identity(each), (ROOM,)) for each in sorted(inside)))

    def restarts(_name: str) -> None:
        told.seals()
        told.end()
        told.begin()
        inside.clear()

    acts: list[Callable[[str], None]] = [comes, comes, goes, is_put_out, quits, speaks, speaks, speaks, speaks]
    for _ in range(60):
        dice.choice([*acts, *([everybody_is_called] if dice.random() < 0.3 else [])])(dice.choice(people))
        if dice.random() < 0.03:
            restarts("")
        if dice.random() < 0.4:
            told.stage.clock.now_ms += dice.randrange(3)
        if dice.random() < 0.4:
            told.seals()
    told.seals()
    for name in people:
        expected = seen[name]
        found = told.asks(name, inside=name in inside)
        assert found == expected or (found is Trouble.NO_TARGET and not expected)


def test_who_came_before_the_window_is_known_by_a_roll_call(told: Told) -> None:
    """The index begins at the last roll call before its window, all of its parts. Source: ADR 13."""
    others = [Presence(SessionId(b"%016d" % at), IdentityId(b"%016d" % at), (ROOM,)) for at in range(1100)]
    told.joins("ada")
    for _ in range(5):
        told.calls_roll(*others, Presence(session("ada"), identity("ada"), (ROOM,)))
        told.says("ada", "old")
        told.seals()
        told.stage.clock.now_ms += HOUR_MS
    told.says("bob", "new")
    told.seals()
    assert told.asks("ada") == ["old", "new"]
    assert told.asks("bob") == []
    told.end()
    told.begin()
    assert told.asks("ada", inside=False) == ["old", "new"]


def test_a_window_that_grows_is_read_from_further_back(told: Told) -> None:
    """The index is made anew from an earlier beginning. Source: store/history.py."""
    told.joins("ada")
    told.says("ada", "old")
    told.seals()
    told.stage.clock.now_ms += 3 * HOUR_MS
    told.says("ada", "new")
    told.seals()
    assert told.asks("ada") == ["new"]
    assert told.asks("ada", window_ms=4 * HOUR_MS) == ["old", "new"]
    assert told.asks("ada") == ["new"]


def test_what_a_failed_commit_left_behind_is_not_shown(told: Told) -> None:
    """The records that nobody saw are marked by the time a later number is delivered. Source: History, Durability."""
    told.joins("ada")
    told.seals()
    told.says("ada", "twice")
    told.stage.let_fail(Fault.UNKNOWN)
    assert not isinstance(sealed(told.stage, told.archive, Batch(told.pending)), Sealed)
    assert told.asks("ada") == []
    told.seals()
    assert told.asks("ada") == ["twice"]


def test_what_was_taken_back_is_not_shown_and_not_found(told: Told) -> None:
    """By the line of its record, also when the index is made anew. Source: ADR 14."""
    told.joins("ada")
    told.joins("bob")
    kept, gone = (
        told.says("ada", "kept"),
        told.happens(RecordKind.MESSAGE, "ada", b":ada PRIVMSG #room :gone", message=b"\x10" * 15),
    )
    told.happens(RecordKind.REDACTED, "ada", b":ada!u@h REDACT #room EBAQEBAQEBAQEBAQEBAQ :why")
    told.seals()
    place = Place(name="#room", is_room=True, conversation=ROOM, inside=True)
    for _ in range(2):
        assert told.asks("bob") == ["kept"]
        assert told.history.find(told.reader("bob"), place, gone) is Trouble.NO_REFERENCE
        spoken = told.history.find(told.reader("bob"), place, kept)
        assert spoken == Spoken(conversation=ROOM, author=identity("ada"), time_ms=NOON_MS, is_open=True)
        told.end()
        told.begin()
        told.joins("bob")
        told.seals()


def test_a_tag_message_is_history_where_a_tag_says_so(told: Told) -> None:
    """Others are found, to be taken back, and not shown. Source: `history.store_tagmsg`."""
    told.joins("ada")
    told.happens(RecordKind.TAG_MESSAGE, "ada", b"@+keep;+x=y :ada TAGMSG #room :kept")
    other = told.happens(RecordKind.TAG_MESSAGE, "ada", b"@+x=+keep :ada TAGMSG #room :other")
    told.seals()
    assert told.asks("ada", kinds=TEXTS | {RecordKind.TAG_MESSAGE}) == ["kept"]
    place = Place(name="#room", is_room=True, conversation=ROOM, inside=True)
    assert isinstance(told.history.find(told.reader("ada"), place, other), Spoken)


def test_memory_is_bounded(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest go; what is newest stays. Source: store/history_index.py, rule 3."""
    monkeypatch.setattr(history_index, "ENTRIES_MAX", 3000)
    told.joins("ada")
    for at in range(8):
        for each in range(1000):
            told.says("ada", f"{at} {each}")
        told.seals()
        told.stage.clock.now_ms += 61_000
        found = told.asks("ada", limit=2)
        assert found == [f"{at} 998", f"{at} 999"]
    assert told.history._index is not None
    assert told.history._index.entries <= 4000


def test_an_answer_is_bounded_in_bytes(told: Told) -> None:
    """Long tags do not make it as long as they like; who goes on from its last line gets the rest. Source: _walk."""
    told.joins("ada")
    for at in range(100):
        told.happens(RecordKind.MESSAGE, "ada", b"@+x=%b :ada PRIVMSG #room :%d" % (b"y" * 4000, at))
    told.seals()
    found = told.asks("ada")
    assert isinstance(found, list)
    assert 60 < len(found) < 70
    assert found[-1] == "99"


def test_what_is_old_is_forgotten(told: Told) -> None:
    """Conversations and sessions that ended before the window leave no trace. Source: `Index`, rule 3."""
    for at in range(30):
        name = f"guest{at}"
        told.joins(name)
        told.says(name, "hello")
        told.says(name, "psst", pair_of(identity(name), identity("ada")))
        told.happens(RecordKind.QUIT, name, b":x QUIT", PRESENCE)
    told.seals()
    told.joins("ada")
    told.seals()
    assert told.asks("ada") == []
    index = told.history._index
    assert index is not None
    assert len(index.logs) == 31
    told.stage.clock.now_ms += 2 * HOUR_MS
    told.says("ada", "later")
    told.seals()
    assert told.asks("ada") == ["later"]
    assert len(index.logs) == 1
    assert set(index.sessions) == {session("ada")}
    assert index.entries == 1


def test_a_long_stay_is_short_in_memory(told: Told) -> None:
    """Who comes and goes all the time costs no more than the window holds. Source: store/history_index.py, rule 3."""
    for _ in range(6000):
        told.joins("ada")
        told.parts("ada")
    told.seals()
    assert told.asks("ada", inside=False) == []
    told.stage.clock.now_ms += 2 * HOUR_MS
    told.joins("ada")
    told.seals()
    told.asks("ada")
    index = told.history._index
    assert index is not None
    assert len(index.sessions[session("ada")].rooms[ROOM]) < 2100
    assert index.size < 2100


def test_an_archive_without_its_key_tells_nothing(told: Told) -> None:
    """A record whose key is gone is left out; one that does not open is a trouble. Source: History, Failure."""
    told.joins("ada")
    told.says("ada", "words")
    told.seals()
    stage = told.stage
    if isinstance(stage, SqliteStage):
        import sqlite3

        with sqlite3.connect(stage.data_dir / "parvis.db") as other:
            other.execute("UPDATE records SET ciphertext = zeroblob(60)")
        other.close()
        assert told.asks("ada") is Trouble.UNREADABLE
        with sqlite3.connect(stage.data_dir / "parvis.db") as other:
            other.execute("UPDATE records SET ciphertext = NULL")
        other.close()
    else:
        assert isinstance(stage, MemoryStage)
        stage.store.content_keys.clear()
    assert told.asks("ada") == []
