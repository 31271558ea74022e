"""What is asked of a server, and one run of the generator that asks it."""

import json
import subprocess
from dataclasses import dataclass
from typing import Final

from bench.chat.servers import OUT, BenchError, Pinning, Running

RUN_LIMIT_S: Final = 60
"""Longest run of the generator; it gives up by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of load. `count` is what may shrink in a quick look: messages per sender, or connections."""

    name: str
    flags: str
    count: int
    counted: str = "--msgs"
    ws: bool = False
    caps: bool = False
    connects: int | None = None  # connections opened at once, where the server's own number is too few
    fresh: bool = False  # a process that did nothing before: for memory


def _scenarios() -> dict[str, Scenario]:
    plain = [
        Scenario(name="lock10", flags="--mode fanout --members 10 --senders 1 --window 1", count=8000),
        Scenario(name="lock100", flags="--mode fanout --members 100 --senders 1 --window 1", count=1500),
        Scenario(name="pipe100", flags="--mode fanout --members 100 --senders 4 --window 8", count=750),
        Scenario(name="pipe1000", flags="--mode fanout --members 1000 --senders 4 --window 8", count=80),
        Scenario(name="paced100", flags="--mode fanout --members 100 --senders 10 --rate 200", count=60),
        Scenario(name="dmping", flags="--mode dm --pairs 50 --pingpong", count=400),
        Scenario(name="dmpipe", flags="--mode dm --pairs 50 --window 16", count=2000),
        Scenario(name="rooms", flags="--mode fanout --rooms 200 --members 10 --senders 1 --window 1", count=60),
        # InspIRCd completes registrations once a second: many at a time, or the run measures its timer.
        Scenario(name="storm", flags="--mode storm", count=5000, counted="--conns", connects=2000),
        Scenario(
            name="idle",
            flags="--mode idle --hold-ms 1000",
            count=5000,
            counted="--conns",
            connects=2000,
            fresh=True,
        ),
    ]
    found = {}
    for one in plain:
        for ws in (False, True):
            for caps in (False, True):
                name = one.name + ("-ws" if ws else "") + ("-caps" if caps else "")
                found[name] = Scenario(
                    name=name,
                    flags=one.flags,
                    count=one.count,
                    counted=one.counted,
                    ws=ws,
                    caps=caps,
                    connects=one.connects,
                    fresh=one.fresh,
                )
    return found


SCENARIOS: Final = _scenarios()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A server under a scenario: one line of the second table."""

    server: str
    scenario: str

    def __str__(self) -> str:
        return f"{self.scenario} {self.server}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run of the generator printed, its numbers apart from its words."""

    entry: Entry
    ok: bool
    why: str  # what was wrong, empty when nothing was
    figures: dict[str, float]


def run(server: Running, scenario: Scenario, pinning: Pinning, *, shrink: int = 1) -> Result:
    """Run the generator once against a server.

    Raises:
        BenchError: The generator printed nothing that can be read.
    """
    connects = server.server.connects
    if scenario.connects is not None and server.server.software != "ngircd":
        connects = scenario.connects
    command = [
        *pinning.load(),
        str(OUT / "ircload"),
        *("--label", server.server.name),
        *("--port", str(server.ws_port if scenario.ws else server.port)),
        *("--pid", ",".join(str(pid) for pid in server.pids())),
        *("--core", str(pinning.server_core)),
        *("--timeout", str(RUN_LIMIT_S)),
        *("--concurrency", str(connects)),
        *scenario.flags.split(),
        *(scenario.counted, str(max(1, scenario.count // shrink))),
        *(["--ws", "--path", server.ws_path] if scenario.ws else []),
        *(["--caps"] if scenario.caps else []),
        *(["--want", server.server.wants] if scenario.caps and server.server.wants else []),
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S + 30, check=False)
    try:
        raw = json.loads(said.stdout)
    except ValueError as error:
        raise BenchError(f"the generator said nothing readable: {said.stderr.strip()[:300]}") from error
    return read(Entry(server=server.server.name, scenario=scenario.name), raw)


def read(entry: Entry, raw: dict[str, object]) -> Result:
    """Read the generator's JSON object into a result."""
    figures = {key: float(value) for key, value in raw.items() if isinstance(value, int | float)}
    if figures.get("conns"):
        figures["cpu_ms_per_conn"] = figures["storm_cpu_s"] * 1e3 / figures["conns"]
    ok = raw["ok"] is True
    counters = ("lost", "duplicates", "gaps", "foreign", "disconnects", "refused", "timed_out")
    wrong = [f"{key} {figures[key]:.0f}" for key in counters if figures.get(key)]
    if not ok and figures.get("ready", 0) < figures["conns"]:
        wrong.append(f"registered {figures.get('ready', 0):.0f} of {figures['conns']:.0f}")
    if raw.get("first_error"):
        wrong.append(str(raw["first_error"]))
    return Result(entry=entry, ok=ok, why="" if ok else ", ".join(wrong) or "not ok", figures=figures)
