"""Custodians' keys as a list to take along. Source: docs/handbook/custodian.md, "Once a year: check it"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.app import key_list
from parvis.app.key_list import BadList
from parvis.archive import custody

KEYS = [custody.custodian_key(custody.public_bytes(bytes([number]) * 32), 3, 2, number, bytes(48)) for number in (1, 2)]
LINES = [key_list.line_of(key) for key in KEYS]


def test_a_list_gives_its_keys_back() -> None:
    """In order; what else the verb says of shares that lie about is left out."""
    assert key_list.read([*LINES, '{"event":"share-lies-here","path":"x"}', ""]) == KEYS


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"event":1}',
        '{"event":"key"}',
        '{"event":"key","x":' + "[" * 100_000,
        LINES[0].replace('"suite":1', '"suite":9'),
        LINES[0].replace(KEYS[0].id.hex(), KEYS[1].id.hex()),
        LINES[0][:-40],
    ],
)
def test_what_is_no_list_is_said_to_be_none(line: str) -> None:
    """With whole sentences."""
    with pytest.raises(BadList, match=r"\.$"):
        key_list.read([line])


@given(st.lists(st.one_of(st.text(), st.sampled_from(LINES).map(lambda line: line[:-1] + ',"more":1}'))))
def test_any_text_is_a_list_or_is_said_to_be_none(lines: list[str]) -> None:
    """Nothing else comes out."""
    try:
        keys = key_list.read(lines)
    except BadList:
        return
    assert all(key in KEYS for key in keys)
