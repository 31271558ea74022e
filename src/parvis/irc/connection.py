"""A connection before it is registered: what it has said so far, and whether that is enough.

Source: modern IRC, "Connection registration"; IRCv3 capability-negotiation, draft/pre-away,
draft/extended-isupport.
"""

from typing import Final

VERSION_302: Final = 302
"""From this version on, CAP LS shows values and may take several lines."""

BEFORE_REGISTRATION: Final = frozenset(
    {
        *("AWAY", "CAP", "ISUPPORT", "METADATA", "PASS", "NICK", "USER", "PING", "PONG", "QUIT"),
        *("AUTHENTICATE", "REGISTER", "VERIFY", "WEBIRC", "RESUME"),
    }
)
"""Commands that a connection may use before it is registered; ERROR from a client is ignored. AWAY, ISUPPORT and
METADATA ask for their capability then."""


class Greeting:
    """What a connection has said of itself before it is registered. Dropped once it is."""

    __slots__ = (
        "account",
        "away",
        "began_s",
        "gateway",
        "guest",
        "metadata",
        "negotiating",
        "nick",
        "password_is_right",
        "proved_by",
        "real_name",
        "refused_nick",
        "token",
        "user",
    )

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.began_s = 0.0
        """When the connection was opened, by the steady clock."""
        self.gateway = ""
        """The name of the gateway that has said whom it speaks for (WEBIRC); empty: nobody speaks for the client."""
        self.away = ""
        """The away message it will enter with (IRCv3 draft/pre-away)."""
        self.metadata: dict[str, str] | None = None
        """What it will say beside its name (IRCv3 draft/metadata-2, before-connect)."""
        self.guest = b""
        """The identity that a resume token has proved; empty: none."""
        self.token = ""
        """The resume token that has proved it."""
        self.negotiating = False
        self.nick = ""
        self.refused_nick = ""
        """The last pseudonym that was asked for and is taken."""
        self.account = b""
        """The id of the account that the connection is logged in to; empty: none."""
        self.proved_by = ""
        """What the account's password was checked against when the connection logged in: a new one ends the login."""
        self.user = ""
        self.real_name = ""
        self.password_is_right = False

    def has_begun(self) -> bool:
        """Tell whether the connection has said anything of itself that WEBIRC has to stand before."""
        return bool(self.nick or self.user or self.negotiating or self.gateway)

    def is_complete(self) -> bool:
        """Tell whether NICK and USER have come and no capability negotiation is open."""
        return bool(self.nick and self.user) and not self.negotiating
