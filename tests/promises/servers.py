"""A real server in a process of its own, and plain connections to it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Self

PATIENCE_S: Final = 30.0
"""How long anything may take before a test gives up on it: far more than it needs."""

CONFIG: Final = """
[server]
name = "square.test"
profile = "test"
motd = ""

[[listen]]
kind = "irc"
port = 0

[limits]
exempt_loopback = true
"""

_LISTENS: Final = re.compile(rb"Parvis listens on (?:irc|ws)s?://127\.0\.0\.1:(\d+)")


def command(*words: str) -> list[str]:
    """Give the command line of a verb, run by this interpreter."""
    return [sys.executable, "-c", "from parvis.cli.main import main; main()", *words]


class Server:
    """A running `parvis serve`."""

    def __init__(
        self,
        folder: Path,
        config: str = CONFIG,
        *,
        data: Path | None = None,
        environ: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Start it.

        Args:
            folder: Where its configuration and its output go.
            config: Its configuration.
            data: Its data folder; one beside the configuration when absent.
            environ: More variables of its environment.
            before: Called in the new process before the program is.
        """
        folder.mkdir(exist_ok=True)
        self.config = folder / "parvis.toml"
        self.config.write_text(config)
        self.data = data if data is not None else folder / "data"
        self.log = folder / "log.txt"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command("serve", "--config", str(self.config), "--data", str(self.data)),
                stdout=subprocess.PIPE,
                stderr=log,
                env={**clean, **(environ or {})},
                preexec_fn=before,  # noqa: PLW1509  # no thread of ours holds a lock meanwhile
            )
        self._said: SimpleQueue[bytes] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self.process.stdout is not None:
            for line in self.process.stdout:
                self._said.put(line)
        self._said.put(b"")

    def port(self) -> int:
        """Wait until it listens.

        Raises:
            AssertionError: It has ended instead.
        """
        while True:
            try:
                line = self._said.get(timeout=PATIENCE_S)
            except Empty:
                raise AssertionError(f"the server said nothing. {self.complaints()}") from None
            if not line:
                raise AssertionError(f"the server ended with {self.process.wait()}. {self.complaints()}")
            found = _LISTENS.match(line)
            if found:
                return int(found[1])

    def complaints(self) -> str:
        """Give what it wrote to its log."""
        return self.log.read_text()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.ended()

    def terminate(self) -> int:
        """Ask it to end, and give its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end, and give its status."""
        status = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


@contextlib.contextmanager
def running(folder: Path, config: str = CONFIG, **options: object) -> Iterator[Server]:
    """Run a server for the time of a block."""
    server = Server(folder, config, **options)  # type: ignore[arg-type]  # handed on as they are
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.ended()


class Person:
    """A blocking connection to a server."""

    def __init__(self, port: int, nick: str = "", *capabilities: str) -> None:
        """Connect; with a name, come in and wait for the welcome."""
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._unread = b""
        if capabilities:
            self.says(f"CAP REQ :{' '.join(capabilities)}", "CAP END")
        if nick:
            self.says(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
            self.hears_until(" 422 ", " 376 ")

    def __enter__(self) -> Self:
        """Give it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.socket.close()

    def says(self, *lines: str) -> None:
        """Send lines."""
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> str:
        """Give the next line, "" at the end."""
        while b"\n" not in self._unread:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return ""
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r").decode()

    def hears_until(self, *parts: str) -> list[str]:
        """Give lines up to the first that holds one of some words.

        Raises:
            AssertionError: The connection ended first.
        """
        lines: list[str] = []
        while True:
            line = self.line()
            if not line:
                raise AssertionError(f"the connection ended before {parts}: {lines}")
            lines.append(line)
            if any(part in line for part in parts):
                return lines

    def hears_to_the_end(self) -> list[str]:
        """Give all lines that are left until the connection is closed."""
        lines: list[str] = []
        while line := self.line():
            lines.append(line)
        return lines


class Hearer(Person):
    """A connection whose lines are gathered as they come."""

    def __init__(self, port: int, nick: str, *capabilities: str) -> None:
        """Connect, come in, and listen from then on."""
        super().__init__(port, nick, *capabilities)
        self.lines: list[str] = []
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def __exit__(self, *_: object) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._listening.join(PATIENCE_S)
        self.socket.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while line := self.line():
                self.lines.append(line)

    def heard(self, part: str) -> bool:
        """Tell whether a line with these words has come."""
        return any(part in line for line in self.lines)

    def waits_for(self, part: str, *meanwhile: str) -> None:
        """Wait until a line with these words has come, saying something now and then."""
        eventually(lambda: self.heard(part), lambda: self.says(*meanwhile) if meanwhile else None)


def eventually(is_so: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until something is so, doing something now and then.

    Raises:
        AssertionError: It never is.
    """
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it never was"
        meanwhile()
        time.sleep(0.02)
