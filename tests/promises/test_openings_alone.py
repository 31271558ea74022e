"""Openings where one custodian opens alone: a day's wait, the emergency, ends, and what a false bundle gives.

Source: law.md 8.4; docs/handbook/operator.md, "Openings"; docs/adr/0022-openings.md.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec
import pytest
from msgspec.structs import replace
from tests.custodians import SEED
from tests.promises.harness import NOON_MS, Square

from parvis.app import shares
from parvis.app.opening_program import NotOpened, OpeningProgram, Time
from parvis.app.opening_reading import NotRead, read_result
from parvis.app.opening_voices import NotGiven, asked_in, give
from parvis.app.requester_keys import make, read_public
from parvis.archive import custody
from parvis.archive.bundle import BundledRecord, Counts, Frame
from parvis.archive.record import parse_header
from parvis.archive.sealing import ROW_FIELDS
from parvis.archive.session import Proceedings, read_proceedings
from parvis.archive.terms import TermKind
from parvis.chat.cloaks import conversation_of_pair
from parvis.legal.openings import DELAY_MS, HOUR_MS, READING_MS, Ground, Quorum, Request, Requester, State, Subject
from parvis.model.accounts import Account
from parvis.model.audit import read_entry
from parvis.model.events import AccountKept
from parvis.model.ids import PRESENCE, IdentityId
from parvis.model.kept import Keep
from parvis.model.records import RecordKind, Unsealed
from parvis.moderation.bundling import Bundle, private_conversations
from parvis.moderation.openings import Declined, Opening, Openings
from parvis.ports.archive import Upkeep
from parvis.store import opening_folder
from parvis.store.memory import MemoryStore
from parvis.store.memory_sealed import MemorySealed
from parvis.store.opening_folder import BadFolder

ALONE: Final = custody.custodian_key(custody.public_bytes(SEED), 1, 1, 1)
WORDS: Final = shares.split(SEED, 1, 1)[0]
ALICE: Final = Account(id=IdentityId(b"a" * 16), name="alice", registered_at_ms=1)


class SquareJournal:
    """The journal of a square: each writing is a turn."""

    def __init__(self, square: Square) -> None:
        """Write to it."""
        self._square = square

    def write(self, records: Sequence[Unsealed] = (), upkeep: Sequence[Upkeep] = (), kept: Sequence[Keep] = ()) -> None:
        """Write, and let the turn end."""
        done: list[bool] = []
        self._square.turn.write(records, upkeep, kept, lambda: done.append(True))
        self._square.end_turn()
        assert done


class Stage:
    """A square whose archive one custodian opens."""

    def __init__(self, folder: Path) -> None:
        """Have people speak, and make the keys."""
        self.folder = folder
        store = MemoryStore()
        store.custodian_seed = SEED
        self.square = Square(store=store)
        self.sealed = MemorySealed(self.square.archive.store)
        self.key = folder / "requester"
        make(self.key)
        self.journal = SquareJournal(self.square)
        self.openings = self.begun()
        self.square.chat.apply(AccountKept(ALICE, "alice"))
        alice = self.square.enters("alice", rooms=["#mill"], account=ALICE)
        bob = self.square.enters("bob", rooms=["#mill"])
        alice.says("PRIVMSG #mill :first", "PRIVMSG bob :between us")
        bob.says("PRIVMSG #mill :second", "PRIVMSG alice :an answer")
        self.square.end_turn()
        self.square.go_on(60)
        self.span = (NOON_MS, self.now_ms)

    @property
    def now_ms(self) -> int:
        """Give the time."""
        return self.square.clock.now_ms()

    def begun(self) -> Openings:
        """Begin the service, as after a restart."""
        kept = list(self.square.archive.store.kept.values())
        return Openings(self.journal, self.square.archive.keys, os.urandom, kept)

    def draft(self, **chosen: object) -> Request:
        """Draft a request about alice."""
        public = msgspec.convert(read_public(self.key.with_name("requester.pub")), bytes)
        draft = Request(
            id="",
            server="square.test",
            ground=Ground.JUDICIAL_ORDER,
            reference="26/117",
            accounts=(Subject(id=ALICE.id.hex(), name="alice"),),
            from_ms=self.span[0],
            to_ms=self.span[1],
            requester=Requester(name="A. Judge", public=public),
            release=b"",
            quorum=Quorum(custodian="", shares=1, threshold=1),
            asked_ms=self.now_ms,
            not_before_ms=0,
            ends_ms=0,
        )
        return replace(draft, **chosen)

    def ask(self, **chosen: object) -> Opening:
        """Make a request, valid for an hour."""
        return self.openings.ask(self.draft(**chosen), ALONE, HOUR_MS)

    def export(self, opening: Opening) -> Path:
        """Export it."""

        def gather(asked: Request) -> tuple[Counts, bytes]:
            bundle = Bundle(self.sealed, self.square.archive.keys, asked, self.now_ms)
            return bundle.counts, opening_folder.write_export(self.folder, asked, bundle.frames())

        self.openings.export(opening, self.now_ms, gather)
        return opening_folder.publish_export(self.folder, opening.id)

    def open(self, folder: Path, *words: str, wait_s: float = 30) -> Proceedings:
        """Run the program that opens, whose clock is the square's, and grant as soon as it waits."""
        stage = self
        waiting = list(words)

        class Hand(Time):
            def now_ms(self) -> int:
                return stage.now_ms

            def steady_s(self) -> float:
                return stage.square.clock.steady_s()

            def sleep(self, seconds: float) -> None:
                if waiting:
                    asked = asked_in(folder)
                    give(folder, asked, waiting.pop(0))
                stage.square.go_on(seconds)

        return OpeningProgram(folder, lambda *_: None, wait_s=wait_s, clock=Hand()).run()

    def recorded(self, folder: Path) -> Opening:
        """Take the proceedings back."""
        return self.openings.record((folder / opening_folder.PROCEEDINGS).read_bytes(), self.now_ms)[0]

    def read(self, folder: Path, opening: Opening) -> list[str]:
        """Release and read; give the lines."""
        half = self.openings.release(opening, self.now_ms)
        released = msgspec.json.encode({"request": opening.digest.hex(), "release": half.hex()})
        out = self.folder / os.urandom(4).hex()
        read_result(folder, self.key, released, out)
        return [msgspec.json.decode(line)["line"] for line in (out / "records.jsonl").read_text().splitlines()]

    def log(self) -> list[str]:
        """Give what the audit tells."""
        records = self.square.archive.store.opened_records()
        return [type(read_entry(each.line)).__name__ for each in records if each.header.kind is RecordKind.AUDIT]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Give a stage."""
    return Stage(tmp_path)


def test_one_custodian_waits_a_day(stage: Stage) -> None:
    """Not a moment earlier, and after the hour in which it is valid not at all."""
    opening = stage.ask()
    assert opening.request.not_before_ms == opening.request.asked_ms + DELAY_MS
    with pytest.raises(Declined, match="export it from 2027-01-16"):
        stage.export(opening)
    stage.square.go_on(DELAY_MS / 1000 - 1)
    with pytest.raises(Declined, match="it waits"):
        stage.export(opening)
    assert not (stage.folder / "openings").exists()
    stage.square.go_on(1)
    folder = stage.export(opening)
    assert stage.log()[-2:] == ["OpeningRequested", "OpeningExported"]
    stage.square.go_on(HOUR_MS / 1000)
    with pytest.raises(Declined, match="ended at"):
        stage.export(opening)
    with pytest.raises(NotOpened, match="ended at"):
        stage.open(folder, WORDS)


def test_an_emergency_goes_at_once_and_is_logged_as_one(stage: Stage) -> None:
    """On two grounds alone; custodian, reading and end as ever."""
    with pytest.raises(Declined, match="Only a threat to life"):
        stage.ask(is_emergency=True)
    opening = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    assert opening.request.not_before_ms == opening.request.asked_ms
    (last,) = list(stage.square.archive.store.opened_records())[-1:]
    assert b'"is_emergency":true' in last.line
    folder = stage.export(opening)
    with pytest.raises(NotGiven, match="No program waits"):
        asked_in(folder)
    proceedings = stage.open(folder, WORDS)
    assert proceedings.opened is not None
    opening = stage.recorded(folder)
    lines = stage.read(folder, opening)
    assert any("first" in line for line in lines)
    assert not any("second" in line or "an answer" in line for line in lines), "what others wrote"
    assert stage.log()[-4:] == ["OpeningExported", "OpeningGranted", "OpeningOpened", "OpeningRead"]


def test_private_conversations_are_found_whoever_wrote_in_them(stage: Stage) -> None:
    """Theirs alone, by the headers of either side."""
    pair_of = lambda one, other: conversation_of_pair(bytes(32), one, other)  # noqa: E731
    found = private_conversations(stage.sealed, pair_of, {ALICE.id}, *stage.span)
    assert len(found) == 1
    assert private_conversations(stage.sealed, pair_of, {IdentityId(b"n" * 16)}, *stage.span) == set()
    opening = stage.ask(private=tuple(each.hex() for each in found), is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    folder = stage.export(opening)
    stage.open(folder, WORDS)
    lines = stage.read(folder, stage.recorded(folder))
    assert any("an answer" in line for line in lines)
    assert not any("second" in line for line in lines)


def test_openings_survive_a_restart_and_end_by_themselves(stage: Stage) -> None:
    """What was asked is known again; what is over is ended by who looks, once."""
    opening = stage.ask(is_emergency=True, ground=Ground.E_EVIDENCE)
    folder = stage.export(opening)
    stage.openings = stage.begun()
    (again,) = stage.openings.all()
    assert (again.id, again.state) == (opening.id, State.EXPORTED)
    stage.open(folder, WORDS)
    opening = stage.recorded(folder)
    with pytest.raises(Declined, match="recorded already"):
        stage.recorded(folder)
    assert stage.openings.end_expired(opening.request.ends_ms + READING_MS - 1) == []
    assert stage.openings.end_expired(opening.request.ends_ms + READING_MS) == [opening.id]
    assert stage.openings.all() == []
    assert stage.log()[-1] == "OpeningEnded"
    with pytest.raises(Declined, match="no such opening"):
        stage.openings.release(opening, stage.now_ms)
    assert stage.begun().all() == []


def test_the_program_withholds_what_a_false_export_adds(stage: Stage) -> None:
    """Others' lines in the same room and hour; a room that is said to be a private conversation; a wrong number."""
    opening = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    room = stage.square.chat.world.rooms["#mill"].id.hex()
    # The server, which lies to the custodians, exports for a wider request than it shows them.
    wider = replace(opening.request, accounts=(), conversations=(Subject(id=room),))
    frames = list(Bundle(stage.sealed, stage.square.archive.keys, wider, stage.now_ms).frames())
    folder = _laid(stage, opening.request, frames)
    outcome = stage.open(folder, WORDS).opened
    assert outcome is not None
    records = sum(isinstance(each, BundledRecord) for each in frames)
    theirs = sum(parse_header(each.header).author == ALICE.id for each in frames if isinstance(each, BundledRecord))
    assert (outcome.records, outcome.withheld) == (theirs, records - theirs)
    assert 0 < theirs < records
    # It calls the room a private conversation of hers.
    lied = replace(opening.request, private=(room,))
    outcome = stage.open(_laid(stage, lied, frames, "lied"), WORDS).opened
    assert outcome is not None
    texts = sum(
        parse_header(each.header).kind is RecordKind.MESSAGE and parse_header(each.header).author != ALICE.id
        for each in frames
        if isinstance(each, BundledRecord)
    )
    assert texts == 1
    assert outcome.records == theirs
    # It calls what everybody does in common private: no such request is opened.
    common = replace(opening.request, private=(PRESENCE.hex(),))
    with pytest.raises(BadFolder, match="no conversation of people"):
        stage.open(_laid(stage, common, frames, "common"), WORDS)
    # It gives a record twice: it is given once.
    twice = [each for frame in frames for each in ([frame, frame] if isinstance(frame, BundledRecord) else [frame])]
    twice[-1] = replace(twice[-1], records=2 * records)
    outcome = stage.open(_laid(stage, wider, twice, "twice"), WORDS).opened
    assert outcome is not None
    assert (outcome.records, outcome.unopened) == (records, records)
    # It gives a record another number: it is not opened, and named.
    renumbered = [replace(each, number=each.number + 1) if isinstance(each, BundledRecord) else each for each in frames]
    outcome = stage.open(_laid(stage, wider, renumbered, "renumbered"), WORDS).opened
    assert outcome is not None
    assert (outcome.records, outcome.unopened) == (0, records)


def test_what_two_others_wrote_to_each_other_is_no_private_conversation_of_theirs(stage: Stage) -> None:
    """Whatever a server says that lies: it is withheld, and what bob wrote to alice is given."""
    carol, dave = stage.square.enters("carol"), stage.square.enters("dave")
    carol.says("PRIVMSG dave :of no concern")
    dave.says("PRIVMSG carol :to anybody")
    stage.square.end_turn()
    stage.square.go_on(60)
    secret = stage.square.chat.secret
    bob = stage.square.chat.world.people["bob"].identity
    theirs = conversation_of_pair(secret, ALICE.id, bob)
    others = conversation_of_pair(secret, carol.identity, dave.identity)
    opening = stage.ask(
        private=(theirs.hex(), others.hex()), is_emergency=True, ground=Ground.THREAT_TO_LIFE, to_ms=stage.now_ms
    )
    folder = stage.export(opening)
    outcome = stage.open(folder, WORDS).opened
    assert outcome is not None
    assert outcome.withheld == 2
    lines = stage.read(folder, stage.recorded(folder))
    assert any("an answer" in line for line in lines)
    assert not any("concern" in line or "anybody" in line for line in lines)


def test_shares_of_another_key_take_nobodys_yes_out_of_the_log(stage: Stage) -> None:
    """A false quorum that uses the numbers of true shares is dropped by itself; what is counted is of the key."""
    split = custody.custodian_key(custody.public_bytes(SEED), 3, 2, 1)
    words, foreign = shares.split(SEED, 3, 2), shares.split(bytes(32), 3, 2)
    more = shares.split(bytes(32), 5, 2)[4]
    stage.openings = stage.begun()
    opening = stage.openings.ask(stage.draft(), split, HOUR_MS)
    folder = stage.export(opening)
    proceedings = stage.open(folder, words[0], foreign[0], foreign[1], more, foreign[2], words[1])
    assert proceedings.opened is not None
    assert [each.share for each in proceedings.grants] == [1, 2]


def test_nothing_that_lies_in_the_folder_keeps_shares_there(stage: Stage) -> None:
    """A folder that is called as a grant is; a pipe where a file is to be written."""
    folder = stage.export(stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE))
    (folder / "grant-00.sealed").mkdir()
    (folder / "grant-ff.sealed").mkdir()
    os.mkfifo(folder / "result.sealed.new")
    os.mkfifo(folder / "session.json.new")
    assert stage.open(folder, WORDS).opened is not None
    left = sorted(path.name for path in folder.iterdir() if path.is_file())
    assert left == ["proceedings.json", "request.json", "result.sealed", "sealed.bin"]


def test_a_file_that_somebody_else_holds_open_is_not_written_to(stage: Stage) -> None:
    """Another name of one of the custodian's own files, too."""
    folder = stage.export(stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE))
    mine = stage.folder / "mine"
    mine.write_text("as it was")
    (folder / "proceedings.json.new").hardlink_to(mine)
    stage.open(folder, wait_s=1)
    assert mine.read_text() == "as it was"


def test_an_export_holds_nothing_whose_term_is_over_even_if_its_key_is_still_there(stage: Stage) -> None:
    """Terms are ended within the hour, and after a stop by the next start."""
    asked = stage.ask().request
    ends_ms = max(key.ends_ms for key in stage.square.archive.keys.term_keys() if key.kind is TermKind.ROOMS)
    bundle = Bundle(stage.sealed, stage.square.archive.keys, asked, ends_ms)
    assert [type(frame) for frame in bundle.frames()] == [Counts]
    assert bundle.counts.closed > 0


def test_damage_keeps_nothing_else_from_being_opened(stage: Stage) -> None:
    """A header, a body and a wrap that were changed: the rest goes out, and what is damaged is counted."""
    store = stage.square.archive.store
    room = Subject(id=stage.square.chat.world.rooms["#mill"].id.hex())
    asked = stage.draft(conversations=(room,), is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    wide = replace(asked, quorum=Quorum(custodian=ALONE.id.hex(), shares=1, threshold=1))
    texts = [
        (rows, at)
        for rows in store.batches
        for at in range(0, len(rows), ROW_FIELDS)
        if parse_header(cast("bytes", rows[at + 1])).kind is RecordKind.MESSAGE
    ]
    before = len(list(Bundle(stage.sealed, stage.square.archive.keys, wide, stage.now_ms).frames()))
    (one, at_one), *_, (other, at_other) = texts
    one[at_one + 1] = b"no header"
    other[at_other + 3] = b"short"
    frames = list(Bundle(stage.sealed, stage.square.archive.keys, wide, stage.now_ms).frames())
    assert len(frames) < before
    assert any(isinstance(frame, BundledRecord) for frame in frames)
    for about, wrap in list(store.custody_wraps.items()):
        store.custody_wraps[about] = replace(wrap, wrap=bytes(64))
    outcome = stage.open(stage.export(stage.openings.ask(asked, ALONE, HOUR_MS)), WORDS).opened
    assert outcome is not None
    assert (outcome.records, outcome.unopened > 0) == (0, True)


def test_what_lies_of_openings_that_have_ended_is_deleted(stage: Stage) -> None:
    """Also where the program ended between the end of an opening and that of its folder; others' files stay."""
    opening = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    folder = stage.export(opening)
    ended = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    left = stage.export(ended)
    hidden = left.with_name(f".{ended.id}.new")
    hidden.mkdir()
    (folder.parent / "notes").mkdir()
    stage.openings.end(ended)
    opening_folder.drop_forgotten(stage.folder, stage.openings.lives)
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted([opening.id, "notes"])
    assert opening_folder.read_export(folder).request == opening.request


def test_links_on_a_stick_are_not_followed(stage: Stage) -> None:
    """Who prepared it has files of the custodian neither written nor read."""
    folder = stage.export(stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE))
    mine = stage.folder / "mine"
    mine.write_text("as it was")
    for name in ("session.json.new", "proceedings.json.new", "result.sealed.new", "grant-00.sealed"):
        (folder / name).symlink_to(mine)
        stage.open(folder, wait_s=1)
        assert mine.read_text() == "as it was"
        (folder / name).unlink(missing_ok=True)
        (folder / opening_folder.PROCEEDINGS).unlink(missing_ok=True)


def test_shares_of_another_key_open_nothing_and_do_not_stop_the_right_one(stage: Stage) -> None:
    """A quorum of a foreign key is told to be one."""
    opening = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    folder = stage.export(opening)
    proceedings = stage.open(folder, shares.split(bytes(32), 1, 1)[0], WORDS)
    assert proceedings.opened is not None
    assert len(proceedings.grants) == 1


def test_a_window_that_is_over_ends_the_program(stage: Stage) -> None:
    """It waits as long as it was told, and not longer than the request is valid; a late share finds nobody."""
    opening = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    folder = stage.export(opening)
    began_ms = stage.now_ms
    proceedings = stage.open(folder, wait_s=900)
    assert proceedings.opened is None
    assert "0 of the 1 shares" in proceedings.why
    assert stage.now_ms - began_ms == 900_000
    with pytest.raises(NotGiven, match="No program waits"):
        asked_in(folder)
    assert read_proceedings((folder / opening_folder.PROCEEDINGS).read_bytes()) == proceedings


def test_a_result_opens_with_both_halves_alone(stage: Stage) -> None:
    """Another requester's key, another release, a changed or cut file: nothing is left of what was read."""
    opening = stage.ask(is_emergency=True, ground=Ground.THREAT_TO_LIFE)
    folder = stage.export(opening)
    stage.open(folder, WORDS)
    opening = stage.recorded(folder)
    half = stage.openings.release(opening, stage.now_ms)
    other = stage.folder / "other"
    make(other)

    def reading(key: Path = stage.key, release: bytes = half, digest: bytes = opening.digest) -> bytes:
        out = stage.folder / "out"
        released = msgspec.json.encode({"request": digest.hex(), "release": release.hex()})
        with pytest.raises(NotRead) as caught:
            read_result(folder, key, released, out)
        assert not out.exists()
        return str(caught.value).encode()

    reading(key=other)
    reading(release=bytes(32))
    reading(release=b"short")
    reading(digest=bytes(32))
    sealed = folder / opening_folder.RESULT
    raw = sealed.read_bytes()
    for changed in _changes(raw):
        sealed.write_bytes(changed)
        reading()


def _changes(raw: bytes) -> Iterator[bytes]:
    yield raw[:-1]
    yield raw[: len(raw) // 2]
    yield raw[:3]
    yield raw + b"\0"
    for at in (0, 40, len(raw) // 2, len(raw) - 1):
        yield raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]


def _laid(stage: Stage, request: Request, frames: list[Frame], name: str = "false") -> Path:
    """Lay a bundle into a folder as a server that lies would."""
    opening_folder.write_export(stage.folder / name, request, frames)
    return opening_folder.publish_export(stage.folder / name, request.id)
