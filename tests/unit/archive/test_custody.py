"""The custodians' way in: two layers, each bound to what it is about. Source: docs/adr/0020-terms-and-wraps.md."""

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from tests.unit.archive.hpke_by_hand import decapsulate, halves_of_hpke, open_single
from tests.unit.vectors import cases

from parvis.archive import custody
from parvis.archive.content_keys import ContentKey, custody_info, new_content_key, wrap_for_custodians
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


@pytest.mark.parametrize(**cases("custody.json", "kem"))
def test_the_hand_written_hpke_is_the_one_of_the_draft(case: dict[str, Any]) -> None:
    """Source: draft-ietf-hpke-pq, appendix A."""
    halves = halves_of_hpke(bytes.fromhex(case["private"]))
    public = halves[0].public_key().public_bytes_raw() + halves[1].public_key().public_bytes_raw()
    assert public.endswith(bytes.fromhex(case["public_ends"]))
    enc = bytes.fromhex(case["enc"])
    assert decapsulate(halves, enc).hex() == case["shared_secret"]
    sealed, info, aad = enc + bytes.fromhex(case["ciphertext"]), bytes.fromhex(case["info"]), bytes.fromhex(case["aad"])
    assert open_single(halves, sealed, info, aad, ChaCha20Poly1305).hex() == case["plaintext"]


def test_what_the_server_seals_opens_by_hand() -> None:
    """The library's HPKE is the standard's: another implementation opens what it seals."""
    sealed = custody.seal_to(CUSTODIAN.public, b"secret", b"about")
    assert open_single(custody.key_halves(SEED), sealed[1:], b"about") == b"secret"


@pytest.mark.parametrize(**cases("custody.json", "keys"))
def test_a_seed_gives_one_key(case: dict[str, Any]) -> None:
    """The same public half and the same id, for ever."""
    public = custody.public_bytes(bytes.fromhex(case["seed"]))
    assert public.hex() == case["public"]
    assert custody.custodian_id(custody.HYBRID, public).hex() == case["id"]


@pytest.mark.parametrize(**cases("custody.json", "wraps"))
def test_a_wrap_opens_layer_by_layer(case: dict[str, Any]) -> None:
    """With a term key and a seed, by the program and by hand; the same bytes, for ever."""
    key = ContentKey(
        id=bytes.fromhex(case["content_key_id"]),
        conversation=ConversationId(bytes.fromhex(case["conversation"])),
        hour=int(case["hour"]),
        run=int(case["run"]),
        key=bytes.fromhex(case["content_key"]),
    )
    term = TermKey(
        id=bytes.fromhex(case["term_key_id"]),
        kind=TermKind.ROOMS,
        term_ms=DAY_MS,
        begins_ms=0,
        key=bytes.fromhex(case["term_key"]),
    )
    sealed = custody.lift_term(bytes.fromhex(case["wrap"]), term, key.id)
    assert sealed.hex() == case["sealed"]
    info = custody_info(key, bytes.fromhex(case["custodian"]))
    assert info.hex() == case["info"]
    seed = bytes.fromhex(case["seed"])
    assert custody.open_sealed(custody.private_key(seed), sealed, info) == key.key
    assert open_single(custody.key_halves(seed), sealed[1:], info) == key.key


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (2, 2), (5, 3), (16, 16), (16, 2)])
def test_a_key_may_be_split_within_bounds(shares: int, threshold: int) -> None:
    """Nothing is wrong with these."""
    assert custody.bad_split(shares, threshold) is None


@pytest.mark.parametrize(("shares", "threshold"), [(0, 0), (17, 3), (5, 6), (5, 0), (2, 1), (-1, -1)])
def test_a_key_may_not_be_split_otherwise(shares: int, threshold: int) -> None:
    """What is wrong is a whole sentence."""
    wrong = custody.bad_split(shares, threshold)
    assert wrong is not None
    assert wrong.endswith(".")
