"""The table of look-alikes. Source: Unicode UTS 39; scripts/lookalikes.py."""

import pytest

from parvis.model.lookalikes import table


@pytest.mark.parametrize(
    ("char", "alike"),
    [("а", "a"), ("е", "e"), ("о", "o"), ("р", "p"), ("ӏ", "i"), ("І", "l"), ("ø", "o"), ("ł", "l"), ("æ", "ae")],
    ids=ascii,
)
def test_what_characters_look_like(char: str, alike: str) -> None:
    """Letters of other alphabets and with strokes look like those of ASCII."""
    assert table()[ord(char)] == alike


def test_ascii_and_what_nfkd_takes_apart_are_not_in_it() -> None:
    """`model/skeleton.py` sees to those."""
    assert not {ord(char) for char in "aI1|m0éｅⅣ"} & set(table())
