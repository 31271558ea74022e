"""SASL as IRC carries it: base64 in pieces of 400 bytes, and what the mechanisms say in them.

Rule 1: pure. An exchange is fed the parameters of AUTHENTICATE in order, and says what the server has to do next.
Rule 2: whatever does not fit the grammar ends the exchange; another may begin at once.

Source: IRCv3 sasl 3.1 and 3.2; RFC 4422, appendix A (EXTERNAL); RFC 4616 (PLAIN); RFC 5802 and 7677 (SCRAM-SHA-256).
"""

import binascii
from enum import StrEnum
from typing import Final

import msgspec

from parvis.irc import scram

PIECE_CHARS: Final = 400
"""Length of a piece of base64; a shorter one ends the response (IRCv3 sasl 3.1)."""
RESPONSE_CHARS_MAX: Final = 4 * PIECE_CHARS
"""Longest response, in characters of base64; ours: a name, a name and the longest password fit in a third of it."""


class Mechanism(StrEnum):
    """Ways to log in."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    EXTERNAL = "EXTERNAL"


class More(msgspec.Struct, frozen=True):
    """The response is not whole yet: nothing to do."""


class Aborted(msgspec.Struct, frozen=True):
    """The client has given up."""


class TooLong(msgspec.Struct, frozen=True):
    """A piece or the response is longer than it may be."""


class Failed(msgspec.Struct, frozen=True):
    """Nobody logs in by this."""


class CheckPassword(msgspec.Struct, frozen=True):
    """Check a password; `name` is that of the account, `password` as it was typed."""

    name: str
    password: str

    def __repr__(self) -> str:
        """Show nothing: passwords stay out of logs."""
        return "CheckPassword()"


class CheckCertificate(msgspec.Struct, frozen=True):
    """Check the certificate of the connection; `name` is empty when the certificate is to say whose it is."""

    name: str


class FindKeys(msgspec.Struct, frozen=True):
    """Find the SCRAM keys of an account, then call `Exchange.challenge`."""

    name: str


class Proved(msgspec.Struct, frozen=True):
    """Send these bytes, and await an empty response; then `name` has logged in."""

    data: bytes


class LoggedIn(msgspec.Struct, frozen=True):
    """The client has proved that it knows the password of this account."""

    name: str


Step = More | Aborted | TooLong | Failed | CheckPassword | CheckCertificate | FindKeys | Proved | LoggedIn


class Exchange:
    """One attempt to log in, from the name of the mechanism to its end."""

    __slots__ = ("_first", "_is_proved", "_pieces", "_said", "_size", "keys", "mechanism", "owner")

    def __init__(self, mechanism: Mechanism) -> None:
        """Await the first response."""
        self.mechanism = mechanism
        self._pieces: list[str] = []
        self._size = 0
        self._first: scram.First | None = None
        self._said = ""
        self._is_proved = False
        self.keys: scram.Keys | None = None
        """What the proof of SCRAM is checked against."""
        self.owner: bytes | None = None
        """Whose keys those are: an id that means something to the caller alone."""

    @property
    def name(self) -> str:
        """Give the account that SCRAM was asked for; empty before that, and in other mechanisms."""
        return self._first.name if self._first is not None else ""

    def feed(self, parameter: str) -> Step:
        """Take the parameter of one AUTHENTICATE."""
        if parameter == "*":
            return Aborted()
        if len(parameter) > PIECE_CHARS:
            return TooLong()
        if parameter != "+":
            self._pieces.append(parameter)
            self._size += len(parameter)
            if self._size > RESPONSE_CHARS_MAX:
                return TooLong()
            if len(parameter) == PIECE_CHARS:
                return More()
        response = "".join(self._pieces)
        self._pieces, self._size = [], 0
        try:
            data = binascii.a2b_base64(response.encode(), strict_mode=True)
            return self._respond(data)
        except ValueError:
            # Not base64, not UTF-8, or not of the mechanism's grammar: all of them are one answer.
            return Failed()

    def challenge(self, nonce: str, keys: scram.Keys, owner: bytes) -> bytes:
        """Give what SCRAM says to a name: `nonce` is random, printable and without comma, `keys` those of `owner`."""
        if self._first is None:
            raise AssertionError("no name was given yet")
        self.keys, self.owner = keys, owner
        self._said = scram.challenge(self._first, nonce, keys)
        return self._said.encode()

    def _respond(self, data: bytes) -> Step:
        match self.mechanism:
            case Mechanism.PLAIN:
                return _plain(data)
            case Mechanism.EXTERNAL:
                return CheckCertificate(data.decode())
            case Mechanism.SCRAM_SHA_256:
                return self._scram(data)

    def _scram(self, data: bytes) -> Step:
        if self._is_proved:
            return Failed() if data else LoggedIn(self.name)
        if self._first is None or self.keys is None:
            first = scram.parse_first(data)
            if first.authzid not in ("", first.name):
                return Failed()
            self._first = first
            return FindKeys(first.name)
        proof = scram.prove(self._first, self._said, data, self.keys)
        if proof is None:
            return Failed()
        self._is_proved = True
        return Proved(proof)


def _plain(data: bytes) -> Step:
    authzid, name, password = data.decode().split("\0")
    # To act as somebody else is not for anybody here: an authorization identity is one's own or none.
    if not name or not password or authzid not in ("", name):
        return Failed()
    return CheckPassword(name, password)


def pieces(data: bytes) -> list[str]:
    """Write bytes as the parameters of as many AUTHENTICATE as it takes."""
    text = binascii.b2a_base64(data, newline=False).decode()
    parts = [text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS)]
    return parts if parts and len(parts[-1]) < PIECE_CHARS else [*parts, "+"]
