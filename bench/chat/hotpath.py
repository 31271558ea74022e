"""Profile the hot path while a busy room is played: `python -m bench.chat.hotpath`.

The server is the shipped one, watched from outside and never changed: `perf` says how much is kernel,
interpreter and libraries, `py-spy` (where bench/chat/setup.sh --profile put it) says which Python functions.
Both are turned into microseconds per delivery by the CPU figure of runs that nobody watched. The summary goes
to bench/chat/results/hotpath-DATE.md.
"""

import argparse
import contextlib
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.chat.machine import facts
from bench.chat.rows import CPU
from bench.chat.run import RESULTS
from bench.chat.scenarios import SCENARIOS
from bench.chat.scenarios import run as run_load
from bench.chat.servers import OUT, SERVERS, BenchError, Pinning, Running, measured_commit, running

SAMPLES_PER_S: Final = 997
"""A prime, so that sampling does not march in step with a timer of the server."""
WATCH_S: Final = 4
LINES: Final = 40
PY_SPY: Final = OUT / "py-spy" / "bin" / "py-spy"
MEMBER_WAIT_S: Final = 2.0
"""From starting the generator until its clients have joined and speak."""


@contextlib.contextmanager
def busy(server: Running, scenario: str, pinning: Pinning) -> Iterator[None]:
    """Keep a scenario running against the server while the body watches."""
    chosen = SCENARIOS[scenario]
    generator = subprocess.Popen(
        [
            *pinning.load(),
            str(OUT / "ircload"),
            *("--port", str(server.ws_port if chosen.ws else server.port)),
            *("--timeout", str(MEMBER_WAIT_S + WATCH_S + 2)),
            *chosen.flags.split(),
            *("--msgs", "100000"),
            *(["--ws", "--path", server.ws_path] if chosen.ws else []),
            *(["--caps"] if chosen.caps else []),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        time.sleep(MEMBER_WAIT_S)
        yield
    finally:
        generator.terminate()
        generator.wait()


def by_perf(server: Running, scenario: str, pinning: Pinning, us: float) -> list[str]:
    """Return where the CPU goes by binary and by symbol, as Markdown."""
    perf = shutil.which("perf")
    if perf is None:
        return ["perf is not installed: run bench/chat/setup.sh --profile"]
    data = server.folder / "perf.data"
    record = [perf, "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_S), "-o", str(data)]
    with busy(server, scenario, pinning):
        watched = [*record, "-p", str(server.process.pid), "--", "sleep", str(WATCH_S)]
        subprocess.run(watched, check=True, capture_output=True, timeout=WATCH_S + 30)
    lines = []
    for heading, sort in (("By binary", "dso"), ("By symbol", "dso,symbol"), ("By thread", "comm,tid")):
        said = subprocess.run(
            [perf, "report", "-i", str(data), "--stdio", "--sort", sort, "-g", "none"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        shares = re.findall(r"^\s*(\d+\.\d+)%\s+(.+?)\s*$", said.stdout, flags=re.MULTILINE)
        rows = [(float(share), " ".join(what.split()).removesuffix(" - -")) for share, what in shares[:LINES]]
        lines += [f"### {heading} (perf)", "", *_shares(rows, us), ""]
    return lines


def by_py_spy(server: Running, scenario: str, pinning: Pinning, us: float) -> list[str]:
    """Return the Python functions by their own time and by all time below them, as Markdown."""
    if not PY_SPY.exists():
        return ["py-spy is not there: run bench/chat/setup.sh --profile"]
    folded = server.folder / "stacks.txt"
    watch = [str(PY_SPY), "record", "--pid", str(server.process.pid), "--duration", str(WATCH_S)]
    watch += [
        "--rate",
        "500",
        "--format",
        "raw",
        "--output",
        str(folded),
        "--nonblocking",
        "--full-filenames",
    ]
    with busy(server, scenario, pinning):
        subprocess.run(watch, check=True, capture_output=True, timeout=WATCH_S + 60)
    own, below = count_stacks(folded.read_text())
    total = sum(own.values()) or 1
    lines = [
        "Samples of all threads that were not asleep; the loop's own C code counts for `Runner.run`.",
        "",
    ]
    for heading, counted in (("Own time", own), ("With all they call", below)):
        rows = [(100 * samples / total, where) for where, samples in counted.most_common(LINES)]
        lines += [f"### {heading} by Python function (py-spy)", "", *_shares(rows, us), ""]
    return lines


def count_stacks(folded: str) -> tuple[Counter[str], Counter[str]]:
    """Count samples of folded stacks: by the innermost function, and by every function on the stack."""
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [_frame(frame) for frame in stack.split(";") if "(" in frame]
        if frames and count.isdigit():
            own[frames[-1]] += int(count)
            below.update(dict.fromkeys(frames, int(count)))
    return own, below


def _frame(frame: str) -> str:
    """Shorten `send (/far/away/src/parvis/net/tcp.py:31)` to `send (parvis/net/tcp.py)`."""
    name, _, place = frame.partition(" (")
    path = place.rstrip(")").rsplit(":", 1)[0]
    for root in ("/src/", "/site-packages/", "/lib/"):
        if root in path:
            return f"{name} ({path.rsplit(root, 1)[1]})"
    return f"{name} ({path.rsplit('/', 1)[-1]})"


def _shares(rows: list[tuple[float, str]], us: float) -> list[str]:
    """Return shares as a table, with what they are of a delivery."""
    return [
        "| share | µs a delivery | where |",
        "| --- | --- | --- |",
        *(f"| {share:.1f} % | {share * us / 100:.3f} | `{where}` |" for share, where in rows if share >= 0.1),
    ]


def main() -> int:
    """Profile, print and write the summary of the day."""
    parser = argparse.ArgumentParser(description="Say where the microseconds of a delivery go.")
    parser.add_argument("--scenario", default="pipe100", choices=[n for n in SCENARIOS if n[:4] in ("pipe", "lock")])
    parser.add_argument("--server", default="parvis", choices=SERVERS)
    args = parser.parse_args()
    pinning = Pinning()
    try:
        with running([SERVERS[args.server]], OUT / "run" / f"hotpath-{time.monotonic_ns()}", pinning) as alive:
            server = alive[args.server]
            unwatched = [run_load(server, SCENARIOS[args.scenario], pinning).figures[CPU] for _ in range(3)]
            us = sorted(unwatched)[1]
            native = by_perf(server, args.scenario, pinning, us)
            python = by_py_spy(server, args.scenario, pinning, us) if args.server.startswith("parvis") else []
    except (BenchError, subprocess.SubprocessError) as error:
        print(f"hotpath: {error}", file=sys.stderr)
        return 1
    now = datetime.now(UTC)
    what = f"{args.server} under {args.scenario}, {us:.2f} µs a delivery"
    head = [
        f"## {now:%Y-%m-%d %H:%M} UTC, commit {measured_commit()}: {what}",
        "",
        *(f"- {fact}" for fact in facts(OUT)),
        "",
    ]
    text = "\n".join([*head, *native, *python, ""])
    print(text)
    results = RESULTS if args.server.startswith("parvis") else OUT / "results"
    results.mkdir(parents=True, exist_ok=True)
    with Path(results / f"hotpath-{now:%Y-%m-%d}.md").open("a") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
