"""People who are present."""

from parvis.model.ids import IdentityId, SessionId
from parvis.model.room import Room

INVISIBLE = 1 << 0
"""User mode i: WHO without a shared room does not list this person."""
OPERATOR = 1 << 1
"""User mode o: an operator of the server."""
BOT = 1 << 2
"""User mode B: a program writes here."""
READS_WALLOPS = 1 << 3
"""User mode w: reads what operators tell everybody who listens (WALLOPS)."""
FROM_ACCOUNTS = 1 << 4
"""User mode R: reads private messages only of who is logged in to an account, or was accepted."""

ACCEPTED_MAX = 64
"""Most guests whom one person with the user mode R has accepted at a time; ours."""
NO_CTCP = 1 << 5
"""User mode T: others send this person no CTCP but ACTION."""

NO_ROOMS: tuple[Room, ...] = ()
"""The rooms of somebody who is in none. Shared."""


class Person:
    """Somebody present under a pseudonym: one session of one identity.

    Only `World` changes what is written here. Kept small, since every idle connection has one: rooms are a tuple
    that is replaced, and the empty one is shared.
    """

    __slots__ = (
        "account",
        "away",
        "entered_at_ms",
        "folded",
        "host",
        "identity",
        "modes",
        "nick",
        "prefix",
        "real_name",
        "rooms",
        "session",
        "spoke_at_ms",
        "user",
    )

    def __init__(self) -> None:
        """Make somebody who has not entered yet: no pseudonym, no room."""
        self.session: SessionId = SessionId(b"")
        self.identity: IdentityId = IdentityId(b"")
        self.account = ""
        """The name of the account that is logged in; empty: a guest."""
        self.nick = ""
        self.folded = ""
        self.user = ""
        self.host = ""
        self.real_name = ""
        self.away = ""
        self.modes = 0
        self.rooms: tuple[Room, ...] = NO_ROOMS
        self.prefix = b""
        self.entered_at_ms = 0
        self.spoke_at_ms = 0

    def __repr__(self) -> str:
        """Give the session's id alone: names and hosts stay out of logs."""
        return f"{type(self).__name__}({self.session.hex()})"

    def mask(self) -> str:
        """Give `nick!user@host`, the host being a cloak."""
        return f"{self.nick}!{self.user}@{self.host}"
