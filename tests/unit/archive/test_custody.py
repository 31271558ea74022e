"""The custodians' way in: two layers, each bound to what it is about. Source: docs/adr/0020-terms-and-wraps.md."""

import os

import pytest

from parvis.archive import custody
from parvis.archive.content_keys import custody_info, new_content_key, wrap_for_custodians
from parvis.archive.custody import UnopenedCustody
from parvis.archive.terms import DAY_MS, TermKey, TermKind, new_term_key
from parvis.model.ids import ConversationId

SEED = bytes(range(32))
CUSTODIAN = custody.custodian_key(custody.public_bytes(SEED), 5, 3, 1)


def a_term() -> TermKey:
    """Make a term key."""
    return new_term_key(TermKind.ROOMS, DAY_MS, 0, os.urandom)


def test_only_the_private_half_opens_what_is_sealed() -> None:
    """Under the right info; under another it does not open."""
    sealed = custody.seal_to(CUSTODIAN.public, b"secret", b"about")
    assert sealed[0] == custody.HYBRID
    assert custody.open_sealed(custody.private_key(SEED), sealed, b"about") == b"secret"
    with pytest.raises(UnopenedCustody):
        custody.open_sealed(custody.private_key(SEED), sealed, b"another")
    with pytest.raises(UnopenedCustody):
        custody.open_sealed(custody.private_key(bytes(32)), sealed, b"about")


@pytest.mark.parametrize("sealed", [b"", b"\x00", b"\x01", b"\x02" + bytes(1200), b"\x01" + bytes(1168)])
def test_what_is_no_wrap_is_said_to_be_none(sealed: bytes) -> None:
    """Nothing, unknown suites, and bytes that are none: one kind of fault, which says nothing of keys."""
    with pytest.raises(UnopenedCustody):
        custody.open_sealed(custody.private_key(SEED), sealed, b"about")


def test_a_content_key_comes_back_through_both_layers() -> None:
    """The server takes the outer layer off, custodians the inner one."""
    key = new_content_key(ConversationId(b"r" * 16), 7, 1, os.urandom)
    term = a_term()
    wrap = wrap_for_custodians(key, CUSTODIAN, term, os.urandom(custody.NONCE_BYTES))
    inner = custody.lift_term(wrap.wrap, term, key.id)
    assert key.key not in inner
    assert custody.open_sealed(custody.private_key(SEED), inner, custody_info(key, CUSTODIAN.id)) == key.key
    with pytest.raises(UnopenedCustody):
        custody.lift_term(wrap.wrap, a_term(), key.id)
    with pytest.raises(UnopenedCustody):
        custody.lift_term(wrap.wrap, term, b"another key's id")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_one_length(size: int) -> None:
    """What is wrong is said with its limit."""
    with pytest.raises(ValueError, match="expected 32"):
        custody.private_key(bytes(size))


def test_a_key_is_named_by_what_it_is() -> None:
    """Another key, or another suite, is another id; a key of a wrong length is none."""
    assert custody.custodian_id(1, CUSTODIAN.public) == CUSTODIAN.id != custody.custodian_id(2, CUSTODIAN.public)
    with pytest.raises(ValueError, match="expected 1216"):
        custody.custodian_key(b"short", 1, 1, 1)
    with pytest.raises(ValueError, match="suite 9"):
        custody.custodian_key(CUSTODIAN.public, 1, 1, 1, suite=9)
