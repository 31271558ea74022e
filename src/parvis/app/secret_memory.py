"""Memory of programs that see a seed or shares: not on swap, not in core files, and wiped as far as Python allows.

What is a `str` or `bytes` for a moment (words, what libraries give) is copied and freed by the interpreter and cannot
be wiped by us. Hence such programs are short-lived, and locked and without core files from their first line on.

Source: mlockall(2), prctl(2), capabilities(7), getrlimit(2).
"""

import ctypes
import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
_MCL_ONFAULT: Final = 4
_PR_SET_DUMPABLE: Final = 4
_CAP_IPC_LOCK: Final = 1 << 14


def lock_memory() -> list[str]:
    """Keep this program's memory off the swap space and out of core files and debuggers of its own user.

    Returns:
        A whole sentence for people about each of these that could not be done; none when all was.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    told = []
    if not _forbid_cores(libc):
        told.append("Core files could not be forbidden: if this program crashes, its memory may be left on the disk.")
    if not _lock_all(libc):
        told.append(
            "Memory could not be locked: what this program sees may reach the swap space. "
            "Raise the limit of locked memory (ulimit -l unlimited), or turn swap off (swapoff -a)."
        )
    return told


def wipe(buffer: bytearray) -> None:
    """Overwrite a buffer with zeros, in place."""
    buffer[:] = bytes(len(buffer))


def _forbid_cores(libc: ctypes.CDLL) -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return False
    # A core pattern that is a pipe ignores the limit; it heeds this.
    return bool(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def _lock_all(libc: ctypes.CDLL) -> bool:
    """Lock what is mapped and what will be; pages are locked when they are first touched."""
    _, limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
    if limit != resource.RLIM_INFINITY and not _may_lock_any_amount():
        # Under a limit it may succeed now, and then allocations fail in the middle of the work.
        return False
    return bool(libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0)


def _may_lock_any_amount() -> bool:
    """Tell whether the limit of locked memory does not count for this program."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return os.geteuid() == 0
    held = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(held, 16) & _CAP_IPC_LOCK)
