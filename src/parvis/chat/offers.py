"""Which capabilities a connection is offered, and with what value: what the settings say, and how it is connected.

Source: IRCv3 capability-negotiation, "Capability values", "CAP NEW", "CAP DEL"; sts; draft/multiline; draft/metadata-2.
"""

from typing import Final

from parvis.chat.client import Client
from parvis.chat.settings import Settings
from parvis.irc.capabilities import CAPABILITIES, CHATHISTORY, EVENT_PLAYBACK, STREAM, Offer
from parvis.irc.sasl import Mechanism

_WITH_HISTORY: Final = CHATHISTORY | EVENT_PLAYBACK


def mechanisms(*, is_secure: bool) -> list[Mechanism]:
    """List the ways to log in: a certificate is shown over TLS alone."""
    return [each for each in Mechanism if is_secure or each is not Mechanism.EXTERNAL]


def offered(settings: Settings, *, is_secure: bool) -> Offer:
    """Give the capabilities of a connection under these settings."""
    offer = {name: "" for name, bit in CAPABILITIES.items() if settings.history_enabled or not bit & _WITH_HISTORY}
    offer["sasl"] = ",".join(mechanisms(is_secure=is_secure))
    if settings.registration:
        offer["draft/account-registration"] = _registration(settings)
    else:
        del offer["draft/account-registration"]
    offer["draft/multiline"] = f"max-bytes={settings.multiline_bytes},max-lines={settings.multiline_lines}"
    if settings.metadata_keys:
        offer["draft/metadata-2"] = _metadata(settings)
    else:
        del offer["draft/metadata-2"]
    sts = _sts(settings, is_secure)
    if sts:
        offer["sts"] = sts
    else:
        del offer["sts"]
    return offer


def _registration(settings: Settings) -> str:
    """Write what REGISTER asks for. Source: IRCv3 draft/account-registration, "Capability"."""
    keys = {
        "before-connect": settings.before_connect,
        "custom-account-name": settings.custom_account_name,
        "email-required": settings.email_required,
    }
    return ",".join(key for key, is_set in keys.items() if is_set)


def _metadata(settings: Settings) -> str:
    limits = (
        f"max-subs={settings.metadata_max_subs},max-keys={settings.metadata_max_keys},"
        f"max-value-bytes={settings.metadata_max_value_bytes}"
    )
    # Whoever has not entered is a newcomer.
    return limits if settings.metadata_after_s else f"before-connect,{limits}"


def offer_to(offers: tuple[Offer, Offer], client: Client) -> Offer:
    """Give what a connection is offered, out of what is offered without TLS and with it.

    A WebSocket never hears of STS: its port is another one, and a browser has its own rules.
    """
    offer = offers[client.is_secure]
    if client.transport_kind == STREAM:
        return offer
    return {name: value for name, value in offer.items() if name != "sts"}


def _sts(settings: Settings, is_secure: bool) -> str:
    """Say over which port to come back with TLS, or for how long to use nothing else; empty: nothing is asked for."""
    if not settings.sts_port:
        return ""
    if not is_secure:
        return f"port={settings.sts_port}"
    preload = ",preload" if settings.sts_preload else ""
    return f"duration={settings.sts_duration_s}{preload}"
