"""The levels of defence. Source: docs/handbook/operator.md, "Staff commands"; docs/adr/0019."""

from itertools import pairwise

import pytest
from tests.wording import said

from parvis.model.sanctions import Defence
from parvis.model.verdicts import ACCEPTED, Refused
from parvis.policy.defence import NORMAL, STEPS, enter, per_address, register, step_at

NOON_MS = 1_800_000_000_000


def a_level(level: int) -> Defence:
    """Make a level that ends in an hour."""
    return Defence(level=level, reason="wave", by="ada", made_at_ms=NOON_MS, ends_at_ms=NOON_MS + 3_600_000)


def test_a_level_ends_by_itself() -> None:
    """To the millisecond."""
    level = a_level(1)
    assert step_at(None, NOON_MS) is STEPS[NORMAL]
    assert step_at(level, level.ends_at_ms - 1) is STEPS[1]
    assert step_at(level, level.ends_at_ms) is STEPS[NORMAL]


def test_each_step_is_as_tight_as_the_one_before_or_tighter() -> None:
    """Whoever is let in at a level is let in at every opener one."""
    steps = [STEPS[level] for level in sorted(STEPS, reverse=True)]
    for opener, tighter in pairwise(steps):
        assert tighter.divisor >= opener.divisor
        assert tighter.registers <= opener.registers
        guests = [1_000_000 if step.guests_per_minute is None else step.guests_per_minute for step in (opener, tighter)]
        assert guests[1] <= guests[0]


@pytest.mark.parametrize(("level", "limit"), [(5, 16), (4, 8), (3, 8), (2, 4), (1, 4)])
def test_limits_per_address_are_divided(level: int, limit: int) -> None:
    """And one connection is always let in."""
    assert per_address(16, STEPS[level]) == limit
    assert per_address(1, STEPS[level]) == 1


@pytest.mark.parametrize(
    ("level", "guests", "enters"), [(5, 10**6, True), (3, 10**6, True), (2, 19, True), (2, 20, False), (1, 0, False)]
)
def test_guests_enter_as_the_level_lets_them(level: int, guests: int, enters: bool) -> None:
    """Who has an account always may; who is refused reads what to do, and until when."""
    verdict = enter(STEPS[level], a_level(level).ends_at_ms, is_guest=True, guests_in_minute=guests)
    assert (verdict is ACCEPTED) is enters
    if isinstance(verdict, Refused):
        assert "SASL" in said(verdict.told)
        assert "2027-01-15 09:00 UTC" in said(verdict.told)
    assert enter(STEPS[level], 0, is_guest=False, guests_in_minute=guests) is ACCEPTED


@pytest.mark.parametrize(("level", "registers"), [(5, True), (4, True), (3, False), (2, False), (1, False)])
def test_accounts_are_registered_in_calm_alone(level: int, registers: bool) -> None:
    """From level 3 on they are not."""
    assert (register(STEPS[level], NOON_MS) is ACCEPTED) is registers
