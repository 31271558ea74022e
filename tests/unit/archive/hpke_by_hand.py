"""HPKE with the suite of custodians' wraps, written from the specifications and without the library's HPKE.

What the server seals must open with this too: then it opens with any implementation that follows them.

Source: RFC 9180, sections 4, 5.1, 5.2; draft-ietf-hpke-pq, "MLKEM768-X25519"; draft-irtf-cfrg-concrete-hybrid-kems.
"""

import hmac
from hashlib import sha3_256, sha256, shake_256

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

KEM_ID, KDF_ID = 0x647A, 0x0001
AEAD_IDS: dict[type[AESGCM | ChaCha20Poly1305], int] = {AESGCM: 0x0002, ChaCha20Poly1305: 0x0003}
MLKEM_CIPHERTEXT_BYTES = 1088
ENC_BYTES = MLKEM_CIPHERTEXT_BYTES + 32
COMBINER_LABEL = b"\\.//^\\"

Halves = tuple[MLKEM768PrivateKey, X25519PrivateKey]


def halves_of_hpke(private: bytes) -> Halves:
    """Expand a private key as the KEM serialises it: 32 bytes."""
    both = shake_256(private).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(both[:64]), X25519PrivateKey.from_private_bytes(both[64:])


def decapsulate(halves: Halves, enc: bytes) -> bytes:
    """Give the shared secret of an encapsulated key."""
    mlkem, x25519 = halves
    first, second = enc[:MLKEM_CIPHERTEXT_BYTES], enc[MLKEM_CIPHERTEXT_BYTES:]
    ours = x25519.public_key().public_bytes_raw()
    shared = x25519.exchange(X25519PublicKey.from_public_bytes(second))
    return sha3_256(mlkem.decapsulate(first) + shared + second + ours + COMBINER_LABEL).digest()


def open_single(
    halves: Halves,
    sealed: bytes,
    info: bytes,
    aad: bytes = b"",
    aead: type[AESGCM | ChaCha20Poly1305] = AESGCM,
) -> bytes:
    """Open an encapsulated key and the first ciphertext behind it."""
    suite = b"HPKE" + KEM_ID.to_bytes(2) + KDF_ID.to_bytes(2) + AEAD_IDS[aead].to_bytes(2)
    shared = decapsulate(halves, sealed[:ENC_BYTES])
    context = b"\0" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", info)
    secret = _extract(suite, shared, b"secret", b"")
    key = _expand(suite, secret, b"key", context, 32)
    nonce = _expand(suite, secret, b"base_nonce", context, 12)
    return aead(key).decrypt(nonce, sealed[ENC_BYTES:], aad)


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, sha256)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, size: int) -> bytes:
    labelled = size.to_bytes(2) + b"HPKE-v1" + suite + label + info
    # One block of HKDF-Expand is enough for what is asked.
    return hmac.digest(secret, labelled + b"\x01", sha256)[:size]
