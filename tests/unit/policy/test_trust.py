"""Levels of trust. Source: src/parvis/policy/trust.py."""

from itertools import pairwise

from parvis.policy.trust import ALLOWANCES, Level


def test_more_trust_never_allows_less() -> None:
    """Each level may at least what the one before may."""
    assert set(ALLOWANCES) == set(Level)
    for lower, higher in pairwise(Level):
        for name in ALLOWANCES[lower].__struct_fields__:
            assert getattr(ALLOWANCES[lower], name) <= getattr(ALLOWANCES[higher], name)
