"""Decisions as values. Source: src/parvis/model/decisions.py."""

import pytest
from msgspec.structs import replace

from parvis.model.decisions import Decision, Measure
from parvis.model.ids import IdentityId

DECISION = Decision(
    id=bytes(16),
    number="D-ABCD2345",
    token=b"t" * 32,
    measure=Measure.MUTE,
    target=IdentityId(b"a" * 16),
    rule="insults",
    facts="what somebody wrote",
    made_ms=1000,
    ends_ms=2000,
)


def test_words_stay_out_of_logs() -> None:
    """The number alone."""
    assert repr(DECISION) == "Decision(D-ABCD2345)"


@pytest.mark.parametrize(("ends_ms", "lifted_ms", "holds"), [(2000, None, (True, False)), (None, None, (True, True))])
def test_it_is_in_force_until_its_end(ends_ms: int | None, lifted_ms: int | None, holds: tuple[bool, bool]) -> None:
    """To the millisecond; without an end, for ever."""
    decision = replace(DECISION, ends_ms=ends_ms, lifted_ms=lifted_ms)
    assert (decision.is_in_force(1999), decision.is_in_force(2000)) == holds


def test_what_was_lifted_is_not_in_force() -> None:
    """Whatever its end."""
    assert not replace(DECISION, ends_ms=None, lifted_ms=1500).is_in_force(1600)
