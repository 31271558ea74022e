"""Memory of programs that see shares. Source: docs/adr/0021-custodians-and-shares.md, "Memory"."""

import ctypes
import os
import resource
import signal
import subprocess
import sys

import pytest

from parvis.app.secret_memory import wipe

PR_CAPBSET_DROP = 24
CAP_IPC_LOCK = 14
SHOWN = (
    "import ctypes, resource; from parvis.app.secret_memory import lock_memory\n"
    "told = lock_memory(); large = bytearray(64 << 20); print(len(told), *told)\n"
    "print(resource.getrlimit(resource.RLIMIT_CORE)[1], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
)


def run(code: str, *, limited: bool) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, with or without the right to lock memory."""

    def give_up_the_right() -> None:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))

    before = give_up_the_right if limited else None
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, preexec_fn=before)


def test_no_core_is_left_and_what_could_not_be_locked_is_told() -> None:
    """Under a limit nothing is half done: the program says so and goes on, with memory enough."""
    done = run(SHOWN, limited=True)
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.startswith("1 Memory could not be locked: ")
    assert last == "0 0"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may lock without a limit everywhere")
def test_all_of_it_is_locked_where_that_is_allowed() -> None:
    """As the kernel says of a program that has done it."""
    code = "from parvis.app.secret_memory import lock_memory; print(lock_memory())"
    done = run(f"{code}; print(open('/proc/self/status').read())", limited=False)
    told, _, status = done.stdout.partition("\n")
    if told != "[]":
        pytest.skip("this machine lets nobody lock memory")
    (locked,) = [line for line in status.splitlines() if line.startswith("VmLck:")]
    assert int(locked.split()[1]) > 0


def test_a_program_that_dies_leaves_no_core() -> None:
    """Whatever the limit was."""
    code = "import os; from parvis.app.secret_memory import lock_memory; lock_memory(); os.abort()"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], dict(os.environ))
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)


def test_a_buffer_is_wiped_in_place() -> None:
    """Who holds it sees it empty."""
    buffer = bytearray(b"secret")
    view = memoryview(buffer)
    wipe(buffer)
    assert bytes(view) == bytes(6)
