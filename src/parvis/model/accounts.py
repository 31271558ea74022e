"""Accounts: pseudonyms that belong to somebody. Names are attributes; the id is what everything attaches to."""

import msgspec

from parvis.model.ids import IdentityId


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as SQL keeps it, written whole at each change."""

    id: IdentityId
    name: str
    """The pseudonym that it holds, as it was written when it was claimed."""
    registered_at_ms: int
    password: str = ""
    """What a password is checked against, as `ports/passwords.py` made it; empty: none."""

    def __repr__(self) -> str:
        """Give the id alone: names and passwords stay out of logs."""
        return f"Account({self.id.hex()})"
