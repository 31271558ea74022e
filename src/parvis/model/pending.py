"""Accounts that wait for the code which was sent to their owner's address. The address itself is not kept."""

from typing import Final

import msgspec

from parvis.model.ids import IdentityId

PENDING_MAX: Final = 4096
"""Most accounts that wait at once; ours. The oldest are dropped first."""
PENDING_MS: Final = 24 * 3_600_000
"""How long a code is good; ours."""
TRIES: Final = 5
"""How many codes may be tried for one account before it waits no longer; ours."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is not one yet, as SQL keeps it."""

    id: IdentityId
    name: str
    password: str
    code: bytes
    """Keyed hash of the code."""
    ends_at_ms: int
    tries: int = TRIES
    """How many more codes may be tried."""

    def __repr__(self) -> str:
        """Give the id alone: names, passwords and codes stay out of logs."""
        return f"Pending({self.id.hex()})"
