"""What a name may look like. Source: RFC 2812, section 2.3.1; IRCv3 utf8-only; modern IRC, "Channels"."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.irc.line import Malformed, parse_line
from parvis.irc.names import is_pseudonym, is_room, user_name

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(**cases("names.json", "pseudonyms"))
def test_a_pseudonym(case: dict[str, Any]) -> None:
    """Source: vectors/names.json."""
    assert is_pseudonym(case["name"], case["bytes_max"]) is case["fits"]


@pytest.mark.parametrize(**cases("names.json", "rooms"))
def test_a_room(case: dict[str, Any]) -> None:
    """Source: vectors/names.json."""
    assert is_room(case["name"], case["bytes_max"]) is case["fits"]


@pytest.mark.parametrize(**cases("names.json", "users"))
def test_a_user_name(case: dict[str, Any]) -> None:
    """Source: vectors/names.json."""
    assert user_name(case["given"], case["bytes_max"]) == case["name"]


@given(ANY_TEXT)
def test_a_name_can_stand_inside_a_line(name: str) -> None:
    """Whatever is a name comes back as one word, and no mask mistakes it. Source: RFC 2812, section 2.3.1."""
    for candidate, fits in ((name, is_pseudonym(name, 32)), (f"#{name}", is_room(f"#{name}", 64))):
        if fits:
            assert parse_line(f"X {candidate} :y".encode()).params == [candidate, "y"]
    if is_pseudonym(name, 32):
        assert not set(name) & set("!@*?#,:+ ")


@given(ANY_TEXT, st.integers(1, 12))
def test_a_user_name_fits_a_mask(given_name: str, bytes_max: int) -> None:
    """Never empty, never longer, nothing a mask is made of. Source: `user_name`."""
    user = user_name(given_name, bytes_max)
    assert 1 <= len(user.encode()) <= bytes_max
    assert not set(user) & set("!@*? ")


def test_a_line_break_is_in_no_name() -> None:
    """Not even at its end, where a pattern may overlook it. Source: RFC 1459, section 2.3.1."""
    assert not is_pseudonym("abc\n", 32)
    assert not is_room("#abc\n", 32)
    with pytest.raises(Malformed):
        parse_line(b"NICK abc\n")
