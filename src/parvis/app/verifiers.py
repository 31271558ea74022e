"""Passwords of accounts: argon2id and SCRAM keys, sealed under a key of the key store.

Rule 1: what stands in the database is a nonce and AES-256-GCM of both, with the owner's id as associated data: a thief
of the database alone learns nothing, and nobody's verifier works for another account.
Rule 2: heavy parts load when the first password is made or checked, not when the server starts.

Source: docs/adr/0009-passwords-of-accounts.md; RFC 9106 (argon2); RFC 5802 and 7677 (SCRAM).
"""

import binascii
import hmac
import os
from typing import Final

import msgspec

from parvis.irc import saslprep, scram

MEMORY_KIB: Final = 32_768
PASSES: Final = 2
"""One lane of 32 MiB in two passes takes about 40 ms, and no graphics card does many at once."""
ITERATIONS: Final = 65_536
"""Rounds of SCRAM's derivation: sixteen times what RFC 7677 asks for; a telephone takes a fraction of a second."""

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class _Verifier(msgspec.Struct, frozen=True):
    argon2: str
    scram: scram.Keys

    def __repr__(self) -> str:
        return "_Verifier()"


class Verifiers:
    """A :class:`parvis.ports.passwords.Passwords`."""

    def __init__(
        self, secret: bytes, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, iterations: int = ITERATIONS
    ) -> None:
        """Take the server's bytes for this purpose, and what a check is to cost."""
        self._key = hmac.digest(secret, b"verifiers", "sha256")
        self._nobodys = hmac.digest(secret, b"nobody", "sha256")
        self._cost = (passes, memory_kib)
        self._iterations = iterations
        self._decoy = ""
        """The verifier of nobody's password, made with the first check."""
        self._blank = ""
        """What is opened for a name without account."""

    def make(self, owner: bytes, password: str) -> str:
        """Make the verifier of an owner's password. Blocks."""
        from argon2 import low_level

        prepared = saslprep.password(password)
        passes, memory_kib = self._cost
        hashed = low_level.hash_secret(
            prepared,
            os.urandom(scram.SALT_BYTES),
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=1,
            hash_len=_KEY_BYTES,
            type=low_level.Type.ID,
        )
        keys = scram.make_keys(prepared, os.urandom(scram.SALT_BYTES), self._iterations)
        return self._seal(owner, msgspec.json.encode(_Verifier(hashed.decode(), keys)))

    def check(self, owner: bytes, verifier: str, password: str) -> bool:
        """Tell whether a password is the right one. An empty verifier is nobody's: it takes as long. Blocks."""
        from argon2 import low_level
        from argon2.exceptions import VerifyMismatchError

        if not self._decoy:
            self._decoy = self.make(b"", "")
        opened = self._open(owner, verifier) if verifier else self._open(b"", self._decoy)
        try:
            low_level.verify_secret(opened.argon2.encode(), saslprep.password(password), low_level.Type.ID)
        except VerifyMismatchError:
            return False
        return bool(verifier)

    def scram_keys(self, owner: bytes, verifier: str, name: str) -> scram.Keys:
        """Give the keys of a verifier; with an empty one, keys that nobody can prove. Both do the same work."""
        salt, stored, server = (
            hmac.digest(self._nobodys, purpose + name.encode(), "sha256") for purpose in (b"salt:", b"stored:", b"key:")
        )
        nobodys = scram.Keys(salt[: scram.SALT_BYTES], self._iterations, stored, server)
        if not self._blank:
            # As long as a real one: a hash of argon2 in its text form is 97 characters.
            self._blank = self._seal(b"", msgspec.json.encode(_Verifier("-" * 97, nobodys)))
        opened = self._open(owner, verifier) if verifier else self._open(b"", self._blank)
        return opened.scram if verifier else nobodys

    def _seal(self, owner: bytes, plain: bytes) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(self._key).encrypt(nonce, plain, owner)
        return binascii.b2a_base64(sealed, newline=False).decode()

    def _open(self, owner: bytes, verifier: str) -> _Verifier:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            sealed = binascii.a2b_base64(verifier, strict_mode=True)
            plain = AESGCM(self._key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner)
        except (ValueError, InvalidTag):
            raise ValueError("a verifier is not of this server, or not of this account") from None
        return msgspec.json.decode(plain, type=_Verifier)
