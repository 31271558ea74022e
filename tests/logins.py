"""A client's side of logging in: what it sends for PLAIN and for SCRAM-SHA-256."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode


def plain(name: str, password: str) -> str:
    """Write the response of PLAIN (RFC 4616); it fits one piece."""
    return b64encode(f"\0{name}\0{password}".encode()).decode()


def in_pieces(data: bytes) -> list[str]:
    """Write a response as AUTHENTICATE lines (IRCv3 sasl 3.1)."""
    text = b64encode(data).decode()
    pieces = [text[start : start + 400] for start in range(0, len(text), 400)]
    if not pieces or len(pieces[-1]) == 400:
        pieces.append("+")
    return [f"AUTHENTICATE {piece}" for piece in pieces]


class Scram:
    """One exchange of SCRAM-SHA-256, by the formulas of RFC 5802, section 3."""

    def __init__(self, name: str, password: str) -> None:
        """Begin one."""
        self._password = password.encode()
        self._bare = f"n={name},r=clientnonce"
        self.salt = b""
        self.iterations = 0
        self._server = b""

    def first(self) -> str:
        """Give the first response."""
        return b64encode(f"n,,{self._bare}".encode()).decode()

    def final(self, challenge: str) -> str:
        """Answer the server's challenge."""
        said = b64decode(challenge).decode()
        nonce, salt, iterations = (part.split("=", 1)[1] for part in said.split(","))
        self.salt, self.iterations = b64decode(salt), int(iterations)
        salted = hashlib.pbkdf2_hmac("sha256", self._password, self.salt, self.iterations)
        key = hmac.digest(salted, b"Client Key", "sha256")
        unproved = f"c=biws,r={nonce}"
        agreed = f"{self._bare},{said},{unproved}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), agreed, "sha256")
        self._server = b"v=" + b64encode(hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), agreed, "sha256"))
        proof = b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True))).decode()
        return b64encode(f"{unproved},p={proof}".encode()).decode()

    def trusts(self, answer: str) -> bool:
        """Tell whether the server has proved that it knows the password."""
        return b64decode(answer) == self._server
