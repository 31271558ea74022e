"""A disk that forgets at a power cut what was not synced, built from what a process was seen to do (`recorder.c`).

The rules of the model, which is stricter than any file system we know:
a file holds what was written up to its last sync; a name is there once its folder was synced after it was given. What
came later may have reached the disk or not: nothing of it, or any of its sectors and the first few of its names.
"""

import random
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final

import msgspec

SECTOR_BYTES: Final = 512
"""What a disk writes whole or not at all."""

_HEAD: Final = Struct("=cQqII")


class Act(msgspec.Struct, frozen=True):
    """One thing that the process did."""

    kind: str
    file: int
    number: int
    first: bytes
    second: bytes


def recorded_environ(folder: Path, written: Path, root: Path) -> dict[str, str]:
    """Compile the recorder into a folder, and give what must stand in a process's environment to be recorded.

    Args:
        folder: Where the library goes.
        written: Where the recording goes.
        root: The folder whose files are recorded.
    """
    library = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    # They are compiled in: the programs that a server starts inherit few variables.
    places = (f'-DRECORDED_TO="{written}"', f'-DRECORDED_UNDER="{root}"')
    compiled = subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", *places, "-o", library, source, "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stderr
    return {"LD_PRELOAD": str(library)}


def acts(recording: Path) -> Iterator[Act]:
    """Read a recording."""
    raw = recording.read_bytes()
    at = 0
    while at + _HEAD.size <= len(raw):
        kind, file, number, first_bytes, second_bytes = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        middle, end = at + first_bytes, at + first_bytes + second_bytes
        yield Act(kind.decode(), file, number, raw[at:middle], raw[middle:end])
        at = end


def write(content: bytearray, offset: int, data: bytes) -> None:
    """Write into a file, filling a gap with zeros."""
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class File:
    """What a file holds, what of it is durable, and what has been done since."""

    def __init__(self) -> None:
        """Make an empty file."""
        self.now = bytearray()
        self.durable = bytearray()
        self._since: list[tuple[int, bytes | None]] = []

    def write(self, offset: int, data: bytes) -> None:
        """Write to it."""
        write(self.now, offset, data)
        self._since.append((offset, data))

    def cut(self, size: int) -> None:
        """Cut it, or lengthen it with zeros."""
        _cut(self.now, size)
        self._since.append((size, None))

    def sync(self) -> None:
        """Make it durable."""
        for offset, data in self._since:
            if data is None:
                _cut(self.durable, offset)
            else:
                write(self.durable, offset, data)
        self._since.clear()

    def torn(self, chance: random.Random) -> bytes:
        """Give it with any of the sectors that were written since the last sync."""
        content = bytearray(self.durable)
        likely = chance.choice((0.2, 0.5, 0.9))
        for offset, data in self._since:
            if data is None:
                if chance.random() < likely:
                    _cut(content, offset)
                continue
            at = 0
            while at < len(data):
                size = SECTOR_BYTES - (offset + at) % SECTOR_BYTES
                if chance.random() < likely:
                    write(content, offset + at, data[at : at + size])
                at += size
        return bytes(content)


def _cut(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


Change = tuple[str, File | None]
"""A name, and the file that it is given to; None where it is taken away."""


class Disk:
    """Files below one folder, as they are and as a power cut would leave them."""

    def __init__(self, root: Path) -> None:
        """Begin with an empty folder."""
        self._root = root
        self._files: dict[int, File] = {}
        self.names: dict[str, File] = {}
        self._durable_names: dict[str, File] = {}
        self._durable_folders = {str(root)}
        self._new_folders: dict[str, list[str]] = defaultdict(list)
        self._since: dict[str, list[list[Change]]] = defaultdict(list)

    def do(self, act: Act) -> None:
        """Do what the process did."""
        match act.kind:
            case "O":
                self._open(act.first.decode(), act.file, is_cut=bool(act.number))
            case "W":
                if file := self._files.get(act.file):
                    file.write(act.number, act.first)
            case "T":
                if file := self._files.get(act.file):
                    file.cut(act.number)
            case "S":
                if file := self._files.get(act.file):
                    file.sync()
            case "R":
                old, new = act.first.decode(), act.second.decode()
                moved = self.names.pop(old)
                self.names[new] = moved
                self._since[_folder(new)].append([(old, None), (new, moved)])
            case "U":
                self.names.pop(act.first.decode(), None)
                self._since[_folder(act.first.decode())].append([(act.first.decode(), None)])
            case "M":
                self._new_folders[_folder(act.first.decode())].append(act.first.decode())
            case "D":
                self._sync_folder(act.first.decode())
            case _:
                pass

    def _open(self, path: str, number: int, *, is_cut: bool) -> None:
        file = self.names.get(path)
        if file is None:
            file = self.names[path] = File()
            self._since[_folder(path)].append([(path, file)])
        elif is_cut:
            file.cut(0)
        self._files[number] = file

    def _sync_folder(self, folder: str) -> None:
        for changes in self._since.pop(folder, []):
            _change(self._durable_names, changes)
        self._durable_folders.update(self._new_folders.pop(folder, []))

    def leave(self, folder: Path, chance: random.Random | None) -> None:
        """Write what a power cut would leave into an empty folder.

        Args:
            folder: Where the files below the root go.
            chance: Which of what was not synced has reached the disk; None: nothing of it.
        """
        names = dict(self._durable_names)
        folders = set(self._durable_folders)
        if chance is not None:
            for made in self._new_folders.values():
                folders.update(made[: chance.randrange(len(made) + 1)])
            for pending in self._since.values():
                for changes in pending[: chance.randrange(len(pending) + 1)]:
                    _change(names, changes)
        for path in sorted(folders):
            self._place(folder, path).mkdir(mode=0o700, exist_ok=True)
        for path, file in names.items():
            place = self._place(folder, path)
            # The log's index is shared memory: it is never synced and always made anew.
            if place.parent.is_dir() and not path.endswith("-shm"):
                place.touch(0o600)
                place.write_bytes(file.durable if chance is None else file.torn(chance))

    def _place(self, folder: Path, path: str) -> Path:
        return folder / Path(path).relative_to(self._root)


def _folder(path: str) -> str:
    return str(Path(path).parent)


def _change(names: dict[str, File], changes: list[Change]) -> None:
    for name, file in changes:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
