"""A square to play on: a real server in a process of its own, on free ports, with an archive to look into."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from parvis.model.records import RecordKind
from parvis.store.sqlite.reader import opened_records

STOP_TIMEOUT_S = 30


class Square:
    """A server that runs.

    Attributes:
        ports: The port of each listener, by the scheme of its address (`irc`, `ircs`, `ws`, `http`), in the order
            of the configuration.
    """

    def __init__(self, data_dir: Path) -> None:
        """Keep where its archive is."""
        self.data_dir = data_dir
        self.ports: dict[str, list[int]] = {}

    @property
    def port(self) -> int:
        """Give the port for IRC without TLS."""
        return self.ports["irc"][0]

    def said(self) -> list[str]:
        """List what the archive holds of what was said, in order: each line without tags and its sender's mask."""
        return [
            re.sub(r"\A(?:@\S+ )?:\S+ ", "", opened.line.decode())
            for opened in opened_records(self.data_dir)
            if opened.header.kind is RecordKind.MESSAGE and not opened.undelivered
        ]


@contextmanager
def a_square(folder: Path, listeners: str = '[[listen]]\nkind = "irc"\nport = 0\n') -> Iterator[Square]:
    """Start a server that lets many come from this machine, and end it in order.

    Args:
        folder: Where its configuration and its archive go.
        listeners: The `[[listen]]` tables of its configuration.
    """
    config = folder / "parvis.toml"
    config.write_text(
        f'[server]\nprofile = "test"\ndata_dir = "{folder / "data"}"\n[limits]\nexempt_loopback = true\n{listeners}',
        encoding="utf-8",
    )
    square = Square(folder / "data")
    words = [sys.executable, "-m", "parvis.cli.main", "serve", "--config", str(config)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, env=clean, text=True)
    try:
        assert server.stdout is not None
        for _ in range(listeners.count("[[listen]]")):
            said = server.stdout.readline()
            assert said.startswith("Parvis listens on "), (folder / "server.log").read_text()
            url = urlsplit(said.split()[-1])
            assert url.port is not None
            square.ports.setdefault(url.scheme, []).append(url.port)
        yield square
        server.send_signal(signal.SIGTERM)
        assert server.wait(STOP_TIMEOUT_S) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
        if server.stdout is not None:
            server.stdout.close()
