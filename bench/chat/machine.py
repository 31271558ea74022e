"""What the figures were measured on: the machine, its other load, and its disk's commit."""

import os
import platform
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PROBE_COMMITS: Final = 200
PROBE_INTERVAL_S: Final = 0.005
"""Commits are paced like the messages of `paced100`: a disk that rests between two answers differently."""
PROBE_ROW_BYTES: Final = 400
"""About one sealed record of a 100-byte message with its leaf."""


def quantile(values: Sequence[float], q: float) -> float:
    """Return the value below which the share `q` lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def probe_commits(folder: Path, commits: int = PROBE_COMMITS) -> list[float]:
    """Commit small rows to SQLite as the archive does (WAL, synchronous FULL).

    Returns:
        What each commit took, in milliseconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "probe.db"
    taken_ms: list[float] = []
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE probe (number INTEGER PRIMARY KEY, body BLOB)")
        for _ in range(commits):
            body = os.urandom(PROBE_ROW_BYTES)
            started = time.perf_counter()
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO probe (body) VALUES (?)", (body,))
            database.execute("COMMIT")
            took = time.perf_counter() - started
            taken_ms.append(took * 1e3)
            time.sleep(max(0.0, PROBE_INTERVAL_S - took))
    finally:
        database.close()
        for leftover in folder.glob("probe.db*"):
            leftover.unlink()
    return taken_ms


def _core_ticks() -> dict[int, tuple[int, int]]:
    """Return per core the ticks it was busy and all its ticks."""
    ticks: dict[int, tuple[int, int]] = {}
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("cpu") and line[3].isdigit():
            name, *rest = line.split()
            values = [int(value) for value in rest[:7]]
            ticks[int(name[3:])] = (sum(values) - values[3] - values[4], sum(values))
    return ticks


def wait_for_quiet(limit_s: float = 1.0, share: float = 0.25) -> float:
    """Wait a moment for both cores to be nearly idle; return the busiest core's share last seen."""
    end = time.monotonic() + limit_s
    while True:
        before = _core_ticks()
        time.sleep(0.2)
        after = _core_ticks()
        busiest = max((after[c][0] - before[c][0]) / max(1, after[c][1] - before[c][1]) for c in after)
        if busiest <= share or time.monotonic() > end:
            return busiest


def facts(folder: Path) -> list[str]:
    """Return what a reader must know of the machine, a line each."""
    described = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    cpu = described[0].split(":", 1)[1].strip() if described else platform.machine()
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return [
        f"{os.cpu_count()} cores ({cpu}), {memory_kb / 1048576:.0f} GiB of memory, {_filesystem(folder)}",
        f"Linux {platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
    ]


def _filesystem(folder: Path) -> str:
    """Return the type of file system a folder lies on."""
    best = ("", "file system unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mounted_at, kind, *_ = line.split()
        if folder.resolve().is_relative_to(mounted_at) and len(mounted_at) >= len(best[0]):
            best = (mounted_at, kind)
    return best[1]
