"""Which addresses a code is sent to. Source: RFC 5321, section 4.1.2; RFC 5322, section 3.4.1; `chat/pending.py`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.chat.pending import ADDRESS_BYTES_MAX, is_address


@pytest.mark.parametrize(
    "text",
    ["ada@example.org", "a.b+c_d-e'f@mail.example.co.uk", "1@2.example.fr", "a@xn--bcher-kva.example", "x@a-b.museum"],
)
def test_an_address_of_every_day_is_one(text: str) -> None:
    """A valid address is never called invalid for its looks. Source: draft/account-registration."""
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "@",
            "ada",
            "ada@",
            "@example.org",
            "ada@example",
            "a@b@example.org",
            "a..b@example.org",
            ".a@example.org",
        ),
        *("a b@example.org", "a@exa mple.org", "a@-example.org", "a@example-.org", "a@example..org", "a@example.org."),
        *("a@example.org\r\nBcc: b@example.org", "a@example.org\n", "a\0@example.org", "<a@example.org>", "a,b@c.org"),
        *("x" * 65 + "@example.org", "a@" + "x" * 64 + ".org", "a@" + ("x" * 60 + ".") * 5 + "org"),
    ],
)
def test_what_could_be_something_else_is_none(text: str) -> None:
    """Nothing that a header, a list of addresses or a command of SMTP could be made of."""
    assert not is_address(text)


@given(st.text(max_size=300))
def test_whatever_is_accepted_is_one_word_of_ascii(text: str) -> None:
    """So that nothing can be slipped into a letter."""
    if is_address(text):
        assert text.isascii()
        assert text.isprintable()
        assert text.count("@") == 1
        assert not set(text) & set(' ,;:<>()[]"\\')
        assert len(text) <= ADDRESS_BYTES_MAX
