"""The second parameter of WHO. Source: IRCv3 whox, "Extended WHO command"; modern IRC, "WHO"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.chat.commands.who import FIELDS, Wish, read_wish


@pytest.mark.parametrize(
    ("word", "wish"),
    [
        ("", Wish()),
        ("o", Wish(True)),
        ("%na", Wish(False, "na")),
        ("%an", Wish(False, "na")),
        ("o%tn,321", Wish(True, "tn", "321")),
        ("%tn,4321", Wish(False, "tn", "0")),
        ("%tn,x", Wish(False, "tn", "0")),
        ("%tn,", Wish(False, "tn", "0")),
        ("%tn,²", Wish(False, "tn", "0")),
        ("%nnzz", Wish(False, "n")),
        ("%", Wish(False, "")),
    ],
)
def test_flags_fields_and_token_are_read(word: str, wish: Wish) -> None:
    """Fields in the order of the answer, whatever that of the question; what is unknown is passed over."""
    assert read_wish(word) == wish


@given(st.text())
def test_any_word_is_read(word: str) -> None:
    """Fields are known ones, each once and in order; a token has one to three digits."""
    wish = read_wish(word)
    if wish.fields is not None:
        assert wish.fields == "".join(field for field in FIELDS if field in wish.fields)
    assert wish.token.isascii()
    assert wish.token.isdigit()
    assert len(wish.token) <= 3
