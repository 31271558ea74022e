"""Files that are whole or absent after a power cut."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

PRIVATE_FILE: Final = 0o600
"""Permissions of every file in the data folder."""

PRIVATE_FOLDER: Final = 0o700
"""Permissions of the data folder."""

OPEN_BITS: Final = 0o077
"""What group and others must not have."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: files made, renamed and removed in it."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path) -> None:
    """Make a private folder, and those above it, so that they survive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    sync_folder(folder.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a private file durably; its name may still be lost until its folder is synced."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Replace a private file: after a power cut it holds the old bytes or the new ones, all of them.

    Raises:
        OSError: The file still holds the old bytes, or the new ones whole.
    """
    put_in_place(path, content)
    sync_folder(path.parent)


def put_in_place(path: Path, content: bytes) -> None:
    """Replace a private file as :func:`replace` does, but for a sync of its folder, which the caller owes.

    Raises:
        OSError: The file still holds the old bytes.
    """
    passing = path.with_name(path.name + ".new")
    try:
        write_new(passing, content)
        passing.rename(path)
    except OSError:
        with suppress(OSError):
            passing.unlink(missing_ok=True)
        raise


def is_open(path: Path) -> bool:
    """Say whether group or others have any right on a path."""
    return bool(path.stat().st_mode & OPEN_BITS)
