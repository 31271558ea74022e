"""Sanctions of the whole server and its level of defence: what staff decide, why, and until when.

Every one of them has an end: there is no for ever.
"""

from enum import StrEnum

import msgspec

from parvis.model.ids import IdentityId


class BanKind(StrEnum):
    """What a sanction asks of those it names. Names stand in the database: never reused."""

    BAN = "ban"
    """Not to be here."""
    REQUIRE_ACCOUNT = "require-account"
    """To be logged in to an account."""


class TargetKind(StrEnum):
    """How a sanction names people. Names stand in the database: never reused."""

    ACCOUNT = "account"
    ADDRESS = "ip"
    HOST = "host"
    MASK = "mask"


class Target(msgspec.Struct, frozen=True):
    """Whom a sanction names. `value` in its one way of writing: a network, a cloak, a whole mask, an account's name."""

    kind: TargetKind
    value: str

    def __repr__(self) -> str:
        """Name the kind alone: addresses and names stay out of logs."""
        return f"Target({self.kind})"


class ServerBan(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction of the whole server, as SQL keeps it."""

    id: bytes
    kind: BanKind
    target: Target
    account: IdentityId | None = None
    """Whose account is named; the name may be somebody else's one day."""
    reason: str
    by: str
    """The pseudonym of who decided."""
    made_at_ms: int
    ends_at_ms: int

    @property
    def name(self) -> str:
        """Give what people call it by."""
        return self.id.hex()[:8]

    def __repr__(self) -> str:
        """Give the id alone: targets and reasons stay out of logs."""
        return f"ServerBan({self.id.hex()})"


class Defence(msgspec.Struct, frozen=True, kw_only=True):
    """A level of defence other than the normal one, as SQL keeps it."""

    level: int
    reason: str
    by: str
    made_at_ms: int
    ends_at_ms: int

    def __repr__(self) -> str:
        """Give the level alone: reasons stay out of logs."""
        return f"Defence({self.level})"
