"""The servers that are compared: how each is configured, started, counted and ended.

Rule 1: every server gets a folder of its own on the disk the project lies on, never in memory.
Rule 2: a server is ended by its process id, and by nothing else.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import parvis

ROOT: Final = Path(__file__).resolve().parents[2]
OUT: Final = ROOT / "build" / "bench"
PEERS: Final = Path(__file__).resolve().parent / "peers"

START_WAIT_S: Final = 30.0
"""Longest wait for a server's ports to answer."""
STOP_WAIT_S: Final = 15.0
"""Longest wait between SIGTERM and SIGKILL."""
LOG_TAIL_LINES: Final = 20

Software = Literal["parvis", "inspircd", "ngircd"]


class BenchError(Exception):
    """The benchmark cannot go on, and its message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One way of running one program."""

    name: str
    software: Software
    nodelay: bool = False  # with TCP_NODELAY preloaded
    tags: bool = False  # InspIRCd with the modules that --caps needs
    archive: Literal["sqlite", "memory"] = "sqlite"  # Parvis only
    source: Path | None = None  # Parvis only: run from these sources instead of what is installed
    connects: int = 256  # connections the generator opens at once; ngIRCd's backlog is 10
    wants: str = ""  # what is asked for in CAP REQ where the generator's own list cannot be had; for storms alone


SERVERS: Final = {
    server.name: server
    for server in (
        Server(name="parvis", software="parvis"),
        Server(name="parvis-mem", software="parvis", archive="memory"),
        Server(name="inspircd", software="inspircd"),
        Server(name="inspircd-nodelay", software="inspircd", nodelay=True),
        Server(name="inspircd-caps", software="inspircd", tags=True),
        Server(name="ngircd", software="ngircd", connects=8, wants="multi-prefix"),
        Server(name="ngircd-nodelay", software="ngircd", nodelay=True, connects=8),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinning:
    """Where the two sides run."""

    server_core: int = 0
    load_core: int = 1
    niceness: int = 0

    def server(self) -> list[str]:
        return [*self._nice(), "taskset", "-c", str(self.server_core)]

    def load(self) -> list[str]:
        return [*self._nice(), "taskset", "-c", str(self.load_core)]

    def _nice(self) -> list[str]:
        return ["nice", "-n", str(self.niceness)] if self.niceness else []


@dataclass(slots=True, kw_only=True)
class Running:
    """A server that answers on its ports."""

    server: Server
    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    ws_port: int
    ws_path: str = field(default="/")

    def pids(self) -> list[int]:
        """Return the server's process and all its descendants."""
        found = [self.process.pid]
        for pid in found:  # grows while it is read
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    found.extend(int(child) for child in children.read_text().split())
        return found

    def log_tail(self) -> str:
        """Return the last lines the server printed."""
        lines = (self.folder / "server.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def stop(self) -> None:
        """End the server, by force if it does not end itself."""
        self.process.terminate()
        try:
            self.process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody listens on at this moment."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(sock.getsockname()[1]) for sock in held]
    for sock in held:
        sock.close()
    return ports


def parvis_command() -> str:
    """Return the installed `parvis`, beside the interpreter that runs the benchmark."""
    command = Path(sys.executable).parent / "parvis"
    if not command.exists():
        raise BenchError(f"no parvis command beside {Path(sys.executable).name}: run `make setup`")
    return str(command)


def parvis_config(port: int, http_port: int, archive: str = "sqlite") -> str:
    """Return a configuration with every gate in the path, and limits lifted for loopback only."""
    return f"""\
[server]
name = "bench.local"
network = "Bench"
profile = "test"

[[listen]]
kind = "irc"
host = "127.0.0.1"
port = {port}

[[listen]]
kind = "http"
host = "127.0.0.1"
port = {http_port}
allowed_origins = ["*"]

[limits]
exempt_loopback = true

[archive]
store = "{archive}"
"""


def wait_for_port(port: int, process: subprocess.Popen[bytes], limit_s: float = START_WAIT_S) -> bool:
    """Wait until a connection is accepted; false when the process ended or the time is over."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def start(server: Server, folder: Path, pinning: Pinning) -> Running:
    """Start a server in `folder` (made here, must not exist) and wait until it answers.

    Raises:
        BenchError: The program is missing, ended early or does not listen; its last lines are in the message.
    """
    folder.mkdir(parents=True)
    folder.chmod(0o755)  # ngIRCd gives up root before it reads on
    port, ws_port = free_ports(2)
    config = folder / "server.conf"
    command, text = _command(server, config, port, ws_port)
    config.write_text(text)
    config.chmod(0o644)
    env = dict(os.environ)
    if server.source is not None:
        env["PYTHONPATH"] = str(server.source)
    if server.nodelay:
        env["LD_PRELOAD"] = str(OUT / "nodelay.so")
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*pinning.server(), *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=env,
        )
    running = Running(
        server=server,
        process=process,
        folder=folder,
        port=port,
        ws_port=ws_port,
        ws_path="/irc" if server.software == "parvis" else "/",
    )
    ports = [port] if server.software == "ngircd" else [port, ws_port]
    if not all(wait_for_port(one, process) for one in ports):
        running.stop()
        raise BenchError(f"{server.name} does not listen; it said:\n{running.log_tail()}")
    if server.nodelay and "nodelay.so" not in Path(f"/proc/{process.pid}/maps").read_text():
        running.stop()
        raise BenchError(f"{server.name} runs without the preloaded TCP_NODELAY")
    return running


def _command(server: Server, config: Path, port: int, ws_port: int) -> tuple[list[str], str]:
    """Return how to start the server, and the text of its configuration."""
    if server.software == "parvis":
        program = [parvis_command()] if server.source is None else [sys.executable, "-m", "parvis.cli.main"]
        command = [*program, "serve", "--config", str(config), "--data", str(config.parent / "data")]
        return command, parvis_config(port, ws_port, server.archive)
    peer = _program(server.software)
    text = (PEERS / f"{server.software}.conf").read_text()
    if server.tags:
        text += (PEERS / f"{server.software}-caps.conf").read_text()
    text = text.replace("@PORT@", str(port)).replace("@WS_PORT@", str(ws_port))
    if server.software == "ngircd":
        return [peer, "-n", "-f", str(config)], text
    as_root = ["--runasroot"] if os.geteuid() == 0 else []
    return [peer, *as_root, "--nofork", "--config", str(config)], text


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if found is None:
        raise BenchError(f"{name} is not installed: run bench/chat/setup.sh")
    return found


def version(server: Server) -> str:
    """Return what the server's program calls its version."""
    program = parvis_command() if server.software == "parvis" else _program(server.software)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    number = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return f"{server.software} {number[0] if number else 'of unknown version'}"


def measured_commit() -> str:
    """Return the commit of the Parvis that is installed here, `+` when its files differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=Path(parvis.__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"


@contextlib.contextmanager
def running(servers: list[Server], parent: Path, pinning: Pinning) -> Iterator[dict[str, Running]]:
    """Run servers side by side in fresh folders under `parent`, and end them all."""
    started: dict[str, Running] = {}
    try:
        for server in servers:
            started[server.name] = start(server, parent / server.name, pinning)
        yield started
    finally:
        for one in started.values():
            one.stop()
        shutil.rmtree(parent, ignore_errors=True)
