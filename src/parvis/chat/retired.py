"""Pseudonyms of accounts that were deleted: nobody can take them for a while.

Only a keyed hash of such a name is kept, since whoever deletes an account wants to be forgotten: the server knows a
retired name when it is asked for, and cannot list them. Why: docs/adr/0011-a-pseudonym-given-up.md.
"""

from hashlib import blake2b

import msgspec

from parvis.model.ids import OPAQUE_ID_BYTES
from parvis.model.kept import Keep, KeptKind, keep


class Retired(msgspec.Struct, frozen=True):
    """A retired name as SQL keeps it, under its hash."""

    until_ms: int


class RetiredNames:
    """Until when names of deleted accounts are kept from everybody."""

    def __init__(self, secret: bytes) -> None:
        """Begin with none; names are hashed under a secret."""
        self._secret = secret
        self._until_ms: dict[bytes, int] = {}

    def retire(self, folded: str, until_ms: int) -> list[Keep]:
        """Keep a name from everybody until a moment; give what to keep."""
        name = self._hash(folded)
        self._until_ms[name] = until_ms
        return [keep(KeptKind.RETIRED_NAME, name, Retired(until_ms))]

    def restore(self, name: bytes, retired: Retired) -> None:
        """Know a name again that was kept over a restart, by its hash."""
        self._until_ms[name] = retired.until_ms

    def left_s(self, folded: str, now_ms: int) -> float:
        """Tell for how many more seconds a name is kept; 0.0: it is not."""
        if not self._until_ms:
            return 0.0
        return max(0, self._until_ms.get(self._hash(folded), 0) - now_ms) / 1000

    def sweep(self, now_ms: int) -> list[Keep]:
        """Forget whose time is over; give what to keep no longer."""
        over = [name for name, until_ms in self._until_ms.items() if until_ms <= now_ms]
        for name in over:
            del self._until_ms[name]
        return [keep(KeptKind.RETIRED_NAME, name, None) for name in over]

    def _hash(self, folded: str) -> bytes:
        # Salted by its purpose, so that it is no other hash of the same name.
        return blake2b(
            folded.encode(), key=self._secret, digest_size=OPAQUE_ID_BYTES, person=b"parvis-retired"
        ).digest()
