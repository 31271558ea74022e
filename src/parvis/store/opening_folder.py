"""The folder of an opening: what the server puts in, what custodians lay beside it, what the opening program gives.

It is carried from machine to machine, so all of it is untrusted: files are bounded, and links are not followed.

Source: docs/protocol/opening.md.
"""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from parvis.archive.bundle import FORM, Counts, Frame, MalformedBundle, export_digest, read_frames, write_frame
from parvis.archive.session import GRANT_BYTES_MAX, REFUSAL_BYTES_MAX
from parvis.legal.openings import (
    REQUEST_BYTES_MAX,
    MalformedRequest,
    Request,
    canonical,
    digest,
    read_request,
    wrong_with,
)
from parvis.store import durable

FOLDER: Final = "openings"
"""Folder in the data folder; in it a folder per opening."""
REQUEST: Final = "request.json"
SEALED: Final = "sealed.bin"
SESSION: Final = "session.json"
RESULT: Final = "result.sealed"
PROCEEDINGS: Final = "proceedings.json"
VOICES_MAX: Final = 256
"""Most grants and refusals that are looked at; ours: anybody may lay files there."""

_READ_BYTES: Final = 1 << 20
_OF_OPENING: Final = re.compile(r"\.?([0-9a-f]{32})(?:\.new)?")


class BadFolder(Exception):
    """A folder or a file of it that cannot be used. A whole sentence."""


def folder_of(data_dir: Path, opening: str) -> Path:
    """Name the folder of an opening in a data folder."""
    return data_dir / FOLDER / opening


def write_export(data_dir: Path, request: Request, frames: Iterable[Frame]) -> bytes:
    """Write an export where nobody looks for it yet; give its digest.

    Raises:
        OSError: It cannot be written; what was is gone.
    """
    hidden = _hidden(data_dir, request.id)
    durable.make_folder(hidden.parent)
    drop_export(data_dir, request.id, hidden_alone=True)
    durable.make_folder(hidden)
    try:
        durable.write_new(hidden / REQUEST, canonical(request))
        hashing = sha256(FORM)
        with new_file(hidden / SEALED) as file:
            file.write(FORM)
            for frame in frames:
                piece = write_frame(frame)
                hashing.update(piece)
                file.write(piece)
        durable.sync_folder(hidden)
    except BaseException:
        drop_export(data_dir, request.id, hidden_alone=True)
        raise
    return export_digest(digest(request), hashing.digest())


def publish_export(data_dir: Path, opening: str) -> Path:
    """Give the folder of an export its name, in place of an earlier one.

    Raises:
        OSError: It still has none.
    """
    folder = folder_of(data_dir, opening)
    shutil.rmtree(folder, ignore_errors=True)
    _hidden(data_dir, opening).rename(folder)
    durable.sync_folder(folder.parent)
    return folder


def drop_export(data_dir: Path, opening: str, *, hidden_alone: bool = False) -> None:
    """Delete what lies of an opening in the data folder."""
    shutil.rmtree(_hidden(data_dir, opening), ignore_errors=True)
    if not hidden_alone:
        shutil.rmtree(folder_of(data_dir, opening), ignore_errors=True)


def drop_forgotten(data_dir: Path, lives: Callable[[str], bool]) -> None:
    """Delete what lies of openings that have ended, if the program ended before it was deleted.

    Args:
        data_dir: Where.
        lives: Tells whether an opening has not ended; asked once its folder was seen.
    """
    for path in (data_dir / FOLDER).glob("*"):
        named = _OF_OPENING.fullmatch(path.name)
        if named is not None and not lives(named[1]):
            shutil.rmtree(path, ignore_errors=True)


class Export(NamedTuple):
    """An export that was read whole."""

    request: Request
    digest: bytes
    counts: Counts


def read_asked(folder: Path) -> Request:
    """Read the request of a folder.

    Raises:
        BadFolder: It is missing, or none of its form.
    """
    try:
        request = read_request(read_file(folder / REQUEST, REQUEST_BYTES_MAX))
    except MalformedRequest as malformed:
        raise BadFolder(f"{folder / REQUEST} is no request: {malformed}.") from None
    if wrong := wrong_with(request):
        raise BadFolder(f"{folder / REQUEST} asks for what no server may ask for: {wrong}")
    return request


def read_export(folder: Path) -> Export:
    """Read an export: its request, the digest of all of it, and what it counts.

    Raises:
        BadFolder: Something is missing, or none of its form.
    """
    request = read_asked(folder)
    reading = Reading(folder)
    counts = Counts()
    for frame in reading.frames():
        if isinstance(frame, Counts):
            counts = frame
    return Export(request, export_digest(digest(request), reading.digest), counts)


class Reading:
    """The bundle of a folder, hashed as it is read."""

    def __init__(self, folder: Path) -> None:
        """Read from a folder."""
        self._path = folder / SEALED
        self.digest = b""
        """SHA-256 of the bundle, once all frames were given."""

    def frames(self) -> Iterator[Frame]:
        """Give the frames, the counts last.

        Raises:
            BadFolder: It is missing, cut, or none of its form.
        """
        hashing = sha256()
        with open_file(self._path) as file:

            def read(size: int) -> bytes:
                piece = file.read(size)
                hashing.update(piece)
                return piece

            try:
                yield from read_frames(read)
            except MalformedBundle as malformed:
                raise BadFolder(f"{self._path} is damaged: {malformed}.") from None
        self.digest = hashing.digest()


def read_file(path: Path, bytes_max: int) -> bytes:
    """Read a small file of a folder.

    Raises:
        BadFolder: It is missing, too long, or no plain file.
    """
    with open_file(path) as file:
        raw = file.read(bytes_max + 1)
    if len(raw) > bytes_max:
        raise BadFolder(f"{path} is too long to be what its name says.")
    return raw


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file of a folder to read it; no link, no device, no pipe.

    Raises:
        BadFolder: There is none that can be read.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as fault:
        raise BadFolder(f"{path} cannot be read: {fault.strerror}.") from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise BadFolder(f"{path} is not a plain file.")
    with os.fdopen(opened, "rb") as file:
        yield file


def write_file(path: Path, content: bytes) -> None:
    """Put a private file into a folder: whole, or not at all under its name.

    Raises:
        BadFolder: It cannot be written.
    """
    passing = path.with_name(path.name + ".new")
    try:
        # A link that somebody laid there would be written through.
        with new_file(passing) as file:
            file.write(content)
        passing.rename(path)
        durable.sync_folder(path.absolute().parent)
    except OSError as fault:
        with suppress(OSError):
            passing.unlink(missing_ok=True)
        raise BadFolder(f"{path} cannot be written: {fault.strerror}.") from None


def write_result(folder: Path, pieces: Iterable[bytes]) -> bytes:
    """Write the result of an opening; give its SHA-256.

    Raises:
        BadFolder: It cannot be written; nothing is left of it.
    """
    path = folder / RESULT
    passing = path.with_name(path.name + ".new")
    hashing = sha256()
    try:
        try:
            with new_file(passing) as file:
                for piece in pieces:
                    hashing.update(piece)
                    file.write(piece)
            passing.rename(path)
            durable.sync_folder(folder)
        except BaseException:
            passing.unlink(missing_ok=True)
            raise
    except OSError as fault:
        raise BadFolder(f"{path} cannot be written: {fault.strerror}.") from None
    return hashing.digest()


def lay_grant(folder: Path, sealed: bytes) -> Path:
    """Lay a sealed share into a folder."""
    path = folder / f"grant-{os.urandom(8).hex()}.sealed"
    write_file(path, sealed)
    return path


def lay_refusal(folder: Path, written: bytes) -> Path:
    """Lay a refusal into a folder."""
    path = folder / f"refusal-{os.urandom(8).hex()}.json"
    write_file(path, written)
    return path


def voices(folder: Path, seen: set[str]) -> Iterator[tuple[str, bytes]]:
    """Give grants and refusals that were not seen yet: name and bytes; what cannot be read has none.

    Args:
        folder: Where.
        seen: Names that were given; what is given now is added.
    """
    for path in sorted([*folder.glob("grant-*.sealed"), *folder.glob("refusal-*.json")]):
        if path.name in seen or len(seen) >= VOICES_MAX:
            continue
        seen.add(path.name)
        try:
            yield path.name, read_file(path, max(GRANT_BYTES_MAX, REFUSAL_BYTES_MAX))
        except BadFolder:
            yield path.name, b""


def forget_voices(folder: Path) -> None:
    """Delete the shares and refusals in a folder, and the session they were for."""
    for path in (*folder.glob("grant-*.sealed"), *folder.glob("refusal-*.json"), folder / SESSION):
        # A folder that somebody called so must not keep the rest here.
        with suppress(OSError):
            path.unlink()


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a private file in parts, in place of one of that name; it is durable when the block ends."""
    # Whatever lies there, a link, a pipe, a file that somebody else has open, is not written to.
    path.unlink(missing_ok=True)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, durable.PRIVATE_FILE)
    with os.fdopen(opened, "wb", buffering=_READ_BYTES) as file:
        yield file
        file.flush()
        os.fsync(opened)


def _hidden(data_dir: Path, opening: str) -> Path:
    return data_dir / FOLDER / f".{opening}.new"
