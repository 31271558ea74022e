"""Which names look alike. Source: `model/skeleton.py`; Unicode UTS 39; vectors/skeleton.json."""

from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.model.lookalikes import table
from parvis.model.skeleton import READINGS_MAX, looks, readings, skeleton

confusing = st.text(
    st.one_of(
        st.sampled_from("aeioplIO01|xyv"),
        st.sampled_from("аеіорӏІОху\u0301\u0336\u0e34\u200béøæﬁⅣｅИВ"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)
"""Names made of characters that look like others, and of any."""


@pytest.mark.parametrize(**cases("skeleton.json", "skeleton"))
def test_skeleton(case: dict[str, Any]) -> None:
    """What the eye keeps of a name."""
    assert skeleton(case["name"]) == case["skeleton"]


@pytest.mark.parametrize(**cases("skeleton.json", "looks"))
def test_looks(case: dict[str, Any]) -> None:
    """As written and in small letters. Source: rule 2."""
    assert list(looks(case["name"])) == case["looks"]


@pytest.mark.parametrize(**cases("skeleton.json", "readings"))
def test_readings(case: dict[str, Any]) -> None:
    """As which names in ASCII a name beyond it can be read. Source: rule 1."""
    found = readings(case["name"])
    assert (found and sorted(found)) == (case["readings"] and sorted(case["readings"]))


@given(confusing)
def test_the_skeleton_of_a_skeleton_is_itself(name: str) -> None:
    """Source: `skeleton`."""
    assert skeleton(skeleton(name)) == skeleton(name)


@given(confusing)
def test_a_name_shares_a_look_with_every_reading_of_it(name: str) -> None:
    """So that whoever is there under one of the two is found from the other. Source: `model/looks.py`."""
    found = readings(name)
    assert found is None or len(found) <= READINGS_MAX * 2
    for reading in found or ():
        assert reading.isascii()
        assert reading == reading.lower()
        assert set(looks(reading)) & set(looks(name))


@given(confusing)
def test_a_name_that_looks_like_ascii_has_a_reading_for_each_such_look(name: str) -> None:
    """The other way round, so that whoever is there under a name in ASCII is found. Source: as before."""
    found = readings(name)
    if found is not None and not name.isascii():
        assert {look for look in looks(name) if look.isascii() and look} == set(map(skeleton, found))


def test_the_table_takes_nothing_of_ascii_and_ends_at_once() -> None:
    """No character of ASCII changes, and what a character looks like looks like nothing else. Source: rule 1."""
    like = table()
    assert len(like) > 2000
    for code, alike in like.items():
        assert code >= 128
        assert alike
        assert not any(ord(char) in like for char in alike)


def test_every_character_has_a_skeleton_that_stays(subtests: pytest.Subtests) -> None:
    """Alone, and behind a Latin and a Cyrillic letter. Source: `skeleton`."""
    every = [chr(code) for code in range(128, 0x30000) if category(chr(code)) not in {"Cs", "Cn", "Co"}]
    for before in ("", "a", "я"):
        with subtests.test(before=before):
            assert [char for char in every if skeleton(skeleton(before + char)) != skeleton(before + char)] == []
