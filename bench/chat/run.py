"""Run the chat benchmark and judge it: `python -m bench.chat.run`. See bench/README.md.

Rule 1: the servers of a group are alive together and take turns, in an order drawn anew for each round.
Rule 2: a run that was not clean is said as it happens, fails its row and makes the exit status 1.
Rule 3: results are appended, never rewritten; a quick look goes to build/ and counts for nothing.
"""

import argparse
import fnmatch
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final, TextIO

from bench.chat import coldstart
from bench.chat.machine import PROBE_COMMITS, facts, probe_commits, wait_for_quiet
from bench.chat.rows import CPU, CPU_STORM, ColdRow, Groups, Judged, Row, Taken, Verdict, spread, table
from bench.chat.scenarios import SCENARIOS, Entry, Result, run
from bench.chat.servers import OUT, SERVERS, BenchError, Pinning, Running, measured_commit, running, version

RESULTS: Final = Path(__file__).resolve().parent / "results"
ROUNDS: Final = 5
QUICK_ROUNDS: Final = 2
QUICK_SHRINK: Final = 4
BUSY_SHARE: Final = 0.5
"""A run that began while something else kept a core this busy is counted, and the count is printed."""
LIMIT_MIN: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one call of the runner measures."""

    pinning: Pinning
    rounds: int
    shrink: int
    lean: bool  # without the servers that are not judged
    give_up_at: float


@dataclass(slots=True, kw_only=True)
class Log:
    """Where every run goes as it happens: a JSON line each, and a line for whoever watches."""

    out: TextIO
    stamp: dict[str, str]
    taken: Taken
    busy: int = 0
    runs: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, result: Result, number: int, load: float) -> None:
        self.taken.results.setdefault(result.entry, []).append(result)
        self.runs += 1
        self.busy += load > BUSY_SHARE
        figures = {key: round(value, 6) for key, value in result.figures.items()}
        line = {
            **self.stamp,
            "round": number,
            "server": result.entry.server,
            "scenario": result.entry.scenario,
            "clean": result.ok,
            "why": result.why,
            "load_before": round(load, 3),
            **figures,
        }
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()
        said = f"  {number + 1} {result.entry!s:34}" + _brief(result)
        print(said, file=sys.stderr, flush=True)
        if not result.ok:
            self.fault(f"{result.entry}: {result.why}")

    def fault(self, text: str) -> None:
        self.faults.append(text)
        print(f"  NOT CLEAN: {text}", file=sys.stderr, flush=True)


def _brief(result: Result) -> str:
    """Return a run's main figures."""
    found = result.figures
    if CPU in found:
        return (
            f"{found[CPU]:7.2f} s/M {found['deliveries_per_s'] / 1e3:7.0f} k/s"
            f"  p50 {found['lat_p50_us'] / 1e3:6.2f} p99 {found['lat_p99_us'] / 1e3:6.2f} ms"
        )
    if "rss_bytes_per_conn" in found:
        return f"{found['rss_bytes_per_conn']:7.0f} B each"
    return f"{found.get(CPU_STORM, 0):7.4f} s/1000 {found['conns_per_s']:7.0f} /s"


def choose(groups: Groups, only: Sequence[str]) -> Groups:
    """Keep the rows that were asked for, by name, by group or by a pattern such as `*-caps`.

    A row's own name wins over its group's: `pipe100` does not also mean `pipe100-caps`.

    Raises:
        BenchError: A name fits no row.
    """
    names = [row.name for _, rows in groups for row in rows]
    wanted: set[str] = set()
    for asked in only:
        if asked in names:
            found = {asked}
        else:
            found = {r.name for group, rows in groups for r in rows if group == asked}
            found |= set(fnmatch.filter(names, asked))
        if not found:
            raise BenchError(f"no row is called {asked}; there are {', '.join(names)}")
        wanted |= found
    kept = [(group, [row for row in rows if not only or row.name in wanted]) for group, rows in groups]
    return [(group, rows) for group, rows in kept if rows]


def measure(rows: Sequence[Row], plan: Plan, log: Log) -> None:
    """Run all entries of some rows of one group, interleaved.

    Raises:
        BenchError: A server does not start, or ended while it was measured.
    """
    entries = list(dict.fromkeys(entry for row in rows for entry in row.entries()))
    if not plan.lean:
        entries = list(dict.fromkeys([*entries, *(entry for row in rows for entry in row.beside)]))
    if any(isinstance(row, ColdRow) for row in rows):
        log.taken.cold_s = coldstart.measure(plan.pinning).accepted_s()
    if not entries:
        return
    if all(SCENARIOS[entry.scenario].fresh for entry in entries):
        for number in range(plan.rounds):
            for entry in random.sample(entries, len(entries)):
                with running([SERVERS[entry.server]], _folder(), plan.pinning) as alive:
                    _run_once(entry, number, alive, plan, log)
        return
    names = dict.fromkeys(entry.server for entry in entries)
    with running([SERVERS[name] for name in names], _folder(), plan.pinning) as alive:
        for number in range(plan.rounds):
            log.taken.commits_ms += probe_commits(OUT / "run" / "probe", PROBE_COMMITS // plan.shrink)
            for entry in random.sample(entries, len(entries)):
                _run_once(entry, number, alive, plan, log)


def _run_once(entry: Entry, number: int, alive: dict[str, Running], plan: Plan, log: Log) -> None:
    if time.monotonic() > plan.give_up_at:
        raise BenchError("the time for the whole benchmark is over (--limit-min)")
    load = wait_for_quiet()
    server = alive[entry.server]
    result = run(server, SCENARIOS[entry.scenario], plan.pinning, shrink=plan.shrink)
    log.add(result, number, load)
    if server.process.poll() is not None:
        raise BenchError(f"{entry.server} ended while it was measured; it said:\n{server.log_tail()}")


def _folder() -> Path:
    """Return a new name for a folder on the project's own disk."""
    return OUT / "run" / f"{os.getpid()}-{time.monotonic_ns()}"


def judge(groups: Groups, taken: Taken) -> list[Judged]:
    """Judge every row; a row with an unclean run is failed."""
    judged = []
    for _, rows in groups:
        for row in rows:
            one, faults = row.judge(taken), taken.faults(row.entries())
            judged.append(replace(one, verdict=Verdict.FAILED, note=faults[0]) if faults else one)
    return judged


def report(judged: Sequence[Judged], taken: Taken, log: Log, plan: Plan) -> list[str]:
    """Return the result as Markdown lines."""
    lines = [f"- {fact}" for fact in facts(OUT)]
    if taken.commits_ms:
        lines.append(
            f"- commit of this disk (SQLite, WAL, FULL): p50 {taken.commit_ms(0.5):.2f} ms, p99 "
            f"{taken.commit_ms(0.99):.2f} ms ({len(taken.commits_ms)} commits between the runs)"
        )
    pinned = f"server on core {plan.pinning.server_core}, generator on core {plan.pinning.load_core}"
    lines += [
        f"- {log.runs} runs, {log.busy} of them begun beside other load, {len(log.faults)} faults",
        f"- {plan.rounds} rounds, {pinned}, niceness {plan.pinning.niceness}",
        "",
        "| row | must | aim | ours | theirs | ratio | p50 ms | p99 ms | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in judged:
        verdict = f"**{one.verdict}**" if one.verdict in (Verdict.MISSED, Verdict.FAILED) else str(one.verdict)
        note = f": {one.note}" if one.note else ""
        cells = (
            one.row,
            one.must,
            one.aim,
            one.ours,
            one.theirs,
            one.ratio,
            one.p50,
            one.p99,
            verdict + note,
        )
        lines.append("| " + " | ".join(cells) + " |")
    if any(taken.of(entry, CPU) for entry in taken.results):
        heads = ["scenario", "server", "CPU s/M", "kernel", "k deliveries/s", "p50 ms", "p99 ms"]
        heads += ["deliveries a read", "server busy", "generator busy"]
        lines += [
            "",
            "| " + " | ".join(heads) + " |",
            "| --- " * len(heads) + "|",
            *(_server_line(entry, taken) for entry in taken.results if taken.of(entry, CPU)),
        ]
    entered = [entry for entry in taken.results if taken.of(entry, CPU_STORM) and not taken.of(entry, CPU)]
    if entered:
        heads = ["scenario", "server", "registrations/s", "CPU s a thousand", "p50 ms", "p99 ms", "bytes a connection"]
        lines += [
            "",
            "| " + " | ".join(heads) + " |",
            "| --- " * len(heads) + "|",
            *(_entered_line(entry, taken) for entry in entered),
        ]
    if log.faults:
        lines += ["", "Not clean:", "", *(f"- {fault.splitlines()[0]}" for fault in log.faults)]
    return lines


def _server_line(entry: Entry, taken: Taken) -> str:
    """Return a line of the second table: one server under one scenario."""

    def ms(key: str) -> str:
        return spread([us / 1e3 for us in taken.of(entry, key)])

    user, kernel = sum(taken.of(entry, "server_user_s")), sum(taken.of(entry, "server_sys_s"))
    cells = (
        entry.scenario,
        entry.server,
        spread(taken.of(entry, CPU)),
        f"{kernel / (user + kernel):.0%}" if user + kernel else "-",
        spread([one / 1e3 for one in taken.of(entry, "deliveries_per_s")], ".0f"),
        ms("lat_p50_us"),
        ms("lat_p99_us"),
        f"{median(taken.of(entry, 'deliveries_per_read')):.1f}",
        f"{median(taken.of(entry, 'server_cpu_frac')):.0%}",
        f"{median(taken.of(entry, 'loadgen_cpu_frac')):.0%}",
    )
    return "| " + " | ".join(cells) + " |"


def _entered_line(entry: Entry, taken: Taken) -> str:
    """Return a line of the third table: how one server let connections in, and what they cost it while idle."""
    cells = (
        entry.scenario,
        entry.server,
        spread(taken.of(entry, "conns_per_s"), ".0f"),
        spread(taken.of(entry, CPU_STORM), ".4f"),
        spread([us / 1e3 for us in taken.of(entry, "register_p50_us")], ".0f"),
        spread([us / 1e3 for us in taken.of(entry, "register_p99_us")], ".0f"),
        spread(taken.of(entry, "rss_bytes_per_conn"), ".0f"),
    )
    return "| " + " | ".join(cells) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chat.run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="", help="rows, groups or patterns, with commas between: pipe100,*-caps")
    parser.add_argument("--rounds", type=int, default=0, help=f"interleaved rounds (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="few short rounds, judged servers only; no result")
    parser.add_argument("--lean", action="store_true", help="leave out the servers that are not judged")
    parser.add_argument("--ours", default="parvis", choices=SERVERS, help="the server to judge, to try the runner")
    parser.add_argument("--nice", type=int, default=0, help="niceness of both sides (negative needs root)")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--limit-min", type=float, default=LIMIT_MIN, help="give up after so many minutes")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and stop")
    return parser.parse_args()


def main() -> int:
    """Measure what was asked for, print the table, append it to the result of the day."""
    args = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that the servers are stopped too
    plan = Plan(
        pinning=Pinning(server_core=args.server_core, load_core=args.load_core, niceness=args.nice),
        rounds=args.rounds or (QUICK_ROUNDS if args.quick else ROUNDS),
        shrink=QUICK_SHRINK if args.quick else 1,
        lean=args.lean or args.quick,
        give_up_at=time.monotonic() + args.limit_min * 60,
    )
    memory = "parvis-mem" if args.ours == "parvis" else args.ours
    try:
        groups = choose(table(args.ours, memory), [name for name in args.only.split(",") if name])
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if args.list:
        print("\n".join(row.name for _, rows in groups for row in rows))
        return 0
    if not (OUT / "ircload").exists() or not (OUT / "nodelay.so").exists():
        print("bench: build the generator first: make -C bench all", file=sys.stderr)
        return 2
    now = datetime.now(UTC)
    counts = not args.quick and args.ours == "parvis"
    results = RESULTS if counts else OUT / "results"
    results.mkdir(parents=True, exist_ok=True)
    taken = Taken()
    with (results / f"{now:%Y-%m-%d}.jsonl").open("a") as out:
        log = Log(out=out, stamp={"at": now.isoformat(timespec="seconds"), "commit": measured_commit()}, taken=taken)
        for group, rows in groups:
            print(f"{group}", file=sys.stderr, flush=True)
            try:
                measure(rows, plan, log)
            except BenchError as error:
                log.fault(f"{group}: {error}")
    judged = judge(groups, taken)
    lines = report(judged, taken, log, plan)
    used = dict.fromkeys(SERVERS[entry.server].software for entry in taken.results)
    versions = ", ".join(version(SERVERS[name]) for name in used)
    trial = "" if counts else " (a trial)"
    title = f"## {now:%Y-%m-%d %H:%M} UTC, commit {log.stamp['commit']}: {args.ours}{trial}"
    text = "\n".join([title, "", f"- {versions}", *lines, "", ""])
    print(text)
    with (results / f"{now:%Y-%m-%d}.md").open("a") as file:
        file.write(text)
    return 1 if log.faults or any(one.verdict is Verdict.FAILED for one in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
