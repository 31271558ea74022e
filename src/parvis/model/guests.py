"""Guests that can prove to be the same person again: an identity, and the hash of the token that proves it."""

import msgspec

from parvis.model.ids import IdentityId


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """A guest as SQL keeps it, written whole at each change."""

    id: IdentityId
    token: bytes
    """The keyed SHA-256 of the token; the token itself is kept by nobody but the guest."""
    used_at_ms: int
    """When it was used last, to the day while it is in use."""
    is_back: bool = False
    """Whether it was ever used to come back."""

    def __repr__(self) -> str:
        """Give the id alone."""
        return f"Guest({self.id.hex()})"
