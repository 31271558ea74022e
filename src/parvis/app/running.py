"""The server that runs over a data folder: how `parvis reload` finds it, and learns what became of a reload.

A file in the folder says who it is. A lock on it, which ends with the process however that ends, says that it runs.
"""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Final

import msgspec

STATE_NAME: Final = "server.json"
"""Name of the file in the data folder."""
PRIVATE_FILE: Final = 0o600
STATE_BYTES_MAX: Final = 1024
LOOK_EVERY_S: Final = 0.05
REWRITTEN_WITHIN_S: Final = 1.0
"""How long a file may be half written; ours."""


class State(msgspec.Struct, frozen=True):
    """What a running server says of itself."""

    pid: int
    reloads: int = 0
    """How many times it was told to reload."""
    is_taken: bool = True
    """Whether the last of them was taken whole; what was wrong is in its log."""


class NotReloaded(Exception):
    """No reload came about. The text is a whole sentence."""


class Running:
    """This process, as the server of a data folder."""

    def __init__(self, data_dir: Path | None) -> None:
        """Say so in the folder, which it alone writes to; a server without an archive on disk has none."""
        self._file = -1
        self._state = State(os.getpid())
        if data_dir is not None:
            self._file = os.open(data_dir / STATE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write()

    def reloaded(self, *, is_taken: bool) -> None:
        """Note a reload and what became of it."""
        self._state = State(self._state.pid, self._state.reloads + 1, is_taken)
        self._write()

    def close(self) -> None:
        """Be the server no longer."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self) -> None:
        if self._file >= 0:
            state = msgspec.json.encode(self._state)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, state, 0)


def reload(data_dir: Path, wait_s: float) -> None:
    """Have the server of a data folder reload, and wait until it has.

    Raises:
        NotReloaded: None runs there, it may not be told, or it kept what it had.
    """
    try:
        opened = os.open(data_dir / STATE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as fault:
        raise NotReloaded(f"No server runs over {data_dir} that you may tell ({fault.strerror}).") from fault
    try:
        before = _running(opened, data_dir)
        try:
            os.kill(before.pid, signal.SIGHUP)
        except OSError as fault:
            raise NotReloaded(f"The server may not be told to reload ({fault.strerror}). Be its user.") from fault
        end_s = time.monotonic() + wait_s
        while time.monotonic() < end_s:
            time.sleep(LOOK_EVERY_S)
            after = _running(opened, data_dir)
            if after.reloads > before.reloads:
                if not after.is_taken:
                    raise NotReloaded("The server kept what it had, all or in part. Its log says what was wrong.")
                return
        raise NotReloaded(f"The server has not answered for {wait_s:.0f} s. Its log may say why.")
    finally:
        os.close(opened)


def _running(opened: int, data_dir: Path) -> State:
    """Read what the server says of itself, if it runs."""
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        state = _read(opened)
    else:
        raise NotReloaded(f"No server runs over {data_dir}.")
    # Who may write the file must not make others signal a process that is not theirs.
    try:
        is_its_own = Path(f"/proc/{state.pid}").stat().st_uid == os.fstat(opened).st_uid
    except OSError:
        is_its_own = False
    if not is_its_own:
        raise NotReloaded("The server that runs there cannot be seen from here. Be on its machine, and its user.")
    return state


def _read(opened: int) -> State:
    end_s = time.monotonic() + REWRITTEN_WITHIN_S
    while True:
        try:
            return msgspec.json.decode(os.pread(opened, STATE_BYTES_MAX, 0), type=State)
        except msgspec.DecodeError:
            if time.monotonic() > end_s:
                raise NotReloaded("The file that names the server cannot be read. Restart the server.") from None
            time.sleep(LOOK_EVERY_S)
