"""When terms are ended, and what stops that. Source: docs/adr/0025-how-a-term-ends.md."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, SqliteStage
from tests.contract.ending import Ground
from tests.rights import WINDOW_MS, pair_of

from parvis.app.keeping import AFTER_MIDNIGHT_MS, Keeping, Stop, wait_ms
from parvis.archive.terms import DAY_MS, HOUR_MS, VISIBLE_TERM_MS
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.terms import Stopped
from parvis.ports.archive import ArchiveError
from parvis.store.set_aside import sweep, torn_batch_name

MIDNIGHT_MS = NOON_MS - NOON_MS % DAY_MS
PATIENCE_S = 30.0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    yield made
    for archive in made.made:
        archive.close()


def duties_of(ground: Ground) -> tuple[Holds, Erasures]:
    """Give what is held and erased of an archive: nothing."""
    holds = Holds(ground.journal, ground.sealed, ground.keys, pair_of, os.urandom)
    hidden: list[object] = []
    return holds, Erasures(
        ground.journal, ground.sealed, ground.absences, holds, WINDOW_MS, lambda *each: hidden.append(each)
    )


@pytest.mark.parametrize(
    ("since_midnight_ms", "waits_ms"),
    [
        (0, AFTER_MIDNIGHT_MS),
        (AFTER_MIDNIGHT_MS - 1, 1),
        (AFTER_MIDNIGHT_MS, HOUR_MS),
        (DAY_MS // 2, HOUR_MS),
        (DAY_MS - 1, AFTER_MIDNIGHT_MS + 1),
        (DAY_MS - HOUR_MS, HOUR_MS),
    ],
)
def test_a_run_comes_each_hour_and_just_after_midnight(since_midnight_ms: int, waits_ms: int) -> None:
    """Whatever the time is."""
    assert wait_ms(MIDNIGHT_MS + since_midnight_ms) == waits_ms


def test_a_run_comes_when_a_hold_ends() -> None:
    """To the second, and not later than it would come anyway."""
    noon_ms = MIDNIGHT_MS + DAY_MS // 2
    assert wait_ms(noon_ms, noon_ms + 5000) == 5000
    assert wait_ms(noon_ms, noon_ms - 5000) == 1000
    assert wait_ms(noon_ms, noon_ms + DAY_MS) == HOUR_MS


def test_at_the_start_the_keys_go_and_the_thread_does_the_rest(stage: SqliteStage) -> None:
    """And leaves off when the server ends."""
    ground = Ground(stage)
    ground.says(b"one")
    stage.clock.now_ms = MIDNIGHT_MS + DAY_MS + VISIBLE_TERM_MS
    stop = Stop()
    swept = threading.Event()
    keeping = Keeping(ground.ender, *duties_of(ground), stage.clock, stop, lambda _now_ms: swept.set())
    keeping.begin()
    assert not any(key.ends_ms <= stage.clock() for key in ground.keys.term_keys())
    assert any(key.visible_wrap and key.conversation == b"r" * 16 for key in ground.sealed.content_keys())
    keeping.start()
    assert swept.wait(PATIENCE_S)
    keeping.close()
    assert not any(key.visible_wrap and key.conversation == b"r" * 16 for key in ground.sealed.content_keys())
    assert not any(thread.name == "terms" for thread in threading.enumerate())


@pytest.mark.parametrize("fault", [ArchiveError("no"), OSError(28, "full"), RuntimeError("ours")])
def test_a_run_that_fails_is_tried_again(stage: SqliteStage, fault: Exception) -> None:
    """Whatever it was: the thread goes on until it is told to stop."""
    ground = Ground(stage)
    again = threading.Event()

    class Impatient(Stop):
        def __call__(self, seconds: float) -> None:
            assert seconds > 0
            super().__call__(0.0)

    calls: list[int] = []

    def failing(now_ms: int) -> None:
        calls.append(now_ms)
        if len(calls) > 1:
            again.set()
            return
        raise fault

    stop = Impatient()
    keeping = Keeping(ground.ender, *duties_of(ground), stage.clock, stop, failing)
    keeping.start()
    assert again.wait(PATIENCE_S)
    keeping.close()


def test_pauses_end_with_the_server() -> None:
    """So that it does not wait for a long ending."""
    stop = Stop()
    stop(0.0)
    stop.now()
    with pytest.raises(Stopped):
        stop(3600.0)


def test_torn_batches_go_after_their_term(tmp_path: Path) -> None:
    """By the moment in their names; nothing else in the folder goes."""
    old, young = tmp_path / torn_batch_name(NOON_MS), tmp_path / torn_batch_name(NOON_MS + HOUR_MS)
    other = tmp_path / "torn-batch-of-mine.wal"
    for path in (old, young, other):
        path.write_bytes(b"x")
    assert list(sweep(tmp_path, 30 * DAY_MS, NOON_MS + 30 * DAY_MS - 1000)) == []
    assert list(sweep(tmp_path, 30 * DAY_MS, NOON_MS + 30 * DAY_MS)) == [old]
    assert sorted(tmp_path.iterdir()) == sorted([young, other])
    assert list(sweep(tmp_path / "none", 1, NOON_MS)) == []
