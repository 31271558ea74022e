"""SCRAM-SHA-256. Source: RFC 7677, section 3 (its example); RFC 5802, sections 5 and 7."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc import scram

FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
CHALLENGE = f"r=rOprNGfwEbeRWgbNEkqO{NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
FINAL = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="


def test_the_example_of_the_specification() -> None:
    """User `user`, password `pencil`, word for word. Source: RFC 7677, section 3."""
    keys = scram.make_keys(b"pencil", SALT, 4096)
    first = scram.parse_first(FIRST)
    assert (first.name, first.authzid, first.header) == ("user", "", "n,,")
    assert scram.challenge(first, NONCE, keys) == CHALLENGE
    assert scram.prove(first, CHALLENGE, FINAL, keys) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert "pencil" not in repr(keys)
    assert repr(keys) == "Keys()"


def test_another_password_proves_nothing() -> None:
    """None, and no exception: it is a wrong password, not a broken message."""
    keys = scram.make_keys(b"pen", SALT, 4096)
    assert scram.prove(scram.parse_first(FIRST), CHALLENGE, FINAL, keys) is None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n,,n=user",
        b"n,,r=x,n=user",
        b"p=tls-unique,,n=user,r=x",
        b"n,,m=ext,n=user,r=x",
        b"n,,n=us=er,r=x",
        b"n,,n=user,r=a b",
        b"n,,n=user,r=" + b"x" * 300,
        b"n,,n=\xff,r=x",
        b"x,,n=user,r=x",
    ],
)
def test_a_broken_first_message_is_broken(message: bytes) -> None:
    """Grammar, channel binding, mandatory extensions. Source: RFC 5802, sections 5.1 and 7."""
    with pytest.raises(scram.Broken):
        scram.parse_first(message)


def test_names_are_unescaped_and_the_client_may_say_y() -> None:
    """`=2C` and `=3D`; `y`: it thinks that we have no channel binding, and is right. Source: RFC 5802, section 5.1."""
    first = scram.parse_first(b"y,a=a=2Cb,n=a=2Cb=3D,r=x,ext=1")
    assert (first.authzid, first.name, first.header) == ("a,b", "a,b=", "y,a=a=2Cb,")
    assert first.bare == "n=a=2Cb=3D,r=x,ext=1"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws,r=other,p=AAAA",
        FINAL.replace(b"c=biws", b"c=eSws"),
        FINAL.replace(b"c=biws", b"c=!"),
        FINAL.replace(b"dHzb", b"d!zb"),
        FINAL[:-4],
        FINAL.replace(b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", b"p=AAAA"),
        b"\xff",
    ],
)
def test_a_broken_last_message_is_broken(message: bytes) -> None:
    """Another exchange's nonce or binding, a proof of another length. Source: RFC 5802, sections 5.1 and 7."""
    keys = scram.make_keys(b"pencil", SALT, 4096)
    with pytest.raises(scram.Broken):
        scram.prove(scram.parse_first(FIRST), CHALLENGE, message, keys)


def client_final(first: bytes, said: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    """Prove as a client does, by the formulas of RFC 5802, section 3."""
    bare = first[3:]
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    unproved = f"c=biws,{said.partition(',')[0]}".encode()
    agreed = b",".join((bare, said.encode(), unproved))
    signature = hmac.digest(hashlib.sha256(client_key).digest(), agreed, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    return unproved + b",p=" + b64encode(proof)


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40), st.binary(min_size=16, max_size=16))
def test_only_the_password_itself_proves(known: bytes, given_password: bytes, salt: bytes) -> None:
    """Whoever derives the keys from the same bytes is let in, and nobody else."""
    keys = scram.make_keys(known, salt, 2)
    first = scram.parse_first(FIRST)
    said = scram.challenge(first, "server", keys)
    proved = scram.prove(first, said, client_final(FIRST, said, given_password, salt, 2), keys)
    # HMAC pads a short key with zeros: such passwords are one.
    assert (proved is not None) == (known.rstrip(b"\0") == given_password.rstrip(b"\0"))


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_else(message: bytes) -> None:
    """They are read, or broken."""
    with suppress(scram.Broken):
        scram.parse_first(message)
    with suppress(scram.Broken):
        scram.prove(scram.parse_first(FIRST), CHALLENGE, message, scram.make_keys(b"x", SALT, 1))
