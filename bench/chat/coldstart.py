"""Time a cold first start: `python -m bench.chat.coldstart`.

From starting `parvis serve` on an empty data folder (keys and schema are made) to the first accepted
connection on the IRC port, and to 001 for a client that connected then; after it the second start, on
the same folder. The program's bytecode and the disk's cache are warm: only the data folder is cold.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.chat.machine import facts
from bench.chat.rows import Verdict, spread, weigh
from bench.chat.servers import (
    OUT,
    BenchError,
    Pinning,
    free_ports,
    measured_commit,
    parvis_command,
    parvis_config,
)

TIMES: Final = 7
LIMIT_S: Final = 20.0
"""Longest wait for one start."""
POLL_S: Final = 0.001
MUST_S: Final = 0.5
AIM_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from the start of the process."""

    accepted_s: float
    welcomed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """All starts of one call."""

    first: list[Start]
    second: list[Start]

    def accepted_s(self) -> tuple[float, ...]:
        return tuple(one.accepted_s for one in self.first)

    def lines(self) -> list[str]:
        """Return a Markdown table."""
        rows = ["| start | accepted, s | 001 received, s |", "| --- | --- | --- |"]
        for name, starts in (("first, empty folder", self.first), ("second", self.second)):
            accepted = spread([one.accepted_s for one in starts], ".3f")
            rows.append(f"| {name} | {accepted} | {spread([one.welcomed_s for one in starts], '.3f')} |")
        return rows


def start_once(folder: Path, pinning: Pinning) -> Start:
    """Start the server on a folder, be its first client, and end it.

    Raises:
        BenchError: It ended early, or did not welcome the client in time.
    """
    port, http_port = free_ports(2)
    config = folder / "server.toml"
    config.write_text(parvis_config(port, http_port))
    command = [parvis_command(), "serve", "--config", str(config), "--data", str(folder / "data")]
    with (folder / "server.log").open("wb") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            [*pinning.server(), *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        client = _connect(port, process, started + LIMIT_S)
        accepted = time.monotonic()
        with client:
            client.settimeout(LIMIT_S)
            client.sendall(b"NICK first\r\nUSER first 0 * :first\r\n")
            _await_welcome(client)
        return Start(accepted_s=accepted - started, welcomed_s=time.monotonic() - started)
    except OSError as error:
        tail = (folder / "server.log").read_text(errors="replace")[-2000:]
        raise BenchError(f"parvis did not start: {error}\n{tail}") from error
    finally:
        process.terminate()
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connect(port: int, process: subprocess.Popen[bytes], end: float) -> socket.socket:
    while time.monotonic() < end and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), 1.0)
        except ConnectionRefusedError:
            time.sleep(POLL_S)
    raise ConnectionError("the port did not open")


def _await_welcome(client: socket.socket) -> None:
    heard = b""
    while b" 001 " not in heard:
        part = client.recv(65536)
        if not part:
            raise ConnectionError("closed before the welcome")
        heard += part
        for line in heard.split(b"\r\n"):
            if line.startswith(b"PING "):
                client.sendall(b"PONG " + line[5:] + b"\r\n")


def measure(pinning: Pinning, times: int = TIMES) -> Cold:
    """Start on an empty folder and again on the full one, several times over."""
    first: list[Start] = []
    second: list[Start] = []
    for number in range(times):
        folder = OUT / "run" / f"coldstart-{time.monotonic_ns()}-{number}"
        folder.mkdir(parents=True)
        try:
            first.append(start_once(folder, pinning))
            second.append(start_once(folder, pinning))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return Cold(first=first, second=second)


def main() -> int:
    """Measure, print, and append to the result of the day."""
    parser = argparse.ArgumentParser(description="Time the first and the second start of Parvis.")
    parser.add_argument("--times", type=int, default=TIMES, help="first starts to time")
    parser.add_argument("--nice", type=int, default=0, help="niceness of the server (negative needs root)")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        cold = measure(Pinning(niceness=args.nice), args.times)
    except BenchError as error:
        print(f"coldstart: {error}", file=sys.stderr)
        return 1
    accepted = sorted(cold.accepted_s())
    verdict = weigh(accepted[len(accepted) // 2], MUST_S, AIM_S)
    now = datetime.now(UTC)
    lines = [
        f"## {now:%Y-%m-%d %H:%M} UTC, commit {measured_commit()}: cold start, {verdict}",
        "",
        *facts(OUT),
        "",
        *cold.lines(),
        "",
    ]
    print("\n".join(lines))
    results = Path(__file__).resolve().parent / "results"
    results.mkdir(exist_ok=True)
    with (results / f"{now:%Y-%m-%d}.md").open("a") as file:
        file.write("\n".join([*lines, ""]))
    return 0 if verdict is not Verdict.FAILED else 1


if __name__ == "__main__":
    sys.exit(main())
