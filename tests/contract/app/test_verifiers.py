"""Passwords of accounts. Source: src/parvis/ports/passwords.py; docs/adr/0009-passwords-of-accounts.md."""

from base64 import b64decode
from time import perf_counter

import pytest

from parvis.app.verifiers import Verifiers
from parvis.irc import scram
from parvis.ports.passwords import Passwords

ANNA, BERT = b"a" * 16, b"b" * 16


def cheap(secret: bytes = b"s" * 32) -> Passwords:
    """Make verifiers that cost nearly nothing."""
    return Verifiers(secret, memory_kib=8, passes=1, iterations=2)


def test_the_right_password_passes_and_no_other() -> None:
    """An accent may be typed in two ways (RFC 4013)."""
    passwords = cheap()
    verifier = passwords.make(ANNA, "été-42")
    assert passwords.check(ANNA, verifier, "été-42")
    assert passwords.check(ANNA, verifier, "e\u0301te\u0301-42")
    assert not passwords.check(ANNA, verifier, "ete-42")
    assert not passwords.check(ANNA, verifier, "")


def test_two_verifiers_of_one_password_have_nothing_in_common() -> None:
    """Salted and sealed: equal passwords are not seen to be equal, and nothing of them stands in clear."""
    passwords = cheap()
    one, two = passwords.make(ANNA, "sesame"), passwords.make(ANNA, "sesame")
    assert one != two
    for each in (one, two):
        assert b"argon2" not in b64decode(each)
        assert passwords.scram_keys(ANNA, each, "anna").salt not in b64decode(each)


def test_a_verifier_is_of_its_owner_and_its_server_alone() -> None:
    """A row copied onto another account, or read beside another key store, is refused."""
    passwords = cheap()
    verifier = passwords.make(ANNA, "sesame")
    for reader, owner in ((passwords, BERT), (cheap(b"t" * 32), ANNA)):
        with pytest.raises(ValueError, match="not of this server"):
            reader.check(owner, verifier, "sesame")
    with pytest.raises(ValueError, match="not of this server"):
        passwords.check(ANNA, "nonsense", "sesame")


def test_scram_keys_are_those_of_the_password() -> None:
    """Source: RFC 5802, section 3."""
    passwords = cheap()
    keys = passwords.scram_keys(ANNA, passwords.make(ANNA, "sesame"), "anna")
    assert keys == scram.make_keys(b"sesame", keys.salt, keys.iterations)


def test_nobody_has_keys_too_and_nobody_passes() -> None:
    """A name without account answers like one with: the same keys each time, as long as any. Nobody proves them."""
    passwords = cheap()
    real = passwords.scram_keys(ANNA, passwords.make(ANNA, "sesame"), "anna")
    fake = passwords.scram_keys(b"", "", "zoe")
    assert fake == passwords.scram_keys(b"", "", "zoe") != passwords.scram_keys(b"", "", "yan")
    assert (len(fake.salt), fake.iterations) == (len(real.salt), real.iterations)
    assert fake.salt != cheap(b"t" * 32).scram_keys(b"", "", "zoe").salt
    assert not passwords.check(b"", "", "")
    assert not passwords.check(b"", "", "sesame")


def test_a_check_takes_as_long_for_nobody() -> None:
    """The same work, whoever is asked for: within a factor that no scheduling of this machine exceeds."""
    passwords = Verifiers(b"s" * 32, iterations=2)
    verifier = passwords.make(ANNA, "sesame")

    def quickest(owner: bytes, known: str) -> float:
        took = []
        for _ in range(5):
            began = perf_counter()
            assert not passwords.check(owner, known, "open")
            took.append(perf_counter() - began)
        return min(took)

    passwords.check(b"", "", "the first makes the decoy")
    assert 0.4 < quickest(ANNA, verifier) / quickest(b"", "") < 2.5
