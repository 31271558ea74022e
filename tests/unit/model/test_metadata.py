"""Metadata. Source: IRCv3 draft/metadata-2, "Keys and Values"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.model.ids import IdentityId, SessionId
from parvis.model.kept import KeptKind, keep, read
from parvis.model.metadata import KEY_BYTES_MAX, KeptMetadata, owner_of, read_key
from parvis.model.person import Person


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("display-name", "display-name"),
        ("Display-Name", "display-name"),
        ("im.xmpp:a/b_c", "im.xmpp:a/b_c"),
        ("x" * 32, "x" * 32),
        ("x" * 33, ""),
        (":a", ""),
        ("", ""),
        ("a b", ""),
        ("$url", ""),
        ("é", ""),
        ("\N{KELVIN SIGN}", ""),
        ("a\n", ""),
    ],
)
def test_a_key_is_read_in_one_form(word: str, key: str) -> None:
    """Letters of ASCII fold; other characters make no key."""
    assert read_key(word) == key


@given(st.text())
def test_whatever_is_read_can_stand_in_a_line(word: str) -> None:
    """As a parameter in the middle. Source: modern IRC, "Message format"."""
    key = read_key(word)
    assert read_key(key) == key
    assert len(key.encode()) <= KEY_BYTES_MAX
    assert " " not in key
    assert not key.startswith(":")


def test_metadata_is_of_an_account_or_of_a_guest_while_they_are_here() -> None:
    """A guest's goes with the session. Source: DESIGN, 3 (identities)."""
    person = Person()
    person.session, person.identity = SessionId(b"s" * 16), IdentityId(b"i" * 16)
    assert owner_of(person) == person.session
    person.account = "ada"
    assert owner_of(person) == person.identity


def test_kept_metadata_is_read_again_and_shows_no_values() -> None:
    """It may be logged. Source: ADR 7; ARCHITECTURE.md, "Invariants", 8."""
    kept = KeptMetadata({"status": "secret"})
    assert read(keep(KeptKind.METADATA, b"i" * 16, kept), KeptMetadata) == kept
    assert repr(kept) == "KeptMetadata(1 keys)"
