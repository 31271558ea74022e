"""The three windows: what the server can read itself, and that after the longest it cannot.

Source: DESIGN, "Sealing, in short"; issue 4, item 1; SECURITY.md, which says the same.

The copy that is tried is of everything the server has: data folder with write-ahead log, key store, configuration.
"""

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, ROOM, Clock, SqliteStage, a_message
from tests.contract.ending import Ground
from tests.custodians import SEED, a_custodian
from tests.promises.harness import HeardClient, Square
from tests.promises.stolen import everything, holds_words, readable
from tests.server import serving

from parvis.archive.content_keys import ContentKey
from parvis.archive.terms import DAY_MS, HOUR_MS, VISIBLE_TERM_MS, TermKind
from parvis.model.records import DataKind
from parvis.ports.archive import Batch
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.history import SqliteHistory

CAPS = ("batch", "message-tags", "server-time", "draft/chathistory")
WORDS = "the treasure is under the oak"
LINE = f":anna PRIVMSG #nave :{WORDS}".encode()
PRIVATE = b":anna PRIVMSG bert :meet me by the well"
MIDNIGHT_MS = NOON_MS - NOON_MS % DAY_MS
CLOSED_MS = MIDNIGHT_MS + DAY_MS + VISIBLE_TERM_MS
"""The end of the longest window of what was said at noon."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    yield made
    for archive in made.made:
        archive.close()


def a_square(stage: SqliteStage) -> Ground:
    """Seal something in a room and something between two people."""
    ground = Ground(stage)
    ground.says(LINE)
    ground.says(PRIVATE, conversation=b"p" * 16, data=DataKind.PRIVATE)
    return ground


@pytest.mark.parametrize("after_ms", [0, HOUR_MS, VISIBLE_TERM_MS])
def test_inside_the_window_the_server_can_read(stage: SqliteStage, after_ms: int) -> None:
    """Rooms and private messages alike, without any custodian: SECURITY says so plainly."""
    ground = a_square(stage)
    stage.clock.now_ms = NOON_MS + after_ms
    ground.ender.run(stage.clock())
    assert {LINE, PRIVATE} <= set(readable(stage.data_dir))


def test_after_the_longest_window_the_server_cannot_read(stage: SqliteStage) -> None:
    """With every key it has, over every wrap and row it has; custodians still can."""
    ground = a_square(stage)
    stage.clock.now_ms = CLOSED_MS - 1
    ground.ender.run(stage.clock())
    assert {LINE, PRIVATE} <= set(readable(stage.data_dir))
    stage.clock.now_ms = CLOSED_MS
    ground.ender.run(stage.clock())
    assert {LINE, PRIVATE}.isdisjoint(readable(stage.data_dir))
    assert {LINE, PRIVATE} <= set(readable(stage.data_dir, SEED))


@pytest.mark.parametrize("at_ms", [NOON_MS, CLOSED_MS])
def test_the_words_stand_in_clear_in_no_file_at_any_time(stage: SqliteStage, at_ms: int) -> None:
    """Neither in the database nor in its log nor beside them, in any form that a search would find."""
    ground = a_square(stage)
    stage.clock.now_ms = at_ms
    ground.ender.run(stage.clock())
    for name, raw in everything(stage.data_dir).items():
        assert not holds_words(raw, WORDS.encode()), name
        assert not holds_words(raw, b"meet me by the well"), name
    assert holds_words(b"x" + WORDS.encode(), WORDS.encode())


def test_no_opened_key_stays_in_memory_after_the_window(stage: SqliteStage) -> None:
    """Who has just read history leaves no content key behind, nor does whoever sealed it."""
    ground = a_square(stage)
    archive = stage.made[-1]
    history = SqliteHistory(stage.data_dir, lambda: archive.keys, lambda one, other: ROOM)
    room = next(key for key in ground.sealed.content_keys() if key.conversation == ROOM)
    assert history._key(room.id) is not None
    ground.ender._forget_keys = history.forget_keys
    stage.clock.now_ms = CLOSED_MS
    ground.ender.run(stage.clock())
    gc.collect()
    held = [each for each in gc.get_objects() if isinstance(each, SqliteHistory) and each._finder is not None]
    assert held == []
    assert history._key(room.id) is None
    assert not any(isinstance(each, ContentKey) and each.id == room.id for each in gc.get_objects())
    history.close()


def test_a_finder_gives_no_key_whose_term_key_is_gone(stage: SqliteStage) -> None:
    """Even where nobody told it to forget."""
    ground = a_square(stage)
    archive = stage.made[-1]
    history = SqliteHistory(stage.data_dir, lambda: archive.keys, lambda one, other: ROOM)
    room = next(key for key in ground.sealed.content_keys() if key.conversation == ROOM)
    assert history._key(room.id) is not None
    assert room.visible_term is not None
    ground.keys.change_term_keys(destroy={room.visible_term})
    assert history._key(room.id) is None
    history.close()


def test_a_server_that_starts_late_reads_nothing_that_has_ended(tmp_path: Path) -> None:
    """The real server over an archive from eight days ago: before it listens, the keys are gone from its files."""
    clock = Clock()
    clock.now_ms = time.time_ns() // 1_000_000 - VISIBLE_TERM_MS - 2 * DAY_MS
    posted: list[object] = []
    old = SqliteArchive(tmp_path / "data", posted.append, clock, make_custodian=a_custodian)
    old.open(clock())
    old.seal(Batch([a_message(LINE, clock())]), lambda _outcome: None)
    old.close()
    assert LINE in readable(tmp_path / "data")
    with serving(tmp_path):
        assert LINE not in readable(tmp_path / "data")
        assert LINE in readable(tmp_path / "data", SEED)
        now_ms = time.time_ns() // 1_000_000
        keys = KeyFile(tmp_path / "data" / KEYFILE_NAME).term_keys()
        assert not any(key.ends_ms <= now_ms for key in keys)
        assert any(key.kind is TermKind.VISIBLE_RECORDS for key in keys)


def test_the_writer_holds_no_key_of_an_hour_that_is_over(stage: SqliteStage) -> None:
    """Nothing may be said for longer than the window: an hour's keys are forgotten all the same."""
    archive = stage.archive()
    archive.open(stage.clock())
    assert archive._sealer._keys
    archive._sealer.forget_before(stage.clock() + HOUR_MS)
    assert archive._sealer._keys == {}


def test_the_shorter_windows_are_enforced_by_code() -> None:
    """Who was present may fetch as much as `resume` says, though the keys live longer; a newcomer nothing."""
    square = Square(chosen={"resume_s": 3600, "default_visible_s": 0, "window_s_max": 7 * 86_400})
    anna = square.enters("anna", *CAPS, rooms=["#nave"])
    square.end_turn()
    anna.says(f"PRIVMSG #nave :{WORDS}")
    square.go_on(1.0)
    newcomer = square.enters("newcomer", *CAPS, rooms=["#nave"])
    assert WORDS in latest(square, anna)
    assert WORDS not in latest(square, newcomer)
    square.go_on(3600.0)
    assert WORDS not in latest(square, anna)


def latest(square: Square, client: HeardClient) -> str:
    """Give what somebody is answered who asks for the newest messages."""
    square.end_turn()
    client.hears()
    client.says("CHATHISTORY LATEST #nave * 100")
    square.go_on(0.1)
    return "\n".join(client.hears())
