"""The levels of defence: how entry is tightened in steps while a wave of strangers lasts.

A level touches who comes, never who is here. Staff set one with a reason and an end, and it falls back by itself
(docs/adr/0019-sanctions-of-the-server.md). Gates as in `policy/gates.py`: the same rules hold here.
"""

from typing import Final

import msgspec

from parvis.model.moments import told_briefly
from parvis.model.sanctions import Defence
from parvis.model.verdicts import ACCEPTED, Ground, Refused, Verdict

NORMAL: Final = 5


class Step(msgspec.Struct, frozen=True):
    """What a level does."""

    divisor: int
    """By what the limits per address are divided."""
    registers: bool
    """Whether accounts may be registered."""
    guests_per_minute: int | None
    """How many guests may enter in a minute, all together; None: any number."""
    meaning: str


STEPS: Final = {
    5: Step(1, True, None, "normal"),
    4: Step(2, True, None, "the limits per address are halved"),
    3: Step(2, False, None, "as 4, and no account is registered"),
    2: Step(4, False, 20, "as 3, the limits per address are a quarter, and 20 guests may enter in a minute"),
    1: Step(4, False, 0, "as 2, and who has no account cannot enter"),
}
"""Every level, the most open first. The numbers are ours."""


def step_at(defence: Defence | None, now_ms: int) -> Step:
    """Give what holds now: a level that has ended is none."""
    return STEPS[NORMAL if defence is None or defence.ends_at_ms <= now_ms else defence.level]


def per_address(limit: int, step: Step) -> int:
    """Give a limit per address under a level; one is always let in."""
    return max(1, limit // step.divisor)


def enter(step: Step, ends_at_ms: int, *, is_guest: bool, guests_in_minute: int) -> Verdict:
    """May one more person enter?

    Args:
        step: What holds now.
        ends_at_ms: When it ends, if nothing else is decided.
        is_guest: Whether they have no account.
        guests_in_minute: Guests who have entered in this minute.
    """
    if not is_guest or step.guests_per_minute is None or guests_in_minute < step.guests_per_minute:
        return ACCEPTED
    until = told_briefly(ends_at_ms)
    if not step.guests_per_minute:
        return Refused(
            Ground.DEFENCE,
            f"For now one enters with an account only: log in (SASL), or come back after {until}.",
        )
    return Refused(
        Ground.DEFENCE,
        f"Too many people are coming at once: try again in a minute, or log in (SASL). This holds until {until}.",
    )


def register(step: Step, ends_at_ms: int) -> Verdict:
    """May an account be registered?"""
    if step.registers:
        return ACCEPTED
    return Refused(Ground.DEFENCE, f"For now no account can be registered. Try again after {told_briefly(ends_at_ms)}.")
