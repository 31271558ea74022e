"""Which names are the same name. Source: modern IRC, "CASEMAPPING"."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.irc.casemapping import fold


@pytest.mark.parametrize(**cases("casemapping.json", "fold"))
def test_a_name_is_folded(case: dict[str, Any]) -> None:
    """Source: vectors/casemapping.json."""
    assert fold(case["name"]) == case["folded"]


@given(st.text())
def test_only_ascii_letters_fold(name: str) -> None:
    """Folding twice is folding once, and every other character stays. Source: CASEMAPPING=ascii."""
    folded = fold(name)
    assert fold(folded) == folded
    assert len(folded) == len(name)
    assert all(a == b or (a.isascii() and a.isupper() and a.lower() == b) for a, b in zip(name, folded, strict=True))
