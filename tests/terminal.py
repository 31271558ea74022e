"""A program on a terminal of its own, and somebody who reads and types there."""

import os
import pty
import select
import signal
import time
from collections.abc import Callable, Sequence

PATIENCE_S = 60.0
"""How long anything may take before a test gives up on it."""
PAUSE_S = 0.2
"""Silence after which the program is taken to wait for somebody."""


def on_terminal(words: Sequence[str], answer: Callable[[str], str | None]) -> tuple[str, int]:
    """Run a program until it ends; give all that it showed, and its status.

    Args:
        words: Its command line.
        answer: Given what was shown since the last answer, says what is typed; None to wait.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.execv(words[0], list(words))
    shown = latest = b""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if select.select([terminal], [], [], PAUSE_S)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                # Nobody has the other end open: it has ended, or is about to.
                break
            shown, latest = shown + data, latest + data
        elif (typed := answer(latest.decode())) is not None:
            latest = b""
            os.write(terminal, typed.encode())
    else:
        os.kill(child, signal.SIGKILL)
    # The terminal goes last: who loses it is told to hang up, and that would be its status.
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(status)
