"""Which capabilities a connection is offered, and with what value: what the settings say, and whether it is TLS.

Source: IRCv3 capability-negotiation, "Capability values", "CAP NEW", "CAP DEL".
"""

from typing import Final

from parvis.chat.settings import Settings
from parvis.irc.capabilities import CAPABILITIES, CHATHISTORY, EVENT_PLAYBACK, Offer
from parvis.irc.sasl import Mechanism

_WITH_HISTORY: Final = CHATHISTORY | EVENT_PLAYBACK


def mechanisms(*, is_secure: bool) -> list[Mechanism]:
    """List the ways to log in: a certificate is shown over TLS alone."""
    return [each for each in Mechanism if is_secure or each is not Mechanism.EXTERNAL]


def offered(settings: Settings, *, is_secure: bool) -> Offer:
    """Give the capabilities of a connection under these settings."""
    offer = {name: "" for name, bit in CAPABILITIES.items() if settings.history_enabled or not bit & _WITH_HISTORY}
    offer["sasl"] = ",".join(mechanisms(is_secure=is_secure))
    offer["draft/account-registration"] = _registration(settings)
    if not settings.registration:
        del offer["draft/account-registration"]
    return offer


def _registration(settings: Settings) -> str:
    """Write what REGISTER asks for. Source: IRCv3 draft/account-registration, "Capability"."""
    keys = {
        "before-connect": settings.before_connect,
        "custom-account-name": settings.custom_account_name,
        "email-required": settings.email_required,
    }
    return ",".join(key for key, is_set in keys.items() if is_set)
