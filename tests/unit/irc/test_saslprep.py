"""SASLprep. Source: RFC 4013, section 3 (its examples) and section 2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc.saslprep import Prohibited, password, prepare


@pytest.mark.parametrize(
    ("given_text", "prepared"),
    [("I\u00adX", "IX"), ("user", "user"), ("USER", "USER"), ("\u00aa", "a"), ("\u2168", "IX"), ("a\u00a0b", "a b")],
)
def test_the_examples_of_the_specification(given_text: str, prepared: str) -> None:
    """Invisible characters go, spaces are one kind, forms are one; case stays. Source: RFC 4013, section 3."""
    assert prepare(given_text) == prepared


@pytest.mark.parametrize("text", ["\x07", "\u0627\u0031", "a\u0627b", "\ue000", "\ufdd0"])
def test_what_is_prohibited_is_said_to_be(text: str) -> None:
    """Control and private characters, mixed directions. Source: RFC 4013, sections 2.3 and 3; RFC 3454, section 6."""
    with pytest.raises(Prohibited):
        prepare(text)


def test_a_password_is_the_same_however_it_was_typed() -> None:
    """An accent may come as one character or as two."""
    assert password("e\u0301t\u00e9") == password("\u00e9te\u0301") == "été".encode()
    assert password("bell\x07") == b"bell\x07"


@given(st.text())
def test_preparing_twice_changes_nothing_more(text: str) -> None:
    """A prepared text is prepared, and nothing but `Prohibited` is raised."""
    try:
        once = prepare(text)
    except Prohibited:
        return
    try:
        assert prepare(once) == once
    except Prohibited:
        # A mark at the edge may lose its direction when the form changes: it is refused, never taken for another.
        assert not once.isascii()
