"""Verdicts. Source: ARCHITECTURE.md, "Invariants", 1."""

from parvis.model.verdicts import ACCEPTED, Accepted, Ground, Refused


def test_a_verdict_is_a_value() -> None:
    """Equal when its parts are, and never an error. Source: ARCHITECTURE.md, "Invariants", 1."""
    assert Accepted() == ACCEPTED
    assert Refused(Ground.BANNED, "x") == Refused(Ground.BANNED, "x")
    assert Refused(Ground.BANNED, "x") != Refused(Ground.MODERATED, "x")
    assert not issubclass(Refused, BaseException)


def test_a_ground_is_a_word_in_lower_case() -> None:
    """It is counted and shown under that word. Source: `Ground`."""
    assert all(ground.value == ground.name.lower().replace("_", "-") for ground in Ground)
