"""Guests and their resume tokens: who proves by a token to be the same guest as before.

Rule 1: a token is 32 random bytes. Only its keyed SHA-256 is kept, so that neither the database nor a backup of it
lets anybody be a guest, and looking it up takes no time that says anything of it.
Rule 2: a token is good for `TOKEN_MS` after its last use. It does not change by being used, since many clients keep
it as a password in a file; asking for a new one ends the old one.
Rule 3: there are at most `GUESTS_MAX`. When one more comes, the one unused for longest goes: first of those who never
came back, so that a flood of newcomers ends its own.

What changes is given as values to keep. Source: docs/protocol/resume.md; docs/adr/0012-a-guest-proved-by-a-token.md.
"""

from base64 import urlsafe_b64encode
from hmac import digest
from typing import Final

import msgspec

from parvis.model.guests import Guest
from parvis.model.ids import IdentityId
from parvis.model.kept import Keep, KeptKind, keep

DAY_MS: Final = 86_400_000
TOKEN_MS: Final = 30 * DAY_MS
"""How long a token is good after its last use (DESIGN, section 3)."""
TOKEN_BYTES: Final = 32
"""Random bytes of a token."""
TOKEN_CHARACTERS: Final = 43
"""Length of a token as it is told: URL-safe base64 without padding."""
GUESTS_MAX: Final = 65_536
"""Most guests with a token; ours: some 30 MB."""


class Guests:
    """Every guest that has a token."""

    def __init__(self, secret: bytes, guests_max: int = GUESTS_MAX) -> None:
        """Begin with no guest; tokens are hashed under a secret."""
        self._secret = secret
        self._guests_max = guests_max
        self._new: dict[IdentityId, Guest] = {}
        """Who never came back, the one unused for longest first."""
        self._known: dict[IdentityId, Guest] = {}
        """Who has come back, likewise."""
        self._by_token: dict[bytes, IdentityId] = {}
        self._names: dict[IdentityId, str] = {}
        """The folded pseudonyms of those who are here."""

    def __len__(self) -> int:
        """Count the guests with a token."""
        return len(self._by_token)

    def __contains__(self, identity: IdentityId) -> bool:
        """Tell whether an identity is that of a guest with a token."""
        return identity in self._new or identity in self._known

    def restore(self, guest: Guest) -> None:
        """Know a guest again that was kept over a restart; the sweep sees to those whose token has ended."""
        self._put(guest)

    def find(self, token: str, now_ms: int) -> IdentityId | None:
        """Give the guest whom a token proves; None: it is unknown, or was not used for too long."""
        if len(token) != TOKEN_CHARACTERS:
            return None
        guest = self._guest(self._by_token.get(self._hash(token)))
        return guest.id if guest is not None and guest.used_at_ms + TOKEN_MS > now_ms else None

    def give_token(self, identity: IdentityId, chance: bytes, now_ms: int) -> tuple[str, list[Keep]]:
        """Make a token for a guest; one that it had is good no longer.

        Args:
            identity: The guest.
            chance: `TOKEN_BYTES` unguessable bytes.
            now_ms: The time of day.

        Returns:
            The token, and what to keep.
        """
        token = urlsafe_b64encode(chance).rstrip(b"=").decode()
        before = self._guest(identity)
        kept = []
        if before is None and len(self) >= self._guests_max:
            kept.append(self._drop(next(iter(self._new or self._known))))
        is_back = before is not None and before.is_back
        guest = Guest(id=identity, token=self._hash(token), used_at_ms=now_ms, is_back=is_back)
        self._put(guest)
        kept.append(keep(KeptKind.GUEST, identity, guest))
        return token, kept

    def use(self, identity: IdentityId, now_ms: int) -> list[Keep]:
        """Note that a guest came back; give what to keep."""
        guest = self._guest(identity)
        if guest is None or (guest.is_back and now_ms < guest.used_at_ms + DAY_MS):
            return []
        guest = msgspec.structs.replace(guest, used_at_ms=now_ms, is_back=True)
        self._put(guest)
        return [keep(KeptKind.GUEST, identity, guest)]

    def forget(self, identity: IdentityId) -> list[Keep]:
        """Forget a guest who is erased: the token proves nobody any more; give what to keep."""
        return [] if self._guest(identity) is None else [self._drop(identity)]

    def sweep(self, now_ms: int) -> list[Keep]:
        """Forget whose token has ended, and note that those who are here use theirs; give what to keep. Once a day."""
        kept = []
        for guest in [*self._new.values(), *self._known.values()]:
            if guest.id in self._names:
                used = msgspec.structs.replace(guest, used_at_ms=now_ms)
                self._put(used)
                kept.append(keep(KeptKind.GUEST, guest.id, used))
            elif guest.used_at_ms + TOKEN_MS <= now_ms:
                kept.append(self._drop(guest.id))
        return kept

    # Where they are.

    def name_of(self, identity: IdentityId) -> str:
        """Give the folded pseudonym of a guest who is here; empty: they are not."""
        return self._names.get(identity, "")

    def present(self) -> list[IdentityId]:
        """List the guests that were noted as being here."""
        return list(self._names)

    def is_here(self, identity: IdentityId, folded: str) -> None:
        """Note what a guest is called now; whoever has no token is not noted."""
        if identity in self:
            self._names[identity] = folded

    def has_left(self, identity: IdentityId) -> None:
        """Note that a guest is here no more."""
        self._names.pop(identity, None)

    def _hash(self, token: str) -> bytes:
        return digest(self._secret, b"parvis-resume\0" + token.encode(), "sha256")

    def _guest(self, identity: IdentityId | None) -> Guest | None:
        if identity is None:
            return None
        return self._known.get(identity) or self._new.get(identity)

    def _put(self, guest: Guest) -> None:
        before = self._known.pop(guest.id, None) or self._new.pop(guest.id, None)
        if before is not None:
            del self._by_token[before.token]
        (self._known if guest.is_back else self._new)[guest.id] = guest
        self._by_token[guest.token] = guest.id

    def _drop(self, identity: IdentityId) -> Keep:
        guest = self._known.pop(identity, None) or self._new.pop(identity)
        del self._by_token[guest.token]
        self._names.pop(identity, None)
        return keep(KeptKind.GUEST, identity, None)
