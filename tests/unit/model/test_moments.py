"""Moments, written and read. Source: ISO 8601, as RFC 3339 narrows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.model.moments import read_moment, told, told_briefly, written


@given(st.integers(0, 4_000_000_000))
def test_what_is_written_is_read_back(seconds: int) -> None:
    """A moment to the second survives."""
    assert read_moment(written(seconds * 1000)) == seconds * 1000


def test_a_date_is_its_beginning_in_utc_and_an_offset_is_heeded() -> None:
    """Operators copy what orders say."""
    assert read_moment("1970-01-02") == 86_400_000
    assert read_moment("1970-01-01T02:00:00+02:00") == 0


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "12:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """It is told as a mistake, not guessed."""
    with pytest.raises(ValueError, match=r"."):
        read_moment(text)


def test_people_read_no_letters_but_the_zone() -> None:
    """To the second, and to the minute."""
    assert told(1_999) == "1970-01-01 00:00:01 UTC"
    assert told_briefly(86_459_999) == "1970-01-02 00:00 UTC"
