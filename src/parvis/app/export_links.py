"""Links to an export: each good once, for an hour, and known to nobody but whoever asked.

Rule 1: a token is 256 random bits. Only its keyed hash is kept, in memory, and it is found by that: neither a copy of
the memory's tables nor the time of an answer tells anybody a token. It stands in no log.
Rule 2: an account has one link at a time, and few a day: making a file reads the whole archive.
"""

from base64 import urlsafe_b64encode
from hmac import digest
from typing import Final

import msgspec

from parvis.archive.terms import RandomBytes
from parvis.model.ids import IdentityId

TOKEN_BYTES: Final = 32
LINK_MS: Final = 3_600_000
"""How long a link is good."""
LINKS_A_DAY: Final = 3
"""Most links of one account in a day; ours."""
LINKS_MAX: Final = 4096
"""Most links and counts at a time; the oldest go first. Ours."""
_DAY_MS: Final = 86_400_000


class _Link(msgspec.Struct, frozen=True):
    identity: IdentityId
    ends_ms: int


class ExportLinks:
    """The links that are good now. For the event loop's thread alone."""

    def __init__(self, secret: bytes, random: RandomBytes) -> None:
        """Know none; tokens are hashed under a secret."""
        self._secret = secret
        self._random = random
        self._links: dict[bytes, _Link] = {}
        self._of: dict[IdentityId, bytes] = {}
        self._made: dict[IdentityId, list[int]] = {}

    def make(self, identity: IdentityId, now_ms: int) -> str | None:
        """Make a link's token; one that the account had is good no longer. None: it had too many today."""
        made = [at_ms for at_ms in self._made.pop(identity, []) if now_ms < at_ms + _DAY_MS]
        if len(made) >= LINKS_A_DAY:
            self._made[identity] = made
            return None
        if len(self._made) >= LINKS_MAX:
            del self._made[next(iter(self._made))]
        self._made[identity] = [*made, now_ms]
        self._links.pop(self._of.pop(identity, b""), None)
        if len(self._links) >= LINKS_MAX:
            oldest = next(iter(self._links))
            self._of.pop(self._links.pop(oldest).identity, None)
        token = urlsafe_b64encode(self._random(TOKEN_BYTES)).rstrip(b"=").decode()
        hashed = self._hash(token)
        self._links[hashed] = _Link(identity, now_ms + LINK_MS)
        self._of[identity] = hashed
        return token

    def take(self, token: str, now_ms: int) -> IdentityId | None:
        """Use a link up, and give whose it is; None: there is none, or it is too old."""
        link = self._links.pop(self._hash(token), None)
        if link is None:
            return None
        self._of.pop(link.identity, None)
        return link.identity if now_ms < link.ends_ms else None

    def give_back(self, token: str, identity: IdentityId, now_ms: int) -> None:
        """Make a link good again whose file could not be made, for as long as a new one would be."""
        hashed = self._hash(token)
        self._links[hashed] = _Link(identity, now_ms + LINK_MS)
        self._of[identity] = hashed

    def _hash(self, token: str) -> bytes:
        return digest(self._secret, b"parvis-export\0" + token.encode(errors="replace"), "sha256")
