"""The rows that are judged: what must hold, what is aimed at, and what the figures say.

Rule 1: a row is judged by the median of its per-round figures, since the rounds of one row were interleaved.
Rule 2: a row with a run that was not clean (a line lost, twice, out of order, a connection gone) is failed,
        whatever its figures are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Final, Protocol

from bench.chat.machine import quantile
from bench.chat.scenarios import Entry, Result

CPU: Final = "server_cpu_s_per_M"
CPU_STORM: Final = "cpu_ms_per_conn"
"""Milliseconds of CPU for a registration, equal to seconds for a thousand."""
WAIT_MS: Final = 2.0
"""How much later than its base the middle delivery may come, one commit of the disk apart."""
KB: Final = 1000


class Verdict(StrEnum):
    """How a row came out."""

    AIM = "aim met"
    MUST = "must met"
    MISSED = "MISSED"
    REPORTED = "reported"
    FAILED = "FAILED"


@dataclass(slots=True, kw_only=True)
class Taken:
    """Everything one call of the runner measured."""

    results: dict[Entry, list[Result]] = field(default_factory=dict)
    commits_ms: list[float] = field(default_factory=list)
    cold_s: tuple[float, ...] = ()

    def of(self, entry: Entry, key: str) -> list[float]:
        """Return a figure of an entry, a value per round."""
        return [one.figures[key] for one in self.results.get(entry, []) if key in one.figures]

    def commit_ms(self, q: float) -> float:
        """Return a quantile of the disk's commit."""
        return quantile(self.commits_ms, q) if self.commits_ms else 0.0

    def faults(self, entries: Sequence[Entry]) -> list[str]:
        """Return what was not clean in the runs of some entries."""
        return [f"{entry}: {one.why}" for entry in entries for one in self.results.get(entry, []) if not one.ok]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row of the table, in words."""

    row: str
    must: str
    aim: str
    ours: str
    theirs: str
    ratio: str
    p50: str
    p99: str
    verdict: Verdict
    note: str = ""


class Row(Protocol):
    """One claim of the issue."""

    @property
    def name(self) -> str:
        """What the row is called, on the command line too."""

    @property
    def beside(self) -> tuple[Entry, ...]:
        """What runs along for the second table and is not judged."""

    def entries(self) -> tuple[Entry, ...]:
        """Return what has to run, side by side, to judge it."""

    def judge(self, taken: Taken) -> Judged:
        """Compare what was measured with the claim."""


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Return a median with its extremes, as every figure is printed."""
    if not values:
        return "-"
    return f"{median(values):{form}} ({min(values):{form}}..{max(values):{form}})"


def latency(taken: Taken, ours: Entry, theirs: Entry | None, which: str) -> str:
    """Return a latency quantile of both sides in milliseconds, `-` where there is none."""

    def one(entry: Entry | None) -> str:
        if entry is None:
            return "-"
        values = taken.of(entry, f"lat_{which}_us") or taken.of(entry, f"register_{which}_us")
        return f"{median(values) / 1e3:.2f}" if values else "-"

    return f"{one(ours)} / {one(theirs)}"


def pairs(taken: Taken, ours: Entry, theirs: Entry, key: str) -> list[float]:
    """Return the ratio of each round."""
    both = zip(taken.of(ours, key), taken.of(theirs, key), strict=False)
    return [mine / other for mine, other in both if other]


def weigh(value: float | None, must: float, aim: float) -> Verdict:
    """Return the verdict on a value that should be small."""
    if value is None:
        return Verdict.FAILED
    if value <= aim:
        return Verdict.AIM
    return Verdict.MUST if value <= must else Verdict.MISSED


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRow:
    """CPU beside a base's CPU. Where a limit is named, the middle delivery may not wait for it either."""

    name: str
    ours: Entry
    base: Entry
    must: float | None = None
    aim: float | None = None
    key: str = CPU
    beside: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        return (self.ours, self.base)

    def judge(self, taken: Taken) -> Judged:
        ratios = pairs(taken, self.ours, self.base, self.key)
        note = ""
        if self.must is None or self.aim is None:
            verdict = Verdict.REPORTED
        else:
            verdict = weigh(median(ratios) if ratios else None, self.must, self.aim)
            note = self._waits(taken) if self.key == CPU else ""
            if note and verdict in (Verdict.MUST, Verdict.AIM):
                verdict = Verdict.MISSED
        unit = "s/M" if self.key == CPU else "s/1000"
        return Judged(
            row=self.name,
            must="-" if self.must is None else f"≤ {self.must:g} × {self.base.server}",
            aim="-" if self.aim is None else f"≤ {self.aim:g} ×",
            ours=f"{spread(taken.of(self.ours, self.key), _form(self.key))} {unit}",
            theirs=f"{spread(taken.of(self.base, self.key), _form(self.key))} {unit}",
            ratio=spread(ratios),
            p50=latency(taken, self.ours, self.base, "p50"),
            p99=latency(taken, self.ours, self.base, "p99"),
            verdict=verdict,
            note=note,
        )

    def _waits(self, taken: Taken) -> str:
        """Return a complaint when CPU was saved by waiting longer than is allowed."""
        mine, other = taken.of(self.ours, "lat_p50_us"), taken.of(self.base, "lat_p50_us")
        if not mine or not other:
            return ""
        allowed_ms = median(other) / 1e3 + WAIT_MS + taken.commit_ms(0.5)
        waits_ms = median(mine) / 1e3
        return f"p50 is {waits_ms:.2f} ms, allowed are {allowed_ms:.2f}" if waits_ms > allowed_ms else ""


def _form(key: str) -> str:
    return ".2f" if key == CPU else ".4f"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceRow:
    """Latency beside the better of several peers, with some commits of this disk allowed on top."""

    name: str
    ours: Entry
    bases: tuple[Entry, ...]
    which: str  # p50 or p99, of the delivery and of the commit alike
    q: float
    commits: float
    beside: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        return (self.ours, *self.bases)

    def judge(self, taken: Taken) -> Judged:
        key = f"lat_{self.which}_us"
        mine = [us / 1e3 for us in taken.of(self.ours, key)]
        others = [[us / 1e3 for us in taken.of(base, key)] for base in self.bases]
        best = [min(round_) for round_ in zip(*others, strict=False)]
        later = [one - other for one, other in zip(mine, best, strict=False)]
        allowed = self.commits * taken.commit_ms(self.q)
        base = self.bases[0]
        return Judged(
            row=self.name,
            must=f"≤ theirs + {self.commits:g} × commit {self.which} = + {allowed:.2f} ms",
            aim=f"≤ + {allowed / 2:.2f} ms",
            ours=f"{spread(mine)} ms",
            theirs=f"{spread(best)} ms (best with TCP_NODELAY)",
            ratio=f"+ {spread(later)} ms",
            p50=latency(taken, self.ours, base, "p50"),
            p99=latency(taken, self.ours, base, "p99"),
            verdict=weigh(median(later) if later else None, allowed, allowed / 2),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """Latency beside a peer as it is shipped."""

    name: str
    ours: Entry
    base: Entry
    key: str
    must: float
    aim: float
    beside: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        return (self.ours, self.base)

    def judge(self, taken: Taken) -> Judged:
        ratios = pairs(taken, self.ours, self.base, self.key)
        return Judged(
            row=self.name,
            must=f"≤ {self.must:g} × {self.base.server}",
            aim=f"≤ {self.aim:g} ×",
            ours=f"{spread([us / 1e3 for us in taken.of(self.ours, self.key)])} ms",
            theirs=f"{spread([us / 1e3 for us in taken.of(self.base, self.key)])} ms",
            ratio=spread(ratios, ".3f"),
            p50=latency(taken, self.ours, self.base, "p50"),
            p99=latency(taken, self.ours, self.base, "p99"),
            verdict=weigh(median(ratios) if ratios else None, self.must, self.aim),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """Deliveries a second: at least a multiple of a peer's, and at best a number of its own."""

    name: str
    ours: Entry
    base: Entry
    must: float
    aim_per_s: float
    beside: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        return (self.ours, self.base)

    def judge(self, taken: Taken) -> Judged:
        key = "deliveries_per_s"
        mine, ratios = taken.of(self.ours, key), pairs(taken, self.ours, self.base, key)
        if not mine or not ratios:
            verdict = Verdict.FAILED
        elif median(ratios) < self.must:
            verdict = Verdict.MISSED
        else:
            verdict = Verdict.AIM if median(mine) >= self.aim_per_s else Verdict.MUST
        return Judged(
            row=self.name,
            must=f"≥ {self.must:g} × {self.base.server}",
            aim=f"≥ {self.aim_per_s / 1e3:.0f} k/s",
            ours=f"{spread([one / 1e3 for one in mine], '.0f')} k/s",
            theirs=f"{spread([one / 1e3 for one in taken.of(self.base, key)], '.0f')} k/s",
            ratio=spread(ratios),
            p50=latency(taken, self.ours, self.base, "p50"),
            p99=latency(taken, self.ours, self.base, "p99"),
            verdict=verdict,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRow:
    """Resident bytes a bare connection adds."""

    name: str
    ours: Entry
    base: Entry
    must_kb: float
    aim_kb: float
    beside: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        return (self.ours, self.base)

    def judge(self, taken: Taken) -> Judged:
        key = "rss_bytes_per_conn"
        mine = taken.of(self.ours, key)
        return Judged(
            row=self.name,
            must=f"≤ {self.must_kb:g} kB",
            aim=f"≤ {self.aim_kb:g} kB",
            ours=f"{spread(mine, '.0f')} B",
            theirs=f"{spread(taken.of(self.base, key), '.0f')} B",
            ratio=spread(pairs(taken, self.ours, self.base, key)),
            p50="-",
            p99="-",
            verdict=weigh(median(mine) if mine else None, self.must_kb * KB, self.aim_kb * KB),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdRow:
    """From starting the program on an empty folder to its first accepted connection."""

    name: str
    must_s: float
    aim_s: float
    beside: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        return ()

    def judge(self, taken: Taken) -> Judged:
        return Judged(
            row=self.name,
            must=f"< {self.must_s:g} s",
            aim=f"< {self.aim_s:g} s",
            ours=f"{spread(taken.cold_s, '.3f')} s",
            theirs="-",
            ratio="-",
            p50="-",
            p99="-",
            verdict=weigh(median(taken.cold_s) if taken.cold_s else None, self.must_s, self.aim_s),
        )


Groups = list[tuple[str, list[Row]]]


def table(ours: str = "parvis", memory: str = "parvis-mem") -> Groups:
    """Return the rows by group. The entries of a group run side by side, round by round.

    Args:
        ours: The server to judge; another one to try the benchmark itself.
        memory: The same with the archive's memory twin.

    Source: the project's second issue, "Speed".
    """

    def at(server: str) -> Callable[[str], Entry]:
        return lambda scenario: Entry(server=server, scenario=scenario)

    mine, twin = at(ours), at(memory)
    insp, insp_nodelay, insp_caps = at("inspircd"), at("inspircd-nodelay"), at("inspircd-caps")
    ng, ng_nodelay = at("ngircd"), at("ngircd-nodelay")

    def reported(scenario: str) -> list[Row]:
        return [CpuRow(name=scenario, ours=mine(scenario), base=insp(scenario), beside=(ng(scenario),))]

    return [
        (
            "pipe100",
            [
                CpuRow(
                    name="pipe100",
                    ours=mine("pipe100"),
                    base=insp("pipe100"),
                    must=1.0,
                    aim=0.7,
                    beside=(insp_nodelay("pipe100"), ng("pipe100"), ng_nodelay("pipe100")),
                ),
                CpuRow(
                    name="pipe100-caps",
                    ours=mine("pipe100-caps"),
                    base=mine("pipe100"),
                    must=1.5,
                    aim=1.2,
                    beside=(insp_caps("pipe100-caps"),),
                ),
                RateRow(
                    name="rate",
                    ours=mine("pipe100"),
                    base=insp_nodelay("pipe100"),
                    must=2.0,
                    aim_per_s=500_000,
                ),
            ],
        ),
        (
            "pipe100-ws",
            [
                CpuRow(
                    name="pipe100-ws",
                    ours=mine("pipe100-ws"),
                    base=insp("pipe100-ws"),
                    must=0.4,
                    aim=0.25,
                    beside=(insp_nodelay("pipe100-ws"),),
                ),
                CpuRow(
                    name="pipe100-ws-caps",
                    ours=mine("pipe100-ws-caps"),
                    base=mine("pipe100-ws"),
                    must=1.5,
                    aim=1.2,
                    beside=(insp_caps("pipe100-ws-caps"),),
                ),
            ],
        ),
        (
            "pipe1000",
            [
                CpuRow(
                    name="pipe1000",
                    ours=mine("pipe1000"),
                    base=insp("pipe1000"),
                    must=1.0,
                    aim=0.6,
                    beside=(ng("pipe1000"),),
                ),
                CpuRow(
                    name="pipe1000-caps",
                    ours=mine("pipe1000-caps"),
                    base=mine("pipe1000"),
                    must=1.5,
                    aim=1.2,
                    beside=(insp_caps("pipe1000-caps"),),
                ),
            ],
        ),
        (
            "lock100",
            [
                CpuRow(
                    name="lock100",
                    ours=twin("lock100"),
                    base=insp("lock100"),
                    must=1.1,
                    aim=0.95,
                    beside=(mine("lock100"), ng("lock100")),
                )
            ],
        ),
        (
            "dmpipe",
            [
                CpuRow(
                    name="dmpipe",
                    ours=mine("dmpipe"),
                    base=insp("dmpipe"),
                    must=2.5,
                    aim=1.2,
                    beside=(ng("dmpipe"),),
                )
            ],
        ),
        (
            "paced100",
            [
                AllowanceRow(
                    name="paced100-p50",
                    ours=mine("paced100"),
                    bases=(insp_nodelay("paced100"), ng_nodelay("paced100")),
                    which="p50",
                    q=0.5,
                    commits=2,
                ),
                AllowanceRow(
                    name="paced100-p99",
                    ours=mine("paced100"),
                    bases=(insp_nodelay("paced100"), ng_nodelay("paced100")),
                    which="p99",
                    q=0.99,
                    commits=3,
                ),
                LatencyRow(
                    name="paced100-shipped",
                    ours=mine("paced100"),
                    base=insp("paced100"),
                    key="lat_p99_us",
                    must=1 / 4,
                    aim=1 / 8,
                    beside=(ng("paced100"),),
                ),
            ],
        ),
        (
            "storm",
            [
                CpuRow(
                    name="storm",
                    ours=mine("storm"),
                    base=insp("storm"),
                    must=2.0,
                    aim=1.0,
                    key=CPU_STORM,
                    beside=(ng("storm"),),
                ),
                CpuRow(
                    name="storm-caps",
                    ours=mine("storm-caps"),
                    base=insp_caps("storm-caps"),
                    key=CPU_STORM,
                    beside=(ng("storm-caps"),),
                ),
            ],
        ),
        (
            "idle",
            [
                MemoryRow(
                    name="idle",
                    ours=mine("idle"),
                    base=insp("idle"),
                    must_kb=4,
                    aim_kb=2.5,
                    beside=(ng("idle"),),
                ),
                MemoryRow(name="idle-ws", ours=mine("idle-ws"), base=insp("idle-ws"), must_kb=5, aim_kb=3),
            ],
        ),
        ("coldstart", [ColdRow(name="coldstart", must_s=0.5, aim_s=0.3)]),
        *((name, reported(name)) for name in ("lock10", "rooms", "dmping")),
    ]
