"""Which capabilities a connection is offered, and with what value: what the settings say, and whether it is TLS.

Source: IRCv3 capability-negotiation, "Capability values", "CAP NEW", "CAP DEL".
"""

from typing import Final

from parvis.chat.settings import Settings
from parvis.irc.capabilities import CAPABILITIES, CHATHISTORY, EVENT_PLAYBACK, Offer

_WITH_HISTORY: Final = CHATHISTORY | EVENT_PLAYBACK


def offered(settings: Settings, *, is_secure: bool) -> Offer:  # noqa: ARG001 - each capability that asks adds its part
    """Give the capabilities of a connection under these settings."""
    return {name: "" for name, bit in CAPABILITIES.items() if settings.history_enabled or not bit & _WITH_HISTORY}
