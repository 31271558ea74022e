"""Accounts: pseudonyms that belong to somebody. Names are attributes; the id is what everything attaches to."""

from typing import Final

import msgspec

from parvis.model.ids import IdentityId

CERTIFICATES_MAX: Final = 8
"""Most certificates of one account; ours."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as SQL keeps it, written whole at each change."""

    id: IdentityId
    name: str
    """The pseudonym that it holds, as it was written when it was claimed."""
    registered_at_ms: int
    password: str = ""
    """What a password is checked against, as `ports/passwords.py` made it; empty: none."""
    certificates: tuple[str, ...] = ()
    """SHA-256 of certificates that log in to it, in hexadecimal (SASL EXTERNAL)."""
    many_devices: bool | None = None
    """Whether its owner may be here from several devices at once; None: as the server allows."""

    def __repr__(self) -> str:
        """Give the id alone: names and passwords stay out of logs."""
        return f"Account({self.id.hex()})"
