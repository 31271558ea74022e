"""How many devices an account is here from: one more beside the others, or one in place of them.

Source: docs/adr/0008-one-connection-carries-a-person.md; docs/adr/0010-one-device-in-place-of-another.md.
"""

from datetime import UTC, datetime
from typing import Final

from parvis.chat import hosts
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.model.accounts import Account

DEVICES_MAX: Final = 8
"""Most connections of one person; ours."""

_REPLACED: Final = "Closing link: another device of your account took this place"


def find(chat: Chat, nick: str, account: Account | None) -> Client | None:
    """Find who is here under a pseudonym and logged in to an account: one can be one more device of them."""
    person = chat.person(nick)
    if account is None or not isinstance(person, Client) or not person.account or person.identity != account.id:
        return None
    return person


def is_single(chat: Chat, account: Account) -> bool:
    """Tell whether an account is here from one device at a time: the server says so, or its owner."""
    return not chat.settings.multiclient or account.many_devices is False


def replace(chat: Chat, device: Client, *, by: Client) -> None:
    """Let go of a device whose place another one has; it is told which, and how to take it back.

    The person goes with their last device: that `by` is one of them already is the caller's care.
    """
    when = f"{datetime.fromtimestamp(chat.now_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    host = host_of(chat, by)
    chat.at_once(
        device,
        f"NOTE * DEVICE_REPLACED {when} {host} {way(by)} :Another device of your account, from {host}, took this "
        "place. Log in again here to take it back. If it was not yours, do so and change your password.",
    )
    chat.leave(device, "Another device took this place", told=_REPLACED)


def close_others(chat: Chat, person: Client, account: Account) -> None:
    """Let go of whatever else is logged in to an account, under another pseudonym or on another device."""
    here = [other for other in chat.world.present.get(account.id, ()) if isinstance(other, Client)]
    for other in here:
        # The one that carries the person goes last, so that nothing is carried over in vain.
        for device in reversed(other.connections):
            if device is not chat.connection or other is not person:
                replace(chat, device, by=chat.connection)


def host_of(chat: Chat, device: Client) -> str:
    """Give the host of the network that a device of an account is on, as others see it."""
    return hosts.labelled(chat.host(device.address[0]), is_member=True)


def way(device: Client) -> str:
    """Say how a device is connected."""
    return "TLS" if device.is_secure else "plain"
