"""Mode changes. Source: modern IRC, "MODE message", CHANMODES."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.irc import modes
from parvis.irc.modes import ModeChange, parse_room_modes, write_modes

PARAMETERS = st.text("abc!*@", min_size=1, max_size=5)


def change(case: dict[str, Any]) -> ModeChange:
    """Make a change of a vector."""
    return ModeChange(case["adding"], case["letter"], case["parameter"])


@st.composite
def whole_changes(draw: st.DrawFn) -> ModeChange:
    """Draw a change that has what it needs."""
    letter = draw(st.sampled_from(modes.LISTS + modes.RANKS + modes.WITH_PARAMETER + modes.FLAGS + "l"))
    adding = draw(st.booleans())
    takes = letter not in modes.FLAGS and (letter != "l" or adding)
    return ModeChange(adding, letter, draw(PARAMETERS) if takes else None)


@pytest.mark.parametrize(**cases("modes.json", "parse"))
def test_wishes_are_read(case: dict[str, Any]) -> None:
    """Source: vectors/modes.json."""
    assert parse_room_modes(case["words"]) == [change(each) for each in case["changes"]]


@pytest.mark.parametrize(**cases("modes.json", "write"))
def test_what_was_done_is_written(case: dict[str, Any]) -> None:
    """Source: vectors/modes.json."""
    assert write_modes([change(each) for each in case["changes"]]) == case["text"]


@given(st.lists(whole_changes(), min_size=1, max_size=10))
def test_what_is_written_is_read_again(changes: list[ModeChange]) -> None:
    """Round trip. Source: modern IRC, "MODE message"."""
    assert parse_room_modes(write_modes(changes).split(" ")) == changes


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6))
def test_any_words_are_wishes(words: list[str]) -> None:
    """At most one for each letter, and never more parameters than there are. Source: modern IRC, "MODE message"."""
    wishes = parse_room_modes(words)
    assert len(wishes) <= len(words[0])
    assert [wish.parameter for wish in wishes if wish.parameter is not None] == words[1 : 1 + len(words)][
        : sum(wish.parameter is not None for wish in wishes)
    ]


@pytest.mark.parametrize(
    ("lacks", "all_words"),
    [
        (True, ["+o", "-o", "+v", "-v", "+k", "+l"]),
        (False, ["-k", "-l", "+b", "-e", "+I", "+n", "-t", "+o x", "+k x", "+l 5"]),
    ],
)
def test_what_a_change_cannot_do_without(lacks: bool, all_words: list[str]) -> None:
    """A list without a mask is shown, a key goes without being named. Source: modern IRC, "CHANMODES", types A-D."""
    for words in all_words:
        [wish] = parse_room_modes(words.split(" "))
        assert wish.lacks_parameter() is lacks, words


def test_no_letter_means_two_things() -> None:
    """Source: modern IRC, "CHANMODES", "PREFIX"."""
    letters = modes.LISTS + modes.WITH_PARAMETER + modes.WITH_PARAMETER_TO_SET + modes.FLAGS + modes.RANKS
    assert len(set(letters)) == len(letters)
    assert len(modes.RANKS) == len(modes.MARKS)
    assert letters == "beIkHlCimMnRstuUov"
