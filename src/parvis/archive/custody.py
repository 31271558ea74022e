"""The custodians' way in: keys sealed to a public key whose private half is never stored on the server.

Two layers. Inside, HPKE (RFC 9180) to the custodians' key: the server can make it and not open it. Outside,
AES-256-GCM under a term key: destroying that key ends the term for custodians too, and re-wrapping for a hold
needs nobody's share.

Rule 1: what a layer is about is bound into it (`info`, associated data), so that no wrap works in another's place.
Rule 2: the first byte inside names the suite, so that it can change; suites are never reused.

Source: RFC 9180; draft-ietf-hpke-pq (MLKEM768-X25519); docs/adr/0020-terms-and-wraps.md; vectors/custody.json.
"""

from functools import lru_cache
from hashlib import sha256, shake_256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from parvis.archive.terms import TermKey

HYBRID: Final = 1
"""The suite so far: KEM MLKEM768-X25519, KDF HKDF-SHA256, AEAD AES-256-GCM."""

SEED_BYTES: Final = 32
"""Bytes from which a private key is made: what custodians share."""

PUBLIC_KEY_BYTES: Final = 1184 + 32
"""An ML-KEM-768 encapsulation key (FIPS 203), then an X25519 public key (RFC 7748)."""

CUSTODIAN_ID_BYTES: Final = 16
"""Bytes of a hash that name a public key."""

SHARES_MAX: Final = 16
"""Most shares of a key (SLIP-0039, "Format of the share mnemonic": 4 bits count them)."""

SHARE_CHECK_BYTES: Final = 16
"""Bytes of a hash by which a share is known again."""

NONCE_BYTES: Final = 12
"""Random bytes in front of the outer layer."""

_KEY_LABEL: Final = b"parvis custodian key v1"
_SEED_LABEL: Final = b"parvis custodian seed v1"
_TERM_LABEL: Final = b"parvis custody term v1"
_MLKEM_SEED_BYTES: Final = 64
_MLKEM_PUBLIC_BYTES: Final = 1184
_SUITES: Final = {HYBRID: Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)}


class UnopenedCustody(ValueError):
    """A wrap that does not open: changed, moved, of an unknown suite, or under another key. Says nothing of keys."""


class CustodianKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public key that content is sealed to, and how its private half is split."""

    id: bytes
    suite: int
    public: bytes
    shares: int
    threshold: int
    since_ms: int
    share_checks: bytes = b""
    """What shares are known again by, one check after the other (`app/shares.py`); empty where none were kept."""

    def __repr__(self) -> str:
        """Name the id alone."""
        return f"CustodianKey({self.id.hex()})"


def custodian_id(suite: int, public: bytes) -> bytes:
    """Name a public key: 16 bytes of SHA-256 over what it is."""
    return sha256(_KEY_LABEL + bytes((suite,)) + public).digest()[:CUSTODIAN_ID_BYTES]


def custodian_key(
    public: bytes, shares: int, threshold: int, since_ms: int, share_checks: bytes = b"", suite: int = HYBRID
) -> CustodianKey:
    """Name a public key and say how its private half is split.

    Raises:
        ValueError: It is no public key of the suite.
    """
    _public_key(suite, public)
    return CustodianKey(
        id=custodian_id(suite, public),
        suite=suite,
        public=public,
        shares=shares,
        threshold=threshold,
        since_ms=since_ms,
        share_checks=share_checks,
    )


def bad_split(shares: int, threshold: int) -> str | None:
    """Say why a key cannot be split so, in a whole sentence; None if it can."""
    if not 1 <= shares <= SHARES_MAX:
        return f"A key is split into 1 to {SHARES_MAX} shares."
    if not 1 <= threshold <= shares:
        return "At least one share is needed to open, and not more than there are."
    if threshold == 1 and shares > 1:
        # They would be copies of each other (SLIP-0039, "Generating the shares").
        return "With a threshold of 1 there is one share; give copies of it, or need at least 2."
    return None


def key_halves(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """Make the two private halves of a seed: 96 bytes of SHAKE256 of it are the seed of ML-KEM and the key of X25519.

    Raises:
        ValueError: The seed is not 32 bytes.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError(f"seed is {len(seed)} bytes, expected {SEED_BYTES}")
    both = shake_256(_SEED_LABEL + seed).digest(_MLKEM_SEED_BYTES + 32)
    return (
        MLKEM768PrivateKey.from_seed_bytes(both[:_MLKEM_SEED_BYTES]),
        X25519PrivateKey.from_private_bytes(both[_MLKEM_SEED_BYTES:]),
    )


def private_key(seed: bytes) -> MLKEM768X25519PrivateKey:
    """Make the private key of a seed.

    Raises:
        ValueError: The seed is not 32 bytes.
    """
    mlkem, x25519 = key_halves(seed)
    return MLKEM768X25519PrivateKey(mlkem, x25519)


def public_bytes(seed: bytes) -> bytes:
    """Give the public key of a seed as it is stored.

    Raises:
        ValueError: The seed is not 32 bytes.
    """
    mlkem, x25519 = key_halves(seed)
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def seal_to(public: bytes, secret: bytes, info: bytes, suite: int = HYBRID) -> bytes:
    """Seal a secret to a public key; the result is suite ‖ encapsulated key ‖ ciphertext.

    Args:
        public: A public key as it is stored.
        secret: What is sealed.
        info: What it is about; opening needs the same bytes.
        suite: How.

    Raises:
        ValueError: It is no public key of the suite.
    """
    return bytes((suite,)) + _SUITES[suite].encrypt(secret, _public_key(suite, public), info)


def open_sealed(key: MLKEM768X25519PrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Open what :func:`seal_to` made.

    Raises:
        UnopenedCustody: It does not open under this key and info, or its suite is not known.
    """
    suite = _SUITES.get(sealed[0]) if sealed else None
    if suite is None:
        raise UnopenedCustody("suite of the wrap is not known")
    try:
        return suite.decrypt(sealed[1:], key, info)
    except (InvalidTag, ValueError):
        raise UnopenedCustody("wrap does not open under this key") from None


def under_term(sealed: bytes, term_key: TermKey, about: bytes, nonce: bytes) -> bytes:
    """Lay the outer layer over what is sealed to custodians; the result is nonce ‖ ciphertext ‖ tag.

    Args:
        sealed: What :func:`seal_to` made.
        term_key: The key that ends it.
        about: The id of the key that is sealed.
        nonce: 12 random bytes.
    """
    return nonce + AESGCM(term_key.key).encrypt(nonce, sealed, _TERM_LABEL + about + term_key.id)


def lift_term(wrap: bytes, term_key: TermKey, about: bytes) -> bytes:
    """Take the outer layer off, for a re-wrapping or an opening; what remains only custodians open.

    Raises:
        UnopenedCustody: The wrap was changed, or belongs to another key or term.
    """
    try:
        return AESGCM(term_key.key).decrypt(wrap[:NONCE_BYTES], wrap[NONCE_BYTES:], _TERM_LABEL + about + term_key.id)
    except (InvalidTag, ValueError):
        raise UnopenedCustody("wrap does not open under its term key") from None


@lru_cache(maxsize=8)
def _public_key(suite: int, public: bytes) -> MLKEM768X25519PublicKey:
    if suite not in _SUITES:
        raise ValueError(f"suite {suite} is not known")
    if len(public) != PUBLIC_KEY_BYTES:
        raise ValueError(f"public key is {len(public)} bytes, expected {PUBLIC_KEY_BYTES}")
    return MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC_BYTES]),
        X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC_BYTES:]),
    )
