"""Numerics. Source: modern IRC, "Numerics"."""

import re

import pytest

from parvis.irc import numerics

CODES = {name: code for name, code in vars(numerics).items() if name.startswith(("RPL_", "ERR_"))}


def test_each_is_three_digits_and_means_one_thing() -> None:
    """Source: RFC 2812, section 5."""
    assert all(re.fullmatch(r"\d{3}", code) for code in CODES.values())
    assert len(set(CODES.values())) == len(CODES)


LATER = {"696", "734", "902", "904", "905", "906", "907"}
"""Errors of numbers that came after the RFC: mode parameters, MONITOR, SASL."""


def test_errors_are_errors() -> None:
    """400 to 599 and what was added above them. Source: RFC 2812, section 5.2."""
    assert all(("400" <= code <= "599") or code in LATER for name, code in CODES.items() if name.startswith("ERR_"))
    assert not any("400" <= code <= "599" for name, code in CODES.items() if name.startswith("RPL_"))


@pytest.mark.parametrize(
    ("name", "code"),
    [("RPL_WELCOME", "001"), ("RPL_NAMREPLY", "353"), ("ERR_NOSUCHNICK", "401"), ("ERR_INPUTTOOLONG", "417")],
)
def test_some_are_known_by_heart(name: str, code: str) -> None:
    """Source: modern IRC, "Numerics"."""
    assert CODES[name] == code


def test_a_fixed_text_belongs_to_a_numeric_and_is_one_line() -> None:
    """Source: `TEXT`."""
    assert set(numerics.TEXT) <= set(CODES.values())
    assert all(text and "\r" not in text and "\n" not in text for text in numerics.TEXT.values())


def test_a_numeric_has_one_source() -> None:
    """Source: `SOURCES`."""
    named = [code for codes in numerics.SOURCES.values() for code in codes]
    assert set(named) <= set(CODES.values())
    assert len(set(named)) == len(named)
