"""What an opening gives, sealed so that it takes two to read it: whoever asked, and the server, which logs first.

The key of a result is HKDF-SHA256 over two secrets, one sealed to the requester's key and one to the request's
one-time key of the server. The text is cut into chunks, each AES-256-GCM under a nonce that counts them and tells the
last and with the file's head as associated data, so that nothing is left out, moved, changed or cut off unseen.

File: a line that names the form; both sealed secrets, each with its length (2 bytes) in front; then chunks of
65 536 bytes of text and a tag of 16 bytes, the last one shorter or as long.

Source: RFC 5869; NIST SP 800-38D; docs/protocol/opening.md; vectors/openings.json.
"""

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parvis.archive import custody

FORM: Final = b"parvis opening result v1\n"
"""The first line of a file."""
CHUNK_BYTES: Final = 65_536
"""Text of one chunk."""
SECRET_BYTES: Final = 32
"""Each of the two secrets."""
SEALED_BYTES_MAX: Final = 4096
"""Longest sealed secret."""

_TAG_BYTES: Final = 16
_LENGTH: Final = Struct(">H")
_NONCE: Final = Struct(">3xBQ")
_KEY_LABEL: Final = b"parvis opening result key v1"
_REQUESTER_LABEL: Final = b"parvis opening requester v1"
_RELEASE_LABEL: Final = b"parvis opening release v1"
_SEED_LABEL: Final = b"parvis opening release seed v1"


class UnopenedResult(ValueError):
    """A result that does not open: cut, changed, of another request, or with another key or release."""


class SealedSecrets:
    """The two secrets of a result as they stand in its file."""

    def __init__(self, requester: bytes, released: bytes) -> None:
        """Keep what was read."""
        self.requester = requester
        self.released = released

    def head(self) -> bytes:
        """Give the head of the file: associated data of every chunk."""
        sealed = b"".join(_LENGTH.pack(len(each)) + each for each in (self.requester, self.released))
        return FORM + sealed


def seal_secrets(
    requester: bytes, release: bytes, request: bytes, secrets: tuple[bytes, bytes]
) -> tuple[SealedSecrets, bytes]:
    """Seal the two secrets and make the key of them.

    Args:
        requester: The requester's public key.
        release: The request's one-time public key of the server.
        request: Digest of the request.
        secrets: 32 random bytes for each of them.
    """
    ours, theirs = secrets
    sealed = SealedSecrets(
        custody.seal_to(requester, ours, _REQUESTER_LABEL + request),
        custody.seal_to(release, theirs, _RELEASE_LABEL + request),
    )
    return sealed, _key(ours, theirs, request)


def release_seed(secret: bytes, salt: bytes, request_id: bytes) -> bytes:
    """Give the seed of a request's one-time key of the server.

    Args:
        secret: 32 bytes that belong to the server, from its key store.
        salt: 32 bytes that lie in its database until the opening ends: afterwards nothing makes the key again.
        request_id: The request's id.
    """
    return HKDF(algorithm=SHA256(), length=custody.SEED_BYTES, salt=salt, info=_SEED_LABEL + request_id).derive(secret)


def open_release(key: MLKEM768X25519PrivateKey, released: bytes, request: bytes) -> bytes:
    """Open the server's half.

    Raises:
        UnopenedCustody: It belongs to another request or key.
    """
    return custody.open_sealed(key, released, _RELEASE_LABEL + request)


def sealed_text(sealed: SealedSecrets, key: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Write the file of a result, in parts; of its text one chunk at a time is in memory."""
    head = sealed.head()
    yield head
    cipher = AESGCM(key)
    waiting = bytearray()
    count = 0
    for piece in pieces:
        waiting += piece
        while len(waiting) > CHUNK_BYTES:
            yield cipher.encrypt(_NONCE.pack(0, count), bytes(waiting[:CHUNK_BYTES]), head)
            del waiting[:CHUNK_BYTES]
            count += 1
    yield cipher.encrypt(_NONCE.pack(1, count), bytes(waiting), head)


def read_secrets(read: Callable[[int], bytes]) -> SealedSecrets:
    """Read the head of a result's file.

    Raises:
        UnopenedResult: It is none, or was cut.
    """
    if read(len(FORM)) != FORM:
        raise UnopenedResult("file does not begin as a result of a known form does")
    return SealedSecrets(_read_secret(read), _read_secret(read))


def opened_text(
    read: Callable[[int], bytes], sealed: SealedSecrets, key: MLKEM768X25519PrivateKey, released: bytes, request: bytes
) -> Iterator[bytes]:
    """Open a result, whose head was read, in parts. What comes before a fault is true, and is not all.

    Args:
        read: Gives at most so many next bytes, and fewer only at the end.
        sealed: What :func:`read_secrets` gave.
        key: The requester's private key.
        released: What the server released.
        request: Digest of the request.

    Raises:
        UnopenedResult: It was changed or cut, or key, release and request do not belong to it.
    """
    try:
        ours = custody.open_sealed(key, sealed.requester, _REQUESTER_LABEL + request)
    except custody.UnopenedCustody:
        raise UnopenedResult("result is sealed to another key, or belongs to another request") from None
    cipher, head = AESGCM(_key(ours, released, request)), sealed.head()
    count = 0
    chunk = read(CHUNK_BYTES + _TAG_BYTES)
    while True:
        following = read(CHUNK_BYTES + _TAG_BYTES)
        try:
            yield cipher.decrypt(_NONCE.pack(not following, count), chunk, head)
        except (InvalidTag, ValueError):
            raise UnopenedResult("result was changed or cut, or its release belongs to another") from None
        if not following:
            return
        chunk = following
        count += 1


def _read_secret(read: Callable[[int], bytes]) -> bytes:
    head = read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    secret = read(length) if 0 < length <= SEALED_BYTES_MAX else b""
    if not secret or len(secret) != length:
        raise UnopenedResult("result was cut")
    return secret


def _key(ours: bytes, theirs: bytes, request: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_KEY_LABEL + request).derive(ours + theirs)
