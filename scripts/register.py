"""Write docs/register.md, the register of processing, from `legal/retention.toml`: one table per profile."""

import sys
from pathlib import Path

from parvis.app.config import Config
from parvis.app.retention import settings_of, shipped
from parvis.irc.spans import write_span
from parvis.legal.retention import Kind, Schedule, profiles, read_schedule, resolved, term_in_words
from parvis.net.http.privacy import ENDS

REGISTER = Path(__file__).resolve().parents[1] / "docs" / "register.md"

HEAD = """# Register of processing

What a server keeps, why, for how long, and what ends it: the record of GDPR, article 30, as far as the program knows
it. `make docs` writes it from `src/parvis/legal/retention.toml`, the same file that the jobs and the page at `/privacy`
go by; a test fails when they differ. An operator adds who they are, whom to write to, and where the machine stands, and
changes terms with `[archive] retention` (docs/handbook/operator.md, "How long things are kept").

*Shortest* is what can be chosen, and in brackets what the law of the profile asks for. Terms that the configuration
says are those of its defaults.
"""


def shortest(kind: Kind) -> str:
    """Write the shortest term that can be chosen."""
    if kind.minimum_ms is None:
        return "not chosen here"
    least = f" ({write_span(kind.legal_minimum_ms // 1000)})" if kind.legal_minimum_ms else ""
    return f"{write_span(kind.minimum_ms // 1000)}{least}"


def row(kind: Kind) -> str:
    """Write the row of a kind."""
    cells = (
        *(f"`{kind.id}`", f"**{kind.name.en}.** {kind.what.en}", kind.ground.en),
        *(term_in_words(kind.term, "en"), ENDS[kind.ends].en, shortest(kind)),
    )
    return f"| {' | '.join(cells)} |"


def section(schedule: Schedule) -> str:
    """Write the table of a profile."""
    rows = [row(kind) for kind in schedule.kinds]
    return "\n".join(
        [
            f"## Profile `{schedule.profile}`: {schedule.law.en}",
            "",
            "| Kind | What | Ground | Term | End | Shortest |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


def register() -> str:
    """Write it whole."""
    raw, settings = shipped(), settings_of(Config())
    sections = [section(resolved(read_schedule(raw, profile), settings)) for profile in profiles(raw)]
    return "\n\n".join([HEAD.rstrip(), *sections]) + "\n"


if __name__ == "__main__":
    REGISTER.write_text(register(), encoding="utf-8")
    sys.stdout.write(f"{REGISTER.name} is up to date.\n")
