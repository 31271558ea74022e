"""A connection before it is registered: what it has said so far, and whether that is enough.

Source: modern IRC, "Connection registration"; IRCv3 capability-negotiation.
"""

from typing import Final

VERSION_302: Final = 302
"""From this version on, CAP LS shows values and may take several lines."""

BEFORE_REGISTRATION: Final = frozenset(
    {"CAP", "PASS", "NICK", "USER", "PING", "PONG", "QUIT", "AUTHENTICATE", "REGISTER", "VERIFY", "RESUME"}
)
"""Commands that a connection may use before it is registered; ERROR from a client is ignored."""


class Greeting:
    """What a connection has said of itself before it is registered. Dropped once it is."""

    __slots__ = (
        "account",
        "began_s",
        "guest",
        "negotiating",
        "nick",
        "password_is_right",
        "real_name",
        "refused_nick",
        "user",
    )

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.began_s = 0.0
        """When the connection was opened, by the steady clock."""
        self.guest = b""
        """The identity that a resume token has proved; empty: none."""
        self.negotiating = False
        self.nick = ""
        self.refused_nick = ""
        """The last pseudonym that was asked for and is taken."""
        self.account = b""
        """The id of the account that the connection is logged in to; empty: none."""
        self.user = ""
        self.real_name = ""
        self.password_is_right = False

    def is_complete(self) -> bool:
        """Tell whether NICK and USER have come and no capability negotiation is open."""
        return bool(self.nick and self.user) and not self.negotiating
