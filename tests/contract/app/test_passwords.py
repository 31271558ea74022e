"""Hashes of passwords. Source: RFC 7914 (scrypt), PHC string format."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.app.passwords import COST_LOG2_MIN, MalformedHash, equal, make, parse, verify

SALT = bytes(range(16))
VECTOR = bytes.fromhex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
)
"""Password "pleaseletmein", salt "SodiumChloride", N=16384, r=8, p=1 (RFC 7914, section 12)."""


def test_a_hash_is_checked_as_the_specification_says() -> None:
    """Source: RFC 7914, section 12, third test vector."""
    key = binascii.b2a_base64(VECTOR, newline=False).decode().rstrip("=")
    encoded = f"$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU${key}"
    assert verify("pleaseletmein", encoded)
    assert not verify("pleaseletmeout", encoded)


def test_a_hash_that_was_made_is_the_password_it_was_made_of() -> None:
    """Any text is a password, French and empty ones too."""
    encoded = make("pâté en croûte", SALT)
    assert encoded.startswith("$scrypt$ln=15,r=8,p=1$")
    assert verify("pâté en croûte", encoded)
    assert not verify("pate en croute", encoded)


def test_two_passwords_in_the_clear_are_compared_whole() -> None:
    """Length counts too."""
    assert equal("sésame", "sésame")
    assert not equal("sésame", "sésame ")


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", "it does not begin with"),
        ("secret", "it does not begin with"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "its scheme is unknown"),
        ("$2b$12$abcdefghijklmnopqrstuv", "its scheme is unknown"),
        ("$scrypt$ln=15,r=8,p=1$c2FsdA", "it does not have the five parts"),
        ("$scrypt$ln=15,r=8$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NQ", "its parameters are not of the form"),
        ("$scrypt$ln=x,r=8,p=1$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NQ", "its parameters are not of the form"),
        ("$scrypt$ln=9,r=8,p=1$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NQ", "ln is 9, limits are 10 and 20"),
        ("$scrypt$ln=15,r=99,p=1$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NQ", "r is 99"),
        ("$scrypt$ln=15,r=8,p=9$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NQ", "p is 9"),
        ("$scrypt$ln=20,r=16,p=1$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NQ", "ln and r together"),
        ("$scrypt$ln=15,r=8,p=1$!$MDEyMzQ1Njc4OTAxMjM0NQ", "its salt is not base64"),
        ("$scrypt$ln=15,r=8,p=1$c2FsdA$MDEy", "key is 3 bytes"),
        ("$scrypt$" + "x" * 300, "it is 308 characters"),
    ],
)
def test_what_is_no_hash_is_refused_with_its_reason(encoded: str, reason: str) -> None:
    """And without a part of it. Source: SECURITY.md, "Words stay out of logs"."""
    with pytest.raises(MalformedHash, match=reason):
        parse(encoded)


@given(st.text(max_size=80))
def test_any_text_is_a_hash_or_malformed(tail: str) -> None:
    """Nothing else is raised, and a hash does not show itself."""
    try:
        parsed = parse(f"$scrypt$ln={COST_LOG2_MIN},r=8,p=1{tail}")
    except MalformedHash:
        return
    assert repr(parsed) == "Scrypt(...)"
