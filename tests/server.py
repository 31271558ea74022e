"""The real server as a process of its own, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

START_S: Final = 60.0
STOP_S: Final = 30.0

CONFIG: Final = """
[server]
name = "{name}"
network = "Example"
profile = "test"
password = "{password}"
motd = "Hello\\nto you"
{server}

[[listen]]
kind = "irc"
host = "127.0.0.1"
port = 0

[[listen]]
kind = "websocket"
host = "127.0.0.1"
port = 0

[limits]
{limits}

[accounts]
default_user_modes = "{user_modes}"
{accounts}

[[operators]]
name = "operuser"
password = "operpassword"
class = "server-admin"

[archive]
store = "{store}"
"""


class Server:
    """A running server."""

    def __init__(self, folder: Path, config: str) -> None:
        """Start it and wait until it listens."""
        path = folder / "parvis.toml"
        path.write_text(config, encoding="utf-8")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from parvis.cli.main import main; main()"),
                    *("serve", "--config", str(path), "--data", str(folder / "data")),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean,
            )
        self.port = self.ws_port = 0
        watchdog = threading.Timer(START_S, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"Parvis listens on irc://"):
                self.port = int(line.rsplit(b":", 1)[1])
            if line.startswith(b"Parvis listens on ws://"):
                self.ws_port = int(line.rsplit(b":", 1)[1].partition(b"/")[0])
                break
        watchdog.cancel()
        assert self.port, f"the server did not start: {self.log()}"
        assert self.ws_port, f"the server did not start: {self.log()}"

    def log(self) -> str:
        """Give what it logged so far."""
        return self._log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Tell it to stop, wait for that, and give its status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode


@contextmanager
def serving(
    folder: Path,
    *,
    name: str = "chat.test",
    password: str = "",
    limits: str = "exempt_loopback = true",
    server: str = "",
    user_modes: str = "",
    store: str = "sqlite",
    accounts: str = "",
) -> Iterator[Server]:
    """Run a server for a while; at the end it must have broken nowhere and stop as told."""
    config = CONFIG.format(
        name=name,
        password=password,
        limits=limits,
        user_modes=user_modes,
        store=store,
        server=server,
        accounts=accounts,
    )
    running = Server(folder, config)
    try:
        yield running
    finally:
        status = running.stop()
    log = running.log()
    assert "command failed" not in log, log
    assert "Traceback" not in log, log
    assert status == 0, log
