"""SCRAM-SHA-256, the server's side: the password itself is never sent, and each side proves to the other that it knows.

Rule 1: pure. The nonce and the salt come in as arguments; who the person is, is looked up by the caller.
Rule 2: no channel binding: a client may say `n` (it cannot) or `y` (it thinks that we cannot), and nothing else.

Source: RFC 5802, sections 3, 5 and 7; RFC 7677 for SHA-256.
"""

import binascii
import hashlib
import hmac
import re
from typing import Final

import msgspec

SALT_BYTES: Final = 16
NONCE_BYTES: Final = 18
"""Random bytes of the server's part of a nonce."""
NONCE_CHARS_MAX: Final = 256
"""Longest nonce that a client may choose; ours."""

_FIRST: Final = re.compile(
    r"(?P<gs2>[ny],(?:a=(?P<authzid>[^,]+))?,)(?P<bare>n=(?P<name>[^,]+),r=(?P<nonce>[^,]+))(?:,.*)?\Z"
)
_FINAL: Final = re.compile(r"(?P<unproved>c=(?P<binding>[^,]+),r=(?P<nonce>[^,]+)(?:,.+?)?),p=(?P<proof>[^,]+)\Z")
_PRINTABLE: Final = re.compile(r"[!-+\--~]+\Z")
_BAD_ESCAPE: Final = re.compile(r"=(?!2C|3D)")


class Broken(ValueError):
    """A message is none of SCRAM, or asks for what we do not do. The text never shows it."""


class Keys(msgspec.Struct, frozen=True):
    """What proves that somebody knows a password, without telling it."""

    salt: bytes
    iterations: int
    stored: bytes
    server: bytes

    def __repr__(self) -> str:
        """Show nothing: keys stay out of logs."""
        return "Keys()"


class First(msgspec.Struct, frozen=True):
    """What a client says first."""

    header: str
    """The GS2 header, which its last message repeats in base64."""
    bare: str
    authzid: str
    name: str
    nonce: str


def make_keys(password: bytes, salt: bytes, iterations: int) -> Keys:
    """Derive the keys of a prepared password. Takes as long as the iterations say: call it in a thread."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    return Keys(salt, iterations, hashlib.sha256(_mac(salted, b"Client Key")).digest(), _mac(salted, b"Server Key"))


def parse_first(message: bytes) -> First:
    """Read `n,,n=user,r=nonce`.

    Raises:
        Broken: The grammar is broken, or channel binding or an unknown extension is asked for.
    """
    text = _text(message)
    found = _FIRST.match(text)
    if found is None:
        raise Broken("the first message is not of the form n,,n=user,r=nonce")
    nonce = found["nonce"]
    if not _PRINTABLE.match(nonce) or len(nonce) > NONCE_CHARS_MAX:
        raise Broken("the nonce is not printable or too long")
    bare = text[len(found["gs2"]) :]
    return First(found["gs2"], bare, _name(found["authzid"] or ""), _name(found["name"]), nonce)


def challenge(first: First, nonce: str, keys: Keys) -> str:
    """Answer the first message: the common nonce, the salt and the iterations. `nonce`: printable, without comma."""
    return f"r={first.nonce}{nonce},s={_base64(keys.salt)},i={keys.iterations}"


def prove(first: First, said: str, message: bytes, keys: Keys) -> bytes | None:
    """Check the last message of a client, and give what proves to it that the server knows it; None: not proved.

    Args:
        first: Its first message.
        said: What `challenge` answered.
        message: `c=biws,r=nonce,p=proof`.
        keys: Of whoever it says it is.

    Raises:
        Broken: The grammar is broken, or the message belongs to another exchange.
    """
    found = _FINAL.match(_text(message))
    if found is None:
        raise Broken("the last message is not of the form c=biws,r=nonce,p=proof")
    if _bytes(found["binding"]) != first.header.encode():
        raise Broken("the channel binding is not that of the first message")
    if found["nonce"] != said[2:].partition(",")[0]:
        raise Broken("the nonce is another one")
    proof = _bytes(found["proof"])
    if len(proof) != len(keys.stored):
        raise Broken("the proof has another length")
    agreed = f"{first.bare},{said},{found['unproved']}".encode()
    signature = _mac(keys.stored, agreed)
    key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    if not hmac.compare_digest(hashlib.sha256(key).digest(), keys.stored):
        return None
    return b"v=" + _base64(_mac(keys.server, agreed)).encode()


def _text(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError:
        raise Broken("the message is not UTF-8") from None


def _name(escaped: str) -> str:
    if _BAD_ESCAPE.search(escaped):
        raise Broken("a name is not escaped as it must be")
    return escaped.replace("=2C", ",").replace("=3D", "=")


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode()


def _bytes(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise Broken("a part is not base64") from None
