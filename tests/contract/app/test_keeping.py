"""When terms are ended, and what stops that. Source: docs/adr/0025-how-a-term-ends.md."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, SqliteStage
from tests.contract.ending import Ground
from tests.rights import WINDOW_MS, pair_of

from parvis.app.keeping import AFTER_MIDNIGHT_MS, Keeping, Stop, wait_ms
from parvis.archive.terms import DAY_MS, HOUR_MS, VISIBLE_TERM_MS, YEAR_MS, TermKind
from parvis.model.audit import ClockConfirmed, read_entry
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.term_clock import AHEAD_MAX_MS, SURE_AFTER_S, TermClock
from parvis.moderation.terms import Ended, Stopped
from parvis.ports.archive import ArchiveError
from parvis.store.set_aside import sweep, torn_batch_name
from parvis.store.sqlite.reader import audit_records

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


def clock_of(ground: Ground, steady_s: Callable[[], float] = lambda: 0.0) -> TermClock:
    """Give the clock that an archive's terms are ended by, as the run finds it that has it open."""
    opened = ground.opened
    return TermClock(ground.journal, ground.stage.clock, steady_s, opened.kept, opened.last_time_ms)


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
    keeping = Keeping(ground.ender, *duties_of(ground), clock_of(ground), stop, lambda _now_ms: swept.set())
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
    keeping = Keeping(ground.ender, *duties_of(ground), clock_of(ground), stop, failing)
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


class Steady:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def kinds_left(ground: Ground) -> set[TermKind]:
    """Give which kinds of term keys there are of the day on which the archive began."""
    return {key.kind for key in ground.keys.term_keys() if key.begins_ms == MIDNIGHT_MS}


def a_keeping(ground: Ground, steady_s: Callable[[], float]) -> Keeping:
    """Give the job of an archive that is open."""
    return Keeping(ground.ender, *duties_of(ground), clock_of(ground, steady_s), Stop())


FAR_MS = 20 * YEAR_MS
EVERY_KIND = set(TermKind) - {TermKind.HOLD}
WITHOUT_WINDOWS = EVERY_KIND - {TermKind.VISIBLE_RECORDS}


@pytest.fixture
def steady() -> Steady:
    """Give seconds."""
    return Steady()


def test_a_clock_far_in_the_future_destroys_nothing_but_windows(stage: SqliteStage, steady: Steady) -> None:
    """While the server runs. Set right again, nothing has happened to what custodians open."""
    ground = Ground(stage)
    ground.says(b"one")
    keeping = a_keeping(ground, steady)
    keeping.begin()
    stage.clock.now_ms += FAR_MS
    assert keeping.end_due().records == 0
    assert kinds_left(ground) == WITHOUT_WINDOWS
    assert not any(key.visible_wrap and key.conversation == b"r" * 16 for key in ground.sealed.content_keys())
    assert "parvis archive terms end --confirm-clock" in (keeping.doubt() or "")
    stage.clock.now_ms -= FAR_MS
    assert keeping.doubt() is None
    keeping.end_due()
    assert kinds_left(ground) == WITHOUT_WINDOWS


@pytest.mark.parametrize("starts", [1, 3])
def test_a_start_with_a_clock_far_in_the_future_destroys_nothing_but_windows(
    stage: SqliteStage, steady: Steady, starts: int
) -> None:
    """However often it starts: what each seals bears the wrong time, and is no reason to believe it."""
    first = Ground(stage)
    first.says(b"one")
    first.archive.close()
    stage.clock.now_ms += FAR_MS
    for _ in range(starts):
        ground = Ground(stage)
        keeping = a_keeping(ground, steady)
        keeping.begin()
        keeping.end_due()
        assert kinds_left(ground) == WITHOUT_WINDOWS
        ground.archive.close()


def test_a_month_of_rest_is_believed(stage: SqliteStage, steady: Steady) -> None:
    """And not a moment more."""
    ground = Ground(stage)
    keeping = a_keeping(ground, steady)
    keeping.begin()
    stage.clock.now_ms += AHEAD_MAX_MS
    assert keeping.doubt() is None
    stage.clock.now_ms += AHEAD_MAX_MS + 1
    assert keeping.doubt() is not None


def test_a_day_of_running_settles_the_doubt(stage: SqliteStage, steady: Steady) -> None:
    """Then everything ends that is due; a clock that jumps again begins another day."""
    ground = Ground(stage)
    ground.says(b"one")
    keeping = a_keeping(ground, steady)
    keeping.begin()
    stage.clock.now_ms += 2 * YEAR_MS
    keeping.end_due()
    steady.now_s += SURE_AFTER_S - 1
    stage.clock.now_ms += FAR_MS
    keeping.end_due()
    steady.now_s += SURE_AFTER_S - 1
    assert keeping.end_due() == Ended()
    assert kinds_left(ground) == WITHOUT_WINDOWS
    steady.now_s += 1
    assert keeping.end_due().records > 0
    assert kinds_left(ground) == set()


def test_an_operators_word_settles_the_doubt(stage: SqliteStage, steady: Steady) -> None:
    """It is in the audit, and a restart does not ask again."""
    ground = Ground(stage)
    ground.says(b"one")
    keeping = a_keeping(ground, steady)
    keeping.begin()
    stage.clock.now_ms += 2 * YEAR_MS
    keeping.end_due()
    keeping.confirm_clock("operator")
    assert keeping.end_due().records > 0
    assert TermKind.ROOMS not in kinds_left(ground)
    entries = [read_entry(record.line) for record in audit_records(stage.data_dir)]
    assert [entry.by for entry in entries if isinstance(entry, ClockConfirmed)] == ["operator"]
    ground.archive.close()
    assert a_keeping(Ground(stage), steady).doubt() is None
