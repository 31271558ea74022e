"""Which process of this machine writes: an exclusive lock that ends with the process, however it ends."""

import fcntl
import hashlib
import os
import socket
from pathlib import Path
from typing import Final

from parvis.ports.archive import ArchiveError
from parvis.store.durable import PRIVATE_FILE

LOCK_NAME: Final = "writer.lock"
"""Name of the lock in the data folder."""

_MACHINE_ID: Final = Path("/etc/machine-id")


def take_lock(data_dir: Path) -> int:
    """Take the writer's lock; closing the descriptor gives it back.

    Raises:
        ArchiveError: Another process has it.
    """
    opened = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        os.close(opened)
        raise ArchiveError(
            f"another server is writing to {data_dir}. Stop it first, or use another data folder"
        ) from fault
    return opened


def take_lock_of(data_dir: Path) -> int | None:
    """Take the writer's lock of a folder that is only read; None where no server has ever written to it.

    Raises:
        ArchiveError: A server is running over it, or it cannot be read.
    """
    try:
        opened = os.open(data_dir / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise ArchiveError(f"the data folder {data_dir} cannot be read: {fault.strerror}") from fault
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        os.close(opened)
        raise ArchiveError(f"a server is running over {data_dir}. Stop it first") from fault
    return opened


def this_machine() -> bytes:
    """Give an id of this machine that tells nothing about it: 16 bytes of a hash (machine-id(5))."""
    try:
        name = _MACHINE_ID.read_bytes().strip()
    except OSError:
        name = b""
    return hashlib.sha256(b"parvis lease\0" + (name or socket.gethostname().encode())).digest()[:16]
