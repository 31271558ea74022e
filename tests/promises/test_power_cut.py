"""Promise 1 at a power cut: at each line sent, the disk without what was not synced holds every line sent so far.

A real server is recorded: what it writes, syncs, renames and sends, in order (`recorder.c`). From that the disk is
built as a power cut would have left it (`disks.py`), and opened with the real archive.

Source: DESIGN.md 2, promise 1; docs/adr/0003-sealing-in-sqlite.md.
"""

import asyncio
import random
import shutil
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import pytest
from tests.custodians import a_custodian
from tests.promises.disks import Act, Disk, acts, recorded_environ
from tests.promises.seen import Chatter, checked
from tests.promises.servers import CONFIG, PATIENCE_S, Server

from parvis.app import shares
from parvis.app.custodian_keys import keys_of
from parvis.app.share_files import FIRST_SHARE
from parvis.archive import custody
from parvis.archive.reading import OpenedRecord
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.verifying import verify_archive

CUTS_MAX: Final = 120
"""Most moments at which the power is cut, evenly among all sends."""
PHASES: Final = 3
"""Spells of talk in one run of the server; in the pauses the log is written back."""
TALK_S: Final = 0.5
PAUSE_S: Final = 0.4


class Recording:
    """What a server did from its first start to its last end."""

    def __init__(self, root: Path, recorded: list[Act]) -> None:
        """Hold it."""
        self.root = root
        self.acts = recorded
        self.sends = [at for at, act in enumerate(recorded) if act.kind == "N"]
        self.first_send = self.sends[0]


async def talk(port: int) -> None:
    """Have people talk in spells, on new connections each time."""
    chance = random.Random(1789)
    for phase in range(PHASES):
        people = [Chatter(number, chance, port * 10 + phase) for number in range(4)]
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            talking = [tasks.create_task(person.live(port)) for person in people]
            await asyncio.sleep(TALK_S)
            for task in talking:
                task.cancel()
        await asyncio.sleep(PAUSE_S)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Record a first start, talk, a crash, a start after it, talk, and an orderly end."""
    folder = tmp_path_factory.mktemp("recorded")
    written, root = folder / "recording", folder / "disk"
    root.mkdir()
    environ = recorded_environ(folder, written, root)
    for is_last in (False, True):
        server = Server(folder / "server", CONFIG, data=root / "square" / "data", environ=environ)
        try:
            asyncio.run(talk(server.port()))
            if is_last:
                assert server.terminate() == 0
        finally:
            if server.process.poll() is None:
                server.kill()
    return Recording(root, list(acts(written)))


def now_ms() -> int:
    """Give the time of day."""
    return time.time_ns() // 1_000_000


def recovered(folder: Path) -> list[OpenedRecord]:
    """Start an archive on what is left, as the next server would, and read all it holds."""
    data = folder / "square" / "data"
    archive = SqliteArchive(data, lambda call: call(), now_ms, make_custodian=a_custodian)
    archive.open(now_ms())
    archive.close()
    report = verify_archive(data)
    assert report.problems_total == 0, report.problems
    return list(opened_records(data))


def test_the_recording_misses_nothing(recording: Recording) -> None:
    """All acts together give the files that are there, byte for byte: or the other tests would prove nothing."""
    disk = Disk(recording.root)
    for act in recording.acts:
        disk.do(act)
    there = {str(path): path.read_bytes() for path in recording.root.rglob("*") if path.is_file()}
    assert {name: bytes(file.now) for name, file in disk.names.items()} == there
    kinds = Counter(act.kind for act in recording.acts)
    assert kinds["N"] > 500
    assert kinds["S"] > 300
    assert {"O", "W", "T", "R", "U", "M", "D"} <= set(kinds)


def people_hear(sent: dict[int, bytearray], act: Act) -> None:
    """Add what is sent to what each connection has got; what was not taken is taken off again."""
    if act.kind == "N":
        sent[act.file] += act.first
        sent[-act.file] = bytearray(act.first)
    elif act.kind == "P":
        missing = len(sent[-act.file]) - act.number
        del sent[act.file][len(sent[act.file]) - missing :]


def lines_of(stream: bytearray) -> list[str]:
    """Give the whole lines of a connection; a broken one was not understood by anybody."""
    return bytes(stream).decode(errors="replace").split("\r\n")[:-1]


@pytest.mark.parametrize("variant", ["nothing unsynced", "some sectors"])
def test_every_line_sent_is_in_the_archive_after_a_power_cut(
    recording: Recording, tmp_path: Path, variant: str
) -> None:
    """The power is cut before each of many sends; what that send and all before it carry is there."""
    every = max(1, len(recording.sends) // CUTS_MAX)
    cuts = set(recording.sends[::every]) | {recording.sends[-1]}
    disk = Disk(recording.root)
    sent: dict[int, bytearray] = defaultdict(bytearray)
    held = 0
    for at, act in enumerate(recording.acts):
        disk.do(act)
        people_hear(sent, act)
        if at not in cuts:
            continue
        left = tmp_path / str(at)
        left.mkdir()
        disk.leave(left, None if variant == "nothing unsynced" else random.Random(at))
        records = recovered(left)
        held = sum(checked(lines_of(stream), records) for file, stream in sent.items() if file > 0)
        shutil.rmtree(left)
    assert held > 1000


@pytest.mark.parametrize("seed", [None, *range(8)])
def test_a_power_cut_during_the_first_start_leaves_what_the_next_start_can_use(
    recording: Recording, tmp_path: Path, seed: int | None
) -> None:
    """
    Database and keys are both there or neither counts, whatever was renamed, made or written when it happened; and
    no key for custodians is in use whose share is not there.
    """
    disk = Disk(recording.root)
    for at, act in enumerate(recording.acts[: recording.first_send]):
        disk.do(act)
        left = tmp_path / str(at)
        left.mkdir()
        disk.leave(left, None if seed is None else random.Random(seed * 1000 + at))
        recovered(left)
        nobody_has_lost_the_share(left / "square" / "data")
        shutil.rmtree(left)


def nobody_has_lost_the_share(data: Path) -> None:
    """A key that a server has begun to use has its share beside it, whole. Source: ADR 21, "Order"."""
    (key,) = keys_of(data)
    if key.id != a_custodian().id:
        words = shares.words_of((data / FIRST_SHARE).read_text())
        assert custody.public_bytes(bytes(shares.combine([words]))) == key.public
