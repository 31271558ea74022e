"""Upkeep over both adapters: the same acts leave the same rows, all of a batch or none, and readers are not disturbed.

Source: src/parvis/ports/archive.py, `Upkeep`; src/parvis/ports/sealed.py.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.archive_stages import NOON_MS, MemoryStage, SqliteStage, Stage, a_batch, a_message, sealed
from tests.custodians import a_custodian

from parvis.archive import absences, custody
from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import CustodyWrap
from parvis.archive.record import record_id
from parvis.model.ids import ConversationId
from parvis.model.records import DataKind, Unsealed
from parvis.ports.archive import Archive, Batch, KeyPlace, Sealed, Unavailable, Upkeep, VaultKey, VaultRow
from parvis.ports.sealed import SealedStore, Wanted
from parvis.store.memory import Fault
from parvis.store.memory_sealed import MemorySealed
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

ROOMS = 3


def sealed_store(stage: Stage) -> SealedStore:
    """Give the reader of a stage."""
    if isinstance(stage, MemoryStage):
        return MemorySealed(stage.store)
    assert isinstance(stage, SqliteStage)
    return SqliteSealed(stage.data_dir)


def in_room(number: int, text: bytes) -> Unsealed:
    """Make a message in one of a few rooms."""
    message = a_message(text)
    return Unsealed(
        kind=message.kind,
        time_ms=message.time_ms,
        author=message.author,
        session=message.session,
        conversation=ConversationId(bytes([number + 1]) * 16),
        message_id=message.message_id,
        content=message.content,
    )


def vault_key(number: int) -> VaultKey:
    """Make a key of the vault."""
    return VaultKey(
        id=bytes([number]) * 16,
        kind="connections",
        day_ms=number,
        custodian=b"c" * 16,
        term_key=b"t" * 16,
        wrap=b"w",
    )


class Side:
    """One adapter, and the content keys of its rooms, which are random in each."""

    def __init__(self, stage: Stage) -> None:
        """Open it."""
        self.stage = stage
        self.archive: Archive = stage.archive()
        self.archive.open(NOON_MS)
        self.sealed = sealed_store(stage)
        sealed(stage, self.archive, Batch([in_room(room, b"first") for room in range(ROOMS)]))
        keys = {key.conversation[0]: key.id for key in self.sealed.content_keys() if key.conversation[0]}
        self.keys = [keys[room + 1] for room in range(ROOMS)]

    def do(self, act: tuple[str, int]) -> None:
        """Do one act."""
        what, number = act
        key = self.keys[number % ROOMS]
        term = bytes([number]) * 16
        match what:
            case "say":
                batch = Batch([in_room(number % ROOMS, b"%d" % number)])
            case "erase":
                batch = Batch([], upkeep=[Upkeep(erase=(record_id(1, 1 + number % 7),))])
            case "close":
                batch = Batch([], upkeep=[Upkeep(close_visible=(key,))])
            case "wrap":
                wrap = CustodyWrap(content_key=key, custodian=b"c" * 16, term_key=term, wrap=b"%d" % number)
                batch = Batch([in_room(0, b"told")], upkeep=[Upkeep(add_wraps=(wrap,))])
            case "unwrap":
                batch = Batch([], upkeep=[Upkeep(drop_wraps=((key, term),))])
            case "place":
                place = KeyPlace(key=key, data=DataKind.PRIVATE, first_id=number + 1)
                batch = Batch([], upkeep=[Upkeep(place_keys=(place,))])
            case "note":
                noted = (Absence(first_id=record_id(1, 1), last_id=record_id(1, 1 + number), why=Why.TERM),)
                batch = Batch([], upkeep=[Upkeep(absences=noted)])
            case "vault":
                rows = tuple(VaultRow(key=term, sealed=b"%d" % row) for row in range(number * 20))
                is_new = all(each.id != term for each in self.sealed.vault_keys())
                batch = Batch([], upkeep=[Upkeep(vault_keys=(vault_key(number),) if is_new else (), vault=rows)])
            case "unvault":
                batch = Batch([], upkeep=[Upkeep(drop_vault=(term,))])
            case _:
                key_of = custody.custodian_key(custody.public_bytes(bytes([number]) * 32), 1, 1, NOON_MS + number)
                batch = Batch([], upkeep=[Upkeep(custodian=key_of)])
        assert isinstance(sealed(self.stage, self.archive, batch), Sealed)

    def seen(self) -> list[object]:
        """Give all that is stored, without what is random."""
        names = {key: number for number, key in enumerate(self.keys)}
        rows = [(row.number, row.header is None, row.salt is None) for row in self.sealed.rows(Wanted())]
        keys = sorted(
            (names[key.id], key.hour, key.run, key.data, key.first_id, key.visible_wrap is None)
            for key in self.sealed.content_keys()
            if key.id in names
        )
        wraps = [
            (names[wrap.content_key], wrap.term_key, wrap.wrap)
            for number in range(16)
            for wrap in sorted(
                self.sealed.wraps_under([bytes([number]) * 16]), key=lambda wrap: names[wrap.content_key]
            )
        ]
        vault = [
            (each.id, each.day_ms, [row.sealed for row in self.sealed.vault_rows(each.id)])
            for each in self.sealed.vault_keys()
        ]
        custodians = [each.id for each in self.sealed.custodians()[1:]]
        head = self.sealed.head()
        leaves = [number for number, _ in self.sealed.leaves(record_id(1, 2), 5)]
        return [rows, keys, wraps, vault, custodians, self.sealed.absences(), head, leaves, self.sealed.undelivered()]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["say", "erase", "close", "wrap", "unwrap", "place", "note", "vault", "unvault", "custodian"]),
        st.integers(0, 15),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(acts=ACTS)
def test_both_adapters_give_the_same_rows_after_the_same_acts(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    """Whatever is done in whatever order; custodians' keys are set once each, in order of time."""
    changes = sorted({number for what, number in acts if what == "custodian"})
    ordered = [act for act in acts if act[0] != "custodian"] + [("custodian", number + 1) for number in changes]
    sides = [Side(MemoryStage(Path())), Side(SqliteStage(tmp_path_factory.mktemp("acts")))]
    for act in ordered:
        for side in sides:
            side.do(act)
    memory, sqlite = sides
    assert memory.seen() == sqlite.seen()
    sqlite.archive.close()


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    """Give a stage of each adapter."""
    made: Stage = request.param(tmp_path)
    return made


@pytest.mark.parametrize("fault", [Fault.FAILS, Fault.UNKNOWN])
def test_upkeep_is_kept_with_its_batch_or_not_at_all(stage: Stage, fault: Fault) -> None:
    """A commit that fails changes nothing; one of unknown outcome changed all, and is tried again without harm."""
    side = Side(stage)
    wrap = CustodyWrap(content_key=side.keys[0], custodian=b"c" * 16, term_key=b"h" * 16, wrap=b"held")
    noted = (Absence(first_id=record_id(1, 2), last_id=record_id(1, 2), why=Why.ERASURE),)
    upkeep = Upkeep(erase=(record_id(1, 2),), close_visible=(side.keys[1],), add_wraps=(wrap,), absences=noted)
    batch = Batch([in_room(0, b"told")], upkeep=[upkeep])
    before = side.seen()
    stage.let_fail(fault)
    assert isinstance(sealed(stage, side.archive, batch), Unavailable)
    if fault is Fault.FAILS:
        assert side.seen() == before
    assert isinstance(sealed(stage, side.archive, batch), Sealed)
    (row,) = side.sealed.rows(Wanted(first_id=record_id(1, 2), last_id=record_id(1, 2)))
    assert row.header is None
    assert [each.wrap for each in side.sealed.wraps_under([b"h" * 16])] == [b"held"]
    assert side.sealed.absences() == list(noted)
    closed = side.sealed.content_key(side.keys[1])
    assert closed is not None
    assert closed.visible_wrap is None
    side.archive.close()


def test_what_goes_is_overwritten_in_the_files(tmp_path: Path) -> None:
    """After `truncate`, no byte of an erased body or a closed wrap is in database or log."""
    stage = SqliteStage(tmp_path)
    side = Side(stage)
    (row,) = side.sealed.rows(Wanted(first_id=record_id(1, 2), last_id=record_id(1, 2)))
    key = side.sealed.content_key(side.keys[1])
    assert key is not None
    assert key.visible_wrap is not None
    assert row.ciphertext is not None
    assert row.salt is not None
    upkeep = Upkeep(erase=(row.number,), close_visible=(side.keys[1],), truncate=True)
    sealed(stage, side.archive, Batch([], upkeep=[upkeep]))
    log = stage.data_dir / (DATABASE_NAME + "-wal")
    end = time.monotonic() + 10
    while log.stat().st_size and time.monotonic() < end:
        time.sleep(0.02)
    raw = log.read_bytes() + (stage.data_dir / DATABASE_NAME).read_bytes()
    assert [gone in raw for gone in (row.ciphertext, row.salt, key.visible_wrap)] == [False] * 3
    side.archive.close()


def test_readers_beside_the_writer_see_whole_batches_and_stop_nobody(tmp_path: Path) -> None:
    """Rows, keys, history's own reader and the check run over and over while batches and upkeep are written."""
    stage = SqliteStage(tmp_path)
    side = Side(stage)
    ends = threading.Event()
    faults: list[BaseException] = []
    rounds = [0, 0, 0, 0]

    def reading(which: int, read: Callable[[], None]) -> threading.Thread:
        def act() -> None:
            try:
                while not ends.is_set():
                    read()
                    rounds[which] += 1
            except BaseException as fault:  # noqa: BLE001  # a thread's fault is the test's
                faults.append(fault)

        return threading.Thread(target=act)

    def rows() -> None:
        store = SqliteSealed(stage.data_dir)
        numbers = [row.number for row in store.rows(Wanted())]
        assert numbers == sorted(set(numbers))
        noted = {each.first_id for each in store.absences()}
        erased = {row.number for row in store.rows(Wanted()) if row.header is None}
        # Noted with the erasure, and read before it: what is noted is gone.
        assert noted <= erased

    def keys() -> None:
        store = SqliteSealed(stage.data_dir)
        for key in store.content_keys():
            assert store.wraps_of(key.id)

    def check() -> None:
        # What is noted with an erasure is read before it or after it: a body may be gone that was not noted then.
        report = verify_archive(stage.data_dir)
        assert [problem for problem in report.problems if "absent" not in problem.what] == []

    def everything() -> None:
        assert all(record.header.run == 1 for record in opened_records(stage.data_dir))

    readers = [
        reading(0, rows),
        reading(1, keys),
        reading(2, check),
        reading(3, everything),
    ]
    for reader in readers:
        reader.start()
    slowest = 0.0
    noted: tuple[Absence, ...] = ()
    for number in range(60):
        at = record_id(1, 5 + number)
        upkeep: list[Upkeep] = []
        if number % 2:
            noted = absences.merge(noted, [Absence(first_id=at, last_id=at, why=Why.ERASURE)])
            upkeep.append(Upkeep(absences=noted, erase=(at,), truncate=number % 7 == 0))
        began = time.monotonic()
        room = [in_room(0, b"%d" % line) for line in range(3)]
        outcome = sealed(stage, side.archive, Batch(room, upkeep=upkeep))
        slowest = max(slowest, time.monotonic() - began)
        assert isinstance(outcome, Sealed)
    ends.set()
    for reader in readers:
        reader.join(30)
    side.archive.close()
    assert faults == []
    assert min(rounds) > 0
    # A commit waits for no reader: it would be the busy timeout of five seconds.
    assert slowest < 4


def test_a_reader_that_stays_holds_back_the_log_and_not_the_writer(tmp_path: Path) -> None:
    """What `truncate` asks for is tried again in each moment of rest, and done once the reader has gone."""
    stage = SqliteStage(tmp_path)
    side = Side(stage)
    log = stage.data_dir / (DATABASE_NAME + "-wal")
    with closing(sqlite3.connect(stage.data_dir / DATABASE_NAME, isolation_level=None)) as staying:
        staying.execute("BEGIN")
        staying.execute("SELECT count(*) FROM records").fetchone()
        outcome = sealed(stage, side.archive, Batch([], upkeep=[Upkeep(erase=(record_id(1, 2),), truncate=True)]))
        assert isinstance(outcome, Sealed)
        # The writer rests, tries to empty the log, and must not wait for the reader with a batch behind it.
        time.sleep(0.3)
        began = time.monotonic()
        assert isinstance(sealed(stage, side.archive, a_batch(b"meanwhile")), Sealed)
        assert time.monotonic() - began < 2
        assert log.stat().st_size > 0
    end = time.monotonic() + 15
    while log.stat().st_size and time.monotonic() < end:
        time.sleep(0.05)
    assert log.stat().st_size == 0
    side.archive.close()
    assert a_custodian().id == side.sealed.custodians()[0].id
