"""No core files of a program that holds keys: one would keep what was opened, and the keys of the day, for ever."""

import resource
from contextlib import suppress
from typing import Final

_NONE: Final = 1
"""Bytes of the largest core file. No file is as short, and of a program with this very limit nothing is handed to a
core pattern that is a pipe, which heeds no other (Linux, fs/coredump.c)."""


def forbid_cores() -> None:
    """Leave no core file of this program, nor of those that it starts, wherever the system allows to say so."""
    # Who is not allowed even that has a lower limit already.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (_NONE, _NONE))
