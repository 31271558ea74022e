"""What moderation decides about somebody: one value for each measure, whoever or whatever took it.

The ladder is that of notes to terminations (DSA, article 17(3)(a)); each has an end but for a termination and what a
second person confirmed. Source: DESIGN, promise 3; docs/glossary.md.
"""

from enum import StrEnum

import msgspec

from parvis.model.ids import ConversationId, IdentityId


class Measure(StrEnum):
    """The ladder, the mildest first. Names stand in the database: never reused."""

    NOTE = "note"
    """For staff alone; the person is not restricted and not told."""
    WARN = "warn"
    REMOVE = "remove"
    """Messages are shown to nobody any more."""
    SLOW = "slow"
    """The person may write once in so many seconds."""
    MUTE = "mute"
    ROOM_BAN = "room-ban"
    LIMIT = "limit"
    """The person writes to nobody who has not accepted them, opens no room and sends no link."""
    SUSPEND = "suspend"
    """The person cannot enter until it ends."""
    TERMINATE = "terminate"


class Basis(StrEnum):
    """Why: what is illegal, or what the terms forbid (DSA, article 17(3)(d) and (e))."""

    LAW = "law"
    TERMS = "terms"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as SQL keeps it. Written whole at each change; its record tells of each."""

    id: bytes
    number: str
    """What people and police quote: `D-` and eight letters and digits."""
    token: bytes
    """The keyed hash of what stands in its link; the link itself is known to its person alone."""
    measure: Measure
    target: IdentityId
    room: ConversationId | None = None
    """Where it holds; None: on the whole server."""
    basis: Basis = Basis.TERMS
    rule: str
    """The id of the rule or policy that was broken."""
    facts: str
    """What happened, as its person reads it; may quote them."""
    automated: bool = False
    """Whether no person decided it (DSA, article 17(3)(c))."""
    by: str = ""
    """The moderator; empty: a rule, or staff under OPER."""
    second: str = ""
    """The moderator who confirmed it, where one must."""
    case: str = ""
    """The case it was decided in; empty: none."""
    seconds: int = 0
    """Of SLOW: how long between two messages."""
    made_ms: int
    ends_ms: int | None
    """None: it has no end."""
    lifted_ms: int | None = None
    """When it was undone."""

    def __repr__(self) -> str:
        """Give the number alone."""
        return f"Decision({self.number})"

    def is_in_force(self, now_ms: int) -> bool:
        """Tell whether it holds at a moment."""
        return self.lifted_ms is None and (self.ends_ms is None or now_ms < self.ends_ms)
