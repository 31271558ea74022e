"""Masks. Source: RFC 2812, section 2.5; modern IRC, "Wildcard expressions"."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.irc.masks import MASK_BYTES_MAX, PATTERNS_OF_LIST, complete, glob, matches, patterns_of

LETTERS = st.text("ab", max_size=12)
MASKS = st.text("ab*?", max_size=12)


@pytest.mark.parametrize(**cases("masks.json", "complete"))
def test_a_mask_is_filled_in(case: dict[str, Any]) -> None:
    """Once: filling in a whole mask changes nothing. Source: vectors/masks.json."""
    assert complete(case["given"]) == case["mask"]
    assert complete(case["mask"]) == case["mask"]


@pytest.mark.parametrize(**cases("masks.json", "match"))
def test_a_mask_fits_or_not(case: dict[str, Any]) -> None:
    """Case folded. Source: vectors/masks.json."""
    assert matches(case["mask"], case["text"]) is case["fits"]


@given(MASKS, LETTERS)
def test_it_agrees_with_a_regular_expression(mask: str, text: str) -> None:
    """`*` is anything, `?` one character. Source: RFC 2812, section 2.5."""
    pattern = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in mask)
    assert glob(mask, text) is (re.fullmatch(pattern, text, re.DOTALL) is not None)


@given(st.text(max_size=20))
def test_a_star_fits_everything_and_a_text_fits_itself(text: str) -> None:
    """Source: RFC 2812, section 2.5."""
    assert glob("*", text)
    assert glob(text, text)


@given(st.lists(MASKS, max_size=4), LETTERS)
def test_few_patterns_stand_for_several_masks(masks: list[str], text: str) -> None:
    """Of folded texts; none for no mask. Source: `patterns_of`."""
    fits = any(pattern.match(text) for pattern in patterns_of(masks))
    assert fits is any(glob(mask, text) for mask in masks)


def test_a_change_of_one_mask_makes_one_pattern_anew() -> None:
    """The others are the same objects. Source: `patterns_of`; ARCHITECTURE.md, "Invariants", 7."""
    masks = [f"nick{number}!*@*" for number in range(100)]
    before = set(map(id, patterns_of(masks)))
    assert 1 < len(before) <= PATTERNS_OF_LIST
    assert len(set(map(id, patterns_of([*masks, "onemore!*@*"]))) - before) == 1
    assert len(set(map(id, patterns_of(masks[1:]))) - before) <= 1


def test_no_mask_takes_long() -> None:
    """The worst that is kept is bounded by the product of the lengths. Source: ARCHITECTURE.md, "Invariants", 7."""
    began = time.process_time()
    for _ in range(20):
        assert not glob("*a" * (MASK_BYTES_MAX // 2) + "b", "a" * 300)
    assert time.process_time() - began < 5
