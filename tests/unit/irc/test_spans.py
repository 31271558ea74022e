"""Lengths of time. Source: docs/handbook/member.md, "What is kept"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc.spans import SPAN_S_MAX, read_span, write_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800), ("2w", 1_209_600), ("007m", 420)],
)
def test_a_number_and_its_unit_are_read(text: str, seconds: int) -> None:
    """In seconds."""
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "h", "-1h", "1 h", "1h ", "1y", "1H", "1.5h", "1h30m", "²h", "9999999999s", "99999d"]
)
def test_anything_else_is_none(text: str) -> None:
    """A sign, a space, another unit, too much."""
    assert read_span(text) is None


@given(st.integers(min_value=0, max_value=SPAN_S_MAX))
def test_what_is_written_is_read(seconds: int) -> None:
    """In the longest unit that fits."""
    assert read_span(write_span(seconds)) == seconds


def test_the_longest_unit_is_chosen() -> None:
    """A day is not 24 hours on the screen."""
    assert [write_span(seconds) for seconds in (0, 59, 60, 5400, 7200, 86_400)] == [
        "0s",
        "59s",
        "1m",
        "90m",
        "2h",
        "1d",
    ]


@given(st.text(max_size=12))
def test_any_text_is_read_as_something(text: str) -> None:
    """Nothing raises, nothing is beyond the bound."""
    seconds = read_span(text)
    assert seconds is None or 0 <= seconds <= SPAN_S_MAX
