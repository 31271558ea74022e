"""Promises 1 and 5 at a power cut: what changes the store is there with the record of it, or not at all.

A program that does every kind of upkeep is recorded (`upkeep_steps.py`); the disk is built as a cut at any write would
have left it, and opened by the next server.

Source: DESIGN.md 2; docs/adr/0020-terms-and-wraps.md, "One way in"; docs/adr/0003-sealing-in-sqlite.md.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.custodians import a_custodian
from tests.promises.disks import Act, Disk, acts, recorded_environ
from tests.promises.upkeep_steps import BEGINS_MS, MESSAGES, STEP_MS, STEPS, custodian_of, room_of, vault_key_of

from parvis.archive import absences
from parvis.archive.record import parse_header
from parvis.ports.sealed import StoredKey, StoredRow, Wanted
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

CUTS_MAX: Final = 150
"""Most moments of one run at which the power is cut, evenly among all writes, syncs and names."""
LATER_MS: Final = BEGINS_MS + 2 * STEPS * STEP_MS


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Act]]:
    """Record every step from an empty folder to an orderly end."""
    folder = tmp_path_factory.mktemp("recorded")
    written, root = folder / "recording", folder / "disk"
    root.mkdir()
    environ = {**os.environ, **recorded_environ(folder, written, root)}
    program = [sys.executable, "-m", "tests.promises.upkeep_steps", str(root / "data")]
    done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return root, list(acts(written))


class Told:
    """What the program had said at a moment."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.is_open = False
        self.done = 0
        self.begun = 0
        self.destroyed: set[bytes] = set()

    def hear(self, act: Act) -> None:
        """Hear what it says."""
        if act.kind != "N":
            return
        word, what = act.first.decode().split()
        match word:
            case "opened":
                self.is_open = True
            case "begins":
                self.begun = int(what)
            case "done":
                self.done = int(what)
            case _:
                self.destroyed.add(bytes.fromhex(what))


class Left:
    """What the next server finds."""

    def __init__(self, data: Path) -> None:
        """Start it and stop it, and read everything."""
        archive = SqliteArchive(data, lambda call: call(), lambda: LATER_MS, make_custodian=a_custodian)
        archive.open(LATER_MS)
        archive.close()
        self.data = data
        self.sealed = SqliteSealed(data)
        self.rows: list[StoredRow] = list(self.sealed.rows(Wanted()))
        self.keys: list[StoredKey] = list(self.sealed.content_keys())
        self.term_keys = {key.id for key in KeyFile(data / KEYFILE_NAME).term_keys()}

    def steps(self) -> set[int]:
        """Give the steps whose content key is there: each has a room of its own."""
        rooms = {room_of(step): step for step in range(1, STEPS + 1)}
        return {rooms[key.conversation] for key in self.keys if key.conversation in rooms}


def check(left: Left, told: Told) -> None:
    """Hold what is left against what was said."""
    steps = left.steps()
    newest = max(steps, default=0)
    # All that was answered is there, and at most the one that was being written besides; none is left out between.
    assert newest in {told.done, told.begun} or not told.is_open
    assert steps == set(range(1, newest + 1))
    assert newest >= told.done
    keys = {key.id: key for key in left.keys}
    noted = left.sealed.absences()
    is_noted = absences.covers(noted)
    counts = dict.fromkeys(steps, 0)
    rooms = {room_of(step): step for step in steps}
    for row in left.rows:
        if row.header is None:
            assert is_noted(row.number)
            continue
        header = parse_header(row.header)
        assert header.content_key in keys
        if header.conversation in rooms:
            counts[rooms[header.conversation]] += 1
    erased = {step - 1 for step in steps if step % 6 == 1 and step > 1}
    for step, count in counts.items():
        assert count == (MESSAGES - (MESSAGES - 1) * (step in erased)), step
    for key in left.keys:
        wraps = left.sealed.wraps_of(key.id)
        assert wraps, "a content key that custodians cannot open"
        assert {wrap.term_key for wrap in wraps} <= left.term_keys | told.destroyed
        assert key.visible_term is None or key.visible_term in left.term_keys
    # Closed, kept, dropped and changed with the records of the same step, or not at all.
    for step in range(1, STEPS + 1):
        is_there = step in steps
        vault = list(left.sealed.vault_rows(vault_key_of(step).id))
        dropped = step + 4 in steps
        assert len(vault) == (4 if step % 6 == 0 and is_there and not dropped else 0)
        assert any(each.id == vault_key_of(step).id for each in left.sealed.vault_keys()) is bool(vault)
        if step % 6 == 4:
            before = [key for key in left.keys if key.conversation == room_of(step - 1)]
            assert all((key.visible_wrap is None) is is_there for key in before)
        if step % 6 == 5:
            assert any(each.id == custodian_of(step).id for each in left.sealed.custodians()) is is_there
    lines = [record.line.decode() for record in opened_records(left.data) if b"absences" in record.line]
    if lines:
        assert lines[-1].split()[-1] == absences.digest(noted).hex()[:16]
    report = verify_archive(left.data)
    assert report.problems == []


def test_every_step_was_recorded(recording: tuple[Path, list[Act]]) -> None:
    """All acts together give the last state: every step, every kind of upkeep."""
    root, recorded = recording
    disk = Disk(root)
    for act in recorded:
        disk.do(act)
    there = {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert {name: bytes(file.now) for name, file in disk.names.items()} == there
    assert len([act for act in recorded if act.kind == "N"]) == 1 + 2 * STEPS + STEPS // 6


@pytest.mark.parametrize("variant", ["nothing unsynced", "some sectors"])
def test_upkeep_is_there_with_its_record_or_not_at_all(
    recording: tuple[Path, list[Act]], tmp_path: Path, variant: str
) -> None:
    """The power is cut at many acts of the disk; the next server finds whole batches, and no wrap without its key."""
    root, recorded = recording
    touches = [at for at, act in enumerate(recorded) if act.kind in "WSTRUD"]
    opened = next(at for at, act in enumerate(recorded) if act.kind == "N")
    cuts = set(touches[:: max(1, len(touches) // CUTS_MAX)])
    disk, told = Disk(root), Told()
    reached = set()
    for at, act in enumerate(recorded):
        disk.do(act)
        told.hear(act)
        if at not in cuts or at < opened:
            continue
        folder = tmp_path / str(at)
        folder.mkdir()
        disk.leave(folder, None if variant == "nothing unsynced" else random.Random(at))
        left = Left(folder / "data")
        check(left, told)
        reached.add(max(left.steps(), default=0))
        shutil.rmtree(folder)
    assert len(reached) >= STEPS - 2
