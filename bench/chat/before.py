"""Compare this checkout with a commit before it: `python -m bench.chat.before COMMIT [scenario ...]`.

Both are run by one interpreter from their sources, with the packages that are installed here; they take turns within a
round, in an order drawn anew. A ratio above one says that this checkout costs more. Results are appended to
`results/before.md`.
"""

import argparse
import io
import random
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from bench.chat.machine import facts, wait_for_quiet
from bench.chat.scenarios import SCENARIOS, Result, Scenario, run
from bench.chat.servers import OUT, ROOT, BenchError, Pinning, Server, measured_commit, running

RESULTS: Final = Path(__file__).resolve().parent / "results" / "before.md"
SHOWN: Final = (
    "pipe100",
    "pipe1000",
    "pipe100-ws",
    "pipe100-caps",
    "paced100",
    "dmpipe",
    "storm",
    "idle",
    "lock100/mem",
)
"""Scenarios when none is named; `/mem` is with the memory twin of the archive."""
FIGURES: Final = (
    *("server_cpu_s_per_M", "cpu_ms_per_conn", "rss_bytes_per_conn", "deliv_per_s", "conns_per_s"),
    *("lat_p50_us", "lat_p99_us"),
)
"""Figures of the generator that are compared, where a scenario has them."""
WARM_SHRINK: Final = 4
"""The share of a run that warms a server up."""
ROUNDS: Final = 5


def main() -> int:
    """Measure, print and append."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("commit")
    asked.add_argument("scenarios", nargs="*", default=list(SHOWN))
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--nice", type=int, default=0)
    words = asked.parse_args()
    pinning = Pinning(niceness=words.nice)
    before = _sources(words.commit)
    lines = [
        f"## {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {measured_commit()} against {before.parent.name}",
        *("", *(f"- {fact}" for fact in facts(ROOT)), f"- {words.rounds} rounds"),
        "",
        "| scenario | figure | before | now | ratio (extremes of the rounds) |",
        "| --- | --- | --- | --- | --- |",
    ]
    faults = []
    for name in words.scenarios:
        scenario, _, archive = name.partition("/")
        pair = [
            Server(name=which, software="parvis", archive="memory" if archive else "sqlite", source=source)
            for which, source in (("before", before), ("now", ROOT / "src"))
        ]
        taken: dict[str, list[Result]] = {"before": [], "now": []}
        for results in _rounds(SCENARIOS[scenario], pair, pinning, words.rounds):
            for result in results:
                taken[result.entry.server].append(result)
                faults += [] if result.ok else [f"{name} {result.entry.server}: {result.why}"]
        rows = list(_rows(name, taken))
        print("\n".join(rows), flush=True)
        lines += rows
    lines += ["", *(f"Not clean: {fault}" for fault in faults)]
    with RESULTS.open("a") as out:
        out.write("\n".join(lines) + "\n")
    return 1 if faults else 0


def _sources(commit: str) -> Path:
    """Lay out the sources of a commit."""
    short = _git("rev-parse", "--short", commit + "^{commit}").decode().strip()
    folder = OUT / "before" / short
    if not folder.exists():
        with closing(tarfile.open(fileobj=io.BytesIO(_git("archive", short, "src")))) as packed:
            packed.extractall(folder, filter="data")
    return folder / "src"


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise BenchError(done.stderr.decode().strip())
    return done.stdout


def _rounds(scenario: Scenario, pair: list[Server], pinning: Pinning, rounds: int) -> Iterator[list[Result]]:
    """Give the results of each round."""
    folder = OUT / "run" / f"before-{time.monotonic_ns()}"
    if scenario.fresh:
        for number in range(rounds):
            results = []
            for server in random.sample(pair, 2):
                with running([server], folder / f"{number}-{server.name}", pinning) as alone:
                    # What it loads after its first connection is accepted is no connection's.
                    wait_for_quiet()
                    results.append(run(alone[server.name], scenario, pinning))
            yield results
        return
    with running(pair, folder, pinning) as both:
        for one in both.values():
            run(one, scenario, pinning, shrink=WARM_SHRINK)
        for _ in range(rounds):
            wait_for_quiet()
            yield [run(both[server.name], scenario, pinning) for server in random.sample(pair, 2)]


def _rows(name: str, taken: dict[str, list[Result]]) -> Iterator[str]:
    for figure in FIGURES:
        pairs = [
            (old.figures[figure], new.figures[figure])
            for old, new in zip(taken["before"], taken["now"], strict=True)
            if old.figures.get(figure) and figure in new.figures
        ]
        if pairs:
            ratios = [new / old for old, new in pairs]
            medians = " | ".join(f"{median(each):.4g}" for each in zip(*pairs, strict=True))
            yield f"| {name} | {figure} | {medians} | {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"


if __name__ == "__main__":
    sys.exit(main())
