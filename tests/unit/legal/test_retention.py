"""The schedule is read strictly, and says what it says. Source: src/parvis/legal/retention.py."""

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.legal.retention import (
    TERM_S_MAX,
    End,
    Schedule,
    Setting,
    Unsound,
    Until,
    chosen,
    profiles,
    read_schedule,
    resolved,
    term_in_words,
    too_short,
)

DAY_MS = 86_400_000

TEXT = """
[profiles.here]
fr = "ici"
en = "here"
[profiles.there]
fr = "là"
en = "there"

[[kind]]
id = "messages"
term = "365d"
minimum = "7d"
ends = "keys"
holds = ["term:rooms", "table:records"]
name = { fr = "m", en = "m" }
what = { fr = "m", en = "m" }
ground = { fr = "m", en = "m" }

[[kind]]
id = "connections"
term = { here = "365d", there = "30d" }
minimum = "1d"
legal_minimum = { here = "365d" }
ends = "keys"
holds = ["term:connections"]
name = { fr = "c", en = "c" }
what = { fr = "c", en = "c" }
ground = { fr = "c", en = "c" }

[[kind]]
id = "window"
term = "setting:history"
ends = "keys"
holds = ["term:visible-records"]
name = { fr = "w", en = "w" }
what = { fr = "w", en = "w" }
ground = { fr = "w", en = "w" }

[[kind]]
id = "accounts"
term = "until-closed"
ends = "chat"
holds = ["kept:account"]
name = { fr = "a", en = "a" }
what = { fr = "a", en = "a" }
ground = { fr = "a", en = "a" }
"""


def schedule(profile: str = "here", text: str = TEXT) -> Schedule:
    """Read a schedule."""
    return read_schedule(tomllib.loads(text), profile)


def test_each_profile_has_its_terms() -> None:
    """A term stands for all profiles, or for each."""
    assert profiles(tomllib.loads(TEXT)) == ("here", "there")
    assert schedule("here").term_ms("connections") == 365 * DAY_MS
    assert schedule("there").term_ms("connections") == 30 * DAY_MS
    assert schedule("there").terms() == {"rooms": 365 * DAY_MS, "connections": 30 * DAY_MS}
    assert schedule().kind("accounts").term is Until.CLOSED
    assert schedule().kind("accounts").ends is End.CHAT
    assert schedule().kind("window").term == Setting("history")


def test_what_has_no_length_is_no_length() -> None:
    """Asking for one is an error of ours."""
    for kind_id in ("accounts", "window", "nothing"):
        with pytest.raises(KeyError):
            schedule().term_ms(kind_id)


def test_settings_are_put_in() -> None:
    """Then every term that has a length has it."""
    assert resolved(schedule(), {"history": 7 * DAY_MS}).terms()["visible-records"] == 7 * DAY_MS
    with pytest.raises(KeyError):
        resolved(schedule(), {})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('id = "messages"', 'id = "messages"\nterms = "1d"', 'kind messages.terms: .* Did you mean "term"'),
        ('minimum = "7d"', 'minimun = "7d"', 'Did you mean "minimum"'),
        ('term = "365d"', 'term = "a year"', "kind messages.term: This must be one of"),
        ('term = "365d"', "term = 365", "kind messages.term"),
        ('term = "until-closed"', 'term = "until-close"', 'Did you mean "until-closed"'),
        ('ends = "chat"', 'ends = "chatter"', 'Did you mean "chat"'),
        ('"term:rooms"', '"terms:rooms"', "kind messages.holds"),
        ('"term:rooms"', '"term:"', "kind messages.holds"),
        ('"term:rooms"', '"term:connections"', "is that of another kind too"),
        ('id = "connections"', 'id = "messages"', "is that of another kind too"),
        ('there = "30d" }', 'thare = "30d" }', 'Did you mean "there"'),
        (', there = "30d" }', " }", 'There is none for profile "there"'),
        ('legal_minimum = { here = "365d" }', 'legal_minimum = "365d"', "This must be a table"),
        ('legal_minimum = { here = "365d" }', 'legal_minimum = { there = "x" }', "length of time"),
        ('name = { fr = "m", en = "m" }', 'name = { fr = "m" }', "must have fr and en"),
        ('name = { fr = "m", en = "m" }', 'name = { fr = "m", en = "" }', "must have words"),
        ('name = { fr = "m", en = "m" }', 'name = { fr = "m", en = "m", de = "m" }', "must have fr and en"),
        ("[profiles.here]", "[profile.here]", 'Did you mean "profiles"'),
    ],
)
def test_what_is_not_of_the_form_is_named(old: str, new: str, says: str) -> None:
    """With where it stands, and what was meant perhaps."""
    with pytest.raises(Unsound, match=says):
        schedule("there", TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    "raw", [{}, {"profiles": {}}, {"profiles": {"here": 1}}, {"kind": 1, "profiles": {"here": {}}}]
)
def test_what_is_no_schedule_is_refused(raw: Mapping[str, Any]) -> None:
    """Whatever it is."""
    with pytest.raises(Unsound):
        read_schedule(raw, "here")


def test_an_unknown_profile_is_named() -> None:
    """With the nearest."""
    with pytest.raises(Unsound, match='Did you mean "there"'):
        schedule("thre")


def test_an_operator_chooses_terms() -> None:
    """Within bounds; below what the law asks for, it is said."""
    mine = chosen(schedule(), {"terms": {"messages": "90d", "connections": "30d"}})
    assert mine.terms() == {"rooms": 90 * DAY_MS, "connections": 30 * DAY_MS}
    assert [kind.id for kind in too_short(mine)] == ["connections"]
    assert too_short(schedule()) == []
    assert too_short(chosen(schedule("there"), {"terms": {"connections": "1d"}})) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "terms: This must be a table"),
        ({"terms": {}, "term": {}}, 'Did you mean "terms"'),
        ({"terms": {"message": "90d"}}, 'Did you mean "messages"'),
        ({"terms": {"accounts": "90d"}}, "no such key"),
        ({"terms": {"messages": "6d"}}, 'from "7d" to "3650d"'),
        ({"terms": {"messages": "3651d"}}, 'from "7d" to "3650d"'),
        ({"terms": {"messages": 90}}, "length of time"),
        ({"terms": {"messages": "until-closed"}}, "length of time"),
    ],
)
def test_what_an_operator_cannot_choose_is_named(given: Mapping[str, object], says: str) -> None:
    """What this program sets itself, and what is out of bounds."""
    with pytest.raises(Unsound, match=says):
        chosen(schedule(), given)


@given(st.integers(0, 2 * TERM_S_MAX))
def test_no_chosen_term_is_out_of_bounds(seconds: int) -> None:
    """Whatever length is asked for."""
    try:
        mine = chosen(schedule(), {"terms": {"messages": f"{seconds}s"}})
    except Unsound:
        assert not 7 * 86_400 <= seconds <= TERM_S_MAX
    else:
        assert mine.term_ms("messages") == seconds * 1000


@pytest.mark.parametrize(
    ("term", "fr", "en"),
    [
        (365 * DAY_MS, "1 an", "1 year"),
        (1825 * DAY_MS, "5 ans", "5 years"),
        (7 * DAY_MS, "7 jours", "7 days"),
        (3_600_000, "1 heure", "1 hour"),
        (90_000, "90 secondes", "90 seconds"),
        (0, "0 seconde", "0 seconds"),
        (Until.FOR_EVER, "sans fin", "for ever"),
        (Setting("history"), "[history]", "[history]"),
    ],
)
def test_terms_are_told_in_words(term: int | Until | Setting, fr: str, en: str) -> None:
    """In French and English."""
    assert (term_in_words(term, "fr"), term_in_words(term, "en")) == (fr, en)


def test_every_word_for_a_term_has_words() -> None:
    """So that no page breaks."""
    assert all(term_in_words(until, language) for until in Until for language in ("fr", "en"))
