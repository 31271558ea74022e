"""Holds and erasures over every adapter: what is covered stays, all else goes, and each step can be done again.

Source: docs/adr/0026-holds-access-and-erasure.md; issue 4, items 7 and 8.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.contract.archive_stages import NOON_MS, MemoryStage, SqliteStage, Stage, a_message, sealed
from tests.contract.ending import Crash, Ground
from tests.custodians import SEED
from tests.rights import pair_of

from parvis.archive import custody
from parvis.archive.absences import Why, covers, digest
from parvis.archive.content_keys import CONTENT_KEY_BYTES, ContentKey, custody_info
from parvis.archive.record import parse_header
from parvis.archive.terms import DAY_MS, HOUR_MS, YEAR_MS, TermKind, new_term_key
from parvis.legal.erasure import Erasure
from parvis.legal.holds import Ground as Why_
from parvis.legal.holds import Hold
from parvis.model.audit import (
    AuditEntry,
    Erased,
    ErasureAsked,
    HoldEnded,
    HoldExtended,
    HoldKept,
    HoldPlaced,
    read_entry,
)
from parvis.model.ids import AUDIT, DECISIONS, ConversationId, IdentityId
from parvis.model.kept import KeptKind, read
from parvis.model.records import DataKind, RecordKind, Unsealed
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds, NotHeld
from parvis.ports.archive import Batch, Sealed, Upkeep, VaultKey, VaultRow
from parvis.ports.sealed import StoredKey, Wanted
from parvis.store.memory import MemoryArchive
from parvis.store.sqlite.verifying import verify_archive

ADA, BEN, EVE = (IdentityId(letter * 16) for letter in (b"a", b"b", b"e"))
ROOM, OTHER = ConversationId(b"r" * 16), ConversationId(b"o" * 16)
WINDOW_MS = 7 * DAY_MS
END_OF_TERM_MS = NOON_MS + DAY_MS + YEAR_MS


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Give a stage of each adapter, and close what is left open on it."""
    made: Stage = request.param(tmp_path)
    yield made
    if isinstance(made, SqliteStage):
        made.driver.goes_on.set()
        for archive in made.made:
            archive.close()


class Square:
    """An archive with its terms, holds and erasures."""

    def __init__(self, stage: Stage, ground: Ground | None = None) -> None:
        """Open it, and know again what was kept."""
        self.stage = stage
        self.ground = ground or Ground(stage)
        self.hidden: list[IdentityId] = []
        ids = count(1)
        self.holds = Holds(
            self.ground.journal, self.ground.sealed, self.ground.keys, pair_of, lambda n: next(ids).to_bytes(n, "big")
        )
        self.ground.rewrap = self.holds.rewrap
        self.erasures = Erasures(
            self.ground.journal, self.ground.sealed, self.ground.absences, self.holds, WINDOW_MS, self.hidden.append
        )
        for each in self.ground.sealed.kept(KeptKind.HOLD):
            self.holds.restore(read(each, Hold))
        for each in self.ground.sealed.kept(KeptKind.ERASURE):
            self.erasures.restore(read(each, Erasure))

    def says(
        self,
        line: bytes,
        author: IdentityId = ADA,
        conversation: ConversationId = ROOM,
        data: DataKind = DataKind.ROOMS,
        kind: RecordKind = RecordKind.MESSAGE,
    ) -> None:
        """Have somebody say something now."""
        message = a_message(line, self.stage.clock())
        record = replace(message, author=author, conversation=conversation, data=data, kind=kind)
        assert isinstance(sealed(self.stage, self.ground.archive, Batch([record])), Sealed)

    def at(self, now_ms: int) -> None:
        """Let time pass, and the job run."""
        self.stage.clock.now_ms = now_ms
        self.run()

    def run(self) -> None:
        """Do what the job does."""
        now_ms = self.stage.clock()
        self.holds.end_due(now_ms)
        self.ground.ender.run(now_ms)
        self.holds.forget_ended()
        self.erasures.run(now_ms, now=True)

    def place(self, **chosen: object) -> Hold:
        """Place a hold on a ground that allows a year."""
        now_ms = self.stage.clock()
        wanted = Hold(
            id=b"",
            from_ms=0,
            until_ms=now_ms + 300 * DAY_MS,
            ground=Why_.JUDICIAL,
            reference="2026/1",
            placed_ms=now_ms,
            ends_ms=now_ms + 300 * DAY_MS,
        )
        return self.holds.place(replace(wanted, **chosen), "operator")

    def erase(self, identity: IdentityId, *, at_once: bool = True) -> None:
        """Have somebody erased."""
        asked = self.erasures.ask(identity, self.stage.clock(), at_once=at_once, by="operator")
        self.ground.journal.write([asked.record], kept=[asked.keep])

    def left(self) -> list[tuple[bytes, bytes]]:
        """Give author and conversation of every message whose body is there."""
        headers = [parse_header(row.header) for row in self.ground.sealed.rows(Wanted()) if row.header is not None]
        kinds = (RecordKind.MESSAGE, RecordKind.REDACTED, RecordKind.DECISION)
        return [(header.author, header.conversation) for header in headers if header.kind in kinds]

    def opened_by_custodians(self) -> list[ConversationId]:
        """Open what custodians can, with the key store of this moment."""
        memory = self.ground.archive
        seed = memory.store.custodian_seed if isinstance(memory, MemoryArchive) else SEED
        private = custody.private_key(seed)
        term_keys = {key.id: key for key in self.ground.keys.term_keys()}
        found = []
        for key in self.ground.sealed.content_keys():
            for wrap in self.ground.sealed.wraps_of(key.id):
                if wrap.term_key in term_keys and key.conversation != AUDIT:
                    inside = custody.lift_term(wrap.wrap, term_keys[wrap.term_key], key.id)
                    info = custody_info(_named(key), wrap.custodian)
                    assert len(custody.open_sealed(private, inside, info)) == CONTENT_KEY_BYTES
                    found.append(key.conversation)
        return found

    def audit(self) -> list[AuditEntry]:
        """Read the audit."""
        return [read_entry(record.line) for record in self.stage.records() if record.header.kind is RecordKind.AUDIT]

    def is_whole(self) -> None:
        """Check that every absent body is covered, and that the audit has the digest of what covers it."""
        absences = self.ground.sealed.absences()
        is_covered = covers(absences)
        for row in self.ground.sealed.rows(Wanted()):
            assert row.header is not None or is_covered(row.number)
        told = [entry.absences for entry in self.audit() if hasattr(entry, "absences")]
        if absences:
            assert told[-1] == digest(absences).hex()
        if isinstance(self.stage, SqliteStage):
            assert verify_archive(self.stage.data_dir).problems == []


def _named(key: StoredKey) -> ContentKey:
    """Name a content key that nobody here can open."""
    return ContentKey(id=key.id, conversation=key.conversation, hour=key.hour, run=key.run, key=b"")


# Terms and holds.


def test_what_a_hold_covers_outlasts_its_term_and_nothing_else_does(stage: Stage) -> None:
    """The same hour of the same room: the held author's words stay, the other's go, and custodians still open them."""
    square = Square(stage)
    square.says(b"held", ADA)
    square.says(b"not held", BEN)
    square.says(b"elsewhere", BEN, OTHER)
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    square.place(accounts=(ADA,))
    square.at(END_OF_TERM_MS)
    assert square.left() == [(ADA, ROOM)]
    assert ROOM in square.opened_by_custodians()
    assert OTHER not in square.opened_by_custodians()
    assert [entry.content_keys for entry in square.audit() if isinstance(entry, HoldKept)] == [1]
    square.is_whole()


def test_a_hold_lets_go_by_itself_at_its_end(stage: Stage) -> None:
    """Key, wraps, content key and bodies go; the audit says that it ended; nothing is kept of it."""
    square = Square(stage)
    square.says(b"held")
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    hold = square.place(accounts=(ADA,))
    square.at(END_OF_TERM_MS)
    square.at(hold.ends_ms - 1)
    assert square.left() == [(ADA, ROOM)]
    square.at(hold.ends_ms)
    assert square.left() == []
    assert square.opened_by_custodians() == []
    assert square.holds.listed() == []
    assert square.ground.sealed.kept(KeptKind.HOLD) == []
    assert all(key.kind is not TermKind.HOLD for key in square.ground.keys.term_keys())
    assert [(entry.hold, entry.reason) for entry in square.audit() if isinstance(entry, HoldEnded)] == [(hold.name, "")]
    square.is_whole()


def test_a_hold_that_ends_before_the_term_changes_nothing(stage: Stage) -> None:
    """What has a term of its own stays for it."""
    square = Square(stage)
    square.says(b"one")
    hold = square.place(accounts=(ADA,))
    square.at(hold.ends_ms)
    assert square.left() == [(ADA, ROOM)]
    square.at(END_OF_TERM_MS)
    assert square.left() == []


def test_overlapping_holds_each_count(stage: Stage) -> None:
    """The end of one takes what it alone covers; one placed when the term is long over takes over from the other."""
    square = Square(stage)
    square.says(b"ada")
    square.says(b"ben", BEN)
    square.says(b"eve", EVE)
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    first = square.place(accounts=(ADA, BEN))
    square.at(END_OF_TERM_MS)
    assert square.left() == [(ADA, ROOM), (BEN, ROOM)]
    second = square.place(accounts=(BEN, EVE))
    square.at(first.ends_ms)
    assert square.left() == [(BEN, ROOM)]
    assert ROOM in square.opened_by_custodians()
    square.at(second.ends_ms)
    assert square.left() == []
    square.is_whole()


def test_an_extension_is_a_new_decision_with_the_same_key(stage: Stage) -> None:
    """It is in the audit, and what was wrapped already stays open to custodians."""
    square = Square(stage)
    square.says(b"held")
    stage.clock.now_ms = END_OF_TERM_MS - 40 * DAY_MS
    ends_ms = stage.clock() + 60 * DAY_MS
    hold = square.place(accounts=(ADA,), ground=Why_.EPOC_PR, ends_ms=ends_ms, until_ms=ends_ms)
    square.at(END_OF_TERM_MS)
    longer = square.holds.extend(hold, ends_ms + 30 * DAY_MS, "2026/1 bis", stage.clock(), "operator")
    assert (longer.term_key, longer.extended) == (hold.term_key, 1)
    square.at(ends_ms)
    assert square.left() == [(ADA, ROOM)]
    with pytest.raises(NotHeld, match="once"):
        square.holds.extend(longer, longer.ends_ms + DAY_MS, "", stage.clock(), "operator")
    square.at(longer.ends_ms)
    assert square.left() == []
    (entry,) = [entry for entry in square.audit() if isinstance(entry, HoldExtended)]
    assert (entry.reference, entry.ends_ms) == ("2026/1 bis", longer.ends_ms)


def test_a_key_store_from_before_an_extension_does_not_end_a_hold(stage: Stage) -> None:
    """Its key ended earlier then. The hold is what counts, and it is in the database."""
    square = Square(stage)
    square.says(b"one")
    hold = square.place(accounts=(ADA,), ends_ms=NOON_MS + 300 * DAY_MS)
    before = [key for key in square.ground.keys.term_keys() if key.id == hold.term_key]
    stage.clock.now_ms = NOON_MS + 290 * DAY_MS
    longer = square.holds.extend(hold, NOON_MS + 600 * DAY_MS, "", stage.clock(), "operator")
    square.at(END_OF_TERM_MS)
    assert square.left() == [(ADA, ROOM)]
    square.ground.keys.change_term_keys(add=before, destroy=[hold.term_key])
    square.at(END_OF_TERM_MS + HOUR_MS)
    assert square.left() == [(ADA, ROOM)]
    assert square.opened_by_custodians() == [ROOM]
    square.at(longer.ends_ms)
    assert square.left() == []


def test_a_key_store_from_before_a_hold_does_not_take_its_force(stage: Stage) -> None:
    """It gets another key, under which what it covers is kept from then on."""
    square = Square(stage)
    square.says(b"one")
    square.says(b"two", author=BEN)
    hold = square.place(accounts=(ADA,), ends_ms=NOON_MS + 300 * DAY_MS)
    hold = square.holds.extend(hold, NOON_MS + 600 * DAY_MS, "", stage.clock(), "operator")
    square.ground.keys.change_term_keys(destroy=[hold.term_key])
    square = Square(stage, square.ground)
    square.at(END_OF_TERM_MS)
    assert square.left() == [(ADA, ROOM)]
    assert square.opened_by_custodians() == [ROOM]
    square.at(hold.ends_ms)
    assert square.left() == []
    assert square.ground.sealed.kept(KeptKind.HOLD) == []


def test_an_end_before_its_time_has_a_reason_and_works_at_once(stage: Stage) -> None:
    """Ending it again is refused."""
    square = Square(stage)
    square.says(b"held")
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    hold = square.place(accounts=(ADA,))
    square.at(END_OF_TERM_MS)
    for words in ("two\nlines", "\x1b[2J", "x" * 201):
        with pytest.raises(NotHeld, match="one line"):
            square.holds.release(hold, words, stage.clock(), "operator")
        with pytest.raises(NotHeld, match="one line"):
            square.holds.extend(hold, hold.ends_ms + 1, words, stage.clock(), "operator")
    square.holds.release(hold, "the order was quashed", stage.clock(), "operator")
    with pytest.raises(NotHeld, match="has ended"):
        square.holds.extend(hold, hold.ends_ms + 1, "", stage.clock(), "operator")
    with pytest.raises(NotHeld, match="has ended"):
        square.holds.release(hold, "again", stage.clock(), "operator")
    square.run()
    assert square.left() == []
    (entry,) = [entry for entry in square.audit() if isinstance(entry, HoldEnded)]
    assert (entry.by, entry.reason) == ("operator", "the order was quashed")


def test_the_span_bounds_a_hold(stage: Stage) -> None:
    """What was written before and after it goes with its term."""
    square = Square(stage)
    square.says(b"before")
    stage.clock.now_ms = NOON_MS + DAY_MS
    square.says(b"within", conversation=OTHER)
    stage.clock.now_ms = NOON_MS + 2 * DAY_MS
    square.says(b"after")
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    square.place(accounts=(ADA,), from_ms=NOON_MS + 1, until_ms=NOON_MS + DAY_MS + 1)
    square.at(END_OF_TERM_MS + 3 * DAY_MS)
    assert square.left() == [(ADA, OTHER)]


def test_a_hold_on_an_account_covers_what_was_written_to_it_in_private(stage: Stage) -> None:
    """And not what others wrote to each other."""
    square = Square(stage)
    for author, one, other in ((BEN, BEN, ADA), (BEN, BEN, EVE)):
        square.says(b"private", author, pair_of(one, other), DataKind.PRIVATE)
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    square.place(accounts=(ADA,))
    square.at(END_OF_TERM_MS)
    assert square.left() == [(BEN, pair_of(ADA, BEN))]


def test_days_of_the_vault_stay_for_the_hold_that_ends_last(stage: Stage) -> None:
    """One wrap for all: when the first hold ends, the next has it; then the rows go."""
    square = Square(stage)
    day_ms = NOON_MS // DAY_MS * DAY_MS
    term = new_term_key(TermKind.CONNECTIONS, YEAR_MS, day_ms, lambda n: b"t" * n)
    square.ground.keys.change_term_keys(add=[term])
    wrap = custody.under_term(b"sealed to custodians", term, b"v" * 16, bytes(12))
    key = VaultKey(id=b"v" * 16, kind="connections", day_ms=day_ms, custodian=b"c" * 16, term_key=term.id, wrap=wrap)
    rows = (VaultRow(key=key.id, sealed=b"row"),)
    square.ground.journal.write(upkeep=[Upkeep(vault_keys=(key,), vault=rows)])
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    first = square.place(accounts=(ADA,), vault=True)
    square.at(END_OF_TERM_MS)
    second = square.place(accounts=(BEN,), vault=True)
    square.at(first.ends_ms)
    (held,) = square.ground.sealed.vault_keys()
    (own,) = [each for each in square.ground.keys.term_keys() if each.id == second.term_key]
    assert custody.lift_term(held.wrap, own, held.id) == b"sealed to custodians"
    assert list(square.ground.sealed.vault_rows(key.id)) == list(rows)
    square.at(second.ends_ms)
    assert square.ground.sealed.vault_keys() == []
    assert list(square.ground.sealed.vault_rows(key.id)) == []


def test_a_hold_is_known_after_a_restart(stage: Stage) -> None:
    """It is kept with its record, and its key is in the key store."""
    square = Square(stage)
    square.says(b"held")
    hold = square.place(accounts=(ADA,))
    square.ground.archive.close()
    again = Square(stage)
    assert again.holds.listed() == [hold]
    assert again.holds.named(hold.name) == hold
    with pytest.raises(NotHeld, match="no hold"):
        again.holds.named("ff")


def test_what_cannot_be_placed_is_refused_and_leaves_nothing(stage: Stage) -> None:
    """No key, no record."""
    square = Square(stage)
    before = len(square.ground.keys.term_keys())
    with pytest.raises(NotHeld, match="60 days"):
        square.place(accounts=(ADA,), ground=Why_.EPOC_PR)
    assert len(square.ground.keys.term_keys()) == before
    assert [entry for entry in square.audit() if isinstance(entry, HoldPlaced)] == []


# Erasures.


def test_an_erasure_takes_every_body_of_its_author_and_leaves_the_leaves(stage: Stage) -> None:
    """Header, salt and ciphertext go; leaves, decisions and the words of others stay; the audit names nobody."""
    square = Square(stage)
    for author in (ADA, BEN, ADA):
        square.says(b"words", author)
    square.says(b":op DECISION x", ADA, DECISIONS, DataKind.DECISIONS, RecordKind.DECISION)
    leaves = square.ground.sealed.leaves(0, 100)
    square.erase(ADA)
    square.run()
    assert square.hidden == [ADA]
    assert square.left() == [(BEN, ROOM), (ADA, DECISIONS)]
    assert square.ground.sealed.leaves(0, 100)[: len(leaves)] == leaves
    assert {absence.why for absence in square.ground.sealed.absences()} == {Why.ERASURE}
    assert [entry.records for entry in square.audit() if isinstance(entry, Erased)] == [2]
    assert ADA.hex() not in "".join(map(repr, square.audit()))
    assert square.ground.sealed.kept(KeptKind.ERASURE) == []
    square.is_whole()


def test_an_erasure_waits_for_the_report_window_where_a_member_asks(stage: Stage) -> None:
    """Whoever harasses does not erase the evidence; nobody is shown it meanwhile, after a restart either."""
    square = Square(stage)
    square.says(b"words")
    square.erase(ADA, at_once=False)
    square.at(NOON_MS + WINDOW_MS - 1)
    assert square.left() == [(ADA, ROOM)]
    square.ground.archive.close()
    again = Square(stage)
    assert again.hidden == [ADA]
    assert again.erasures.waiting() == 1
    again.at(NOON_MS + WINDOW_MS)
    assert again.left() == []
    assert again.erasures.waiting() == 0
    assert [entry.due_ms for entry in again.audit() if isinstance(entry, ErasureAsked)] == [NOON_MS + WINDOW_MS]


def test_what_a_hold_covers_is_erased_when_it_ends(stage: Stage) -> None:
    """The rest goes at once."""
    square = Square(stage)
    square.says(b"held")
    square.says(b"not held", conversation=OTHER)
    hold = square.place(accounts=(ADA,), conversations=(ROOM,))
    square.erase(ADA)
    square.run()
    assert square.left() == [(ADA, ROOM)]
    assert square.erasures.waiting() == 1
    square.at(hold.ends_ms)
    assert square.left() == []
    assert square.erasures.waiting() == 0
    square.is_whole()


def test_a_hold_over_an_erasure_outlasts_the_term_too(stage: Stage) -> None:
    """Erasure, then the term, then the hold: each takes what is its own."""
    square = Square(stage)
    square.says(b"held")
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS
    hold = square.place(accounts=(ADA,))
    square.erase(ADA)
    square.at(END_OF_TERM_MS)
    assert square.left() == [(ADA, ROOM)]
    square.at(hold.ends_ms)
    assert square.left() == []
    assert square.erasures.waiting() == 0
    square.is_whole()


def test_words_that_were_taken_back_do_not_come_back(stage: Stage) -> None:
    """Who took back somebody else's words is erased: that record stays until nobody can fetch the words any more."""
    square = Square(stage)
    square.says(b"words", BEN)
    square.says(b":ada REDACT #r id", ADA, kind=RecordKind.REDACTED)
    square.erase(ADA)
    square.run()
    assert square.left() == [(BEN, ROOM), (ADA, ROOM)]
    square.at(NOON_MS + WINDOW_MS)
    assert square.left() == [(BEN, ROOM)]


def test_an_erasure_of_many_records_goes_in_parts(stage: Stage) -> None:
    """No part is larger than others can wait for."""
    square = Square(stage)
    records = [replace(a_message(b"x", stage.clock()), author=ADA) for _ in range(600)]
    assert isinstance(sealed(stage, square.ground.archive, Batch(list[Unsealed](records))), Sealed)
    square.erase(ADA)
    before = square.ground.journal.writes
    square.run()
    assert square.ground.journal.writes - before >= 5
    assert square.left() == []
    assert len(square.ground.sealed.absences()) == 1


@pytest.mark.parametrize("step", range(14))
def test_a_crash_at_any_step_is_finished_by_the_next_run(stage: Stage, step: int) -> None:
    """Placed, re-wrapped, ended, erased: the server ends before one of the writes, and the next one goes on."""
    square = Square(stage)
    square.says(b"held")
    square.says(b"ben", BEN)
    stage.clock.now_ms = NOON_MS + 200 * DAY_MS

    def crash(number: int) -> None:
        if number == step:
            raise Crash

    square.ground.journal.before = crash
    hold_ends_ms = stage.clock() + 300 * DAY_MS
    acts: tuple[Callable[[Square], object], ...] = (
        lambda here: here.place(accounts=(ADA,)),
        lambda here: here.erase(BEN),
        lambda here: here.run(),
        lambda here: here.at(END_OF_TERM_MS),
        lambda here: here.at(hold_ends_ms),
    )
    has_crashed = False
    for act in acts:
        try:
            act(square)
        except Crash:
            has_crashed = True
            square.ground.archive.close()
            square = Square(stage)
            act(square)
        if act is acts[3]:
            assert square.left() == [(ADA, ROOM)]
    assert has_crashed
    assert square.left() == []
    assert square.holds.listed() == []
    assert square.erasures.waiting() == 0
    square.is_whole()
