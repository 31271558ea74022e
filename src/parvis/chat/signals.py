"""A keyed daily signal of the network that somebody comes from: enough to see for a few days that two ids share it.

Rule 1: a signal is an HMAC of the network (`cloaks.network_of`) under a random key of one day. The key is kept for
`KEPT_DAYS` and destroyed then: no signal can be compared with anything after that, by nobody.
Rule 2: a shared network is a hint, never who somebody is: a school has one. What follows from it is friction that
ends by itself, or that somebody else does the work; never a sanction.
"""

from hmac import compare_digest, digest
from typing import Final

from parvis.chat.client import Client
from parvis.chat.cloaks import network_of
from parvis.chat.service import Chat
from parvis.chat.signal_keys import Signal
from parvis.model.kept import KeptKind, KeptSignalKey, keep

DAY_MS: Final = 86_400_000
KEPT_DAYS: Final = 8
"""For how many days, today among them, signals can be compared: seven whole days from any moment."""
KEY_BYTES: Final = 32
SIGNAL_BYTES: Final = 16


def of(chat: Chat, client: Client) -> Signal:
    """Give today's signal of the network that a connection comes from."""
    day = chat.now_ms // DAY_MS
    key = chat.signals.keys.get(day)
    if key is None:
        key = chat.signals.keys[day] = chat.chance.secret(KEY_BYTES)
        chat.keep_value(keep(KeptKind.SIGNAL_KEY, day.to_bytes(4, "big"), KeptSignalKey(key=key)))
    return Signal(day, _value(key, client))


def same(chat: Chat, signal: Signal, client: Client) -> bool:
    """Tell whether a connection comes from the network of a signal; once its key is gone, it does not."""
    key = chat.signals.keys.get(signal.day)
    return key is not None and compare_digest(_value(key, client), signal.value)


def sweep(chat: Chat) -> None:
    """Destroy the keys whose days are over. Once a day at least."""
    today = chat.now_ms // DAY_MS
    for day in [day for day in chat.signals.keys if day + KEPT_DAYS <= today]:
        del chat.signals.keys[day]
        chat.keep_value(keep(KeptKind.SIGNAL_KEY, day.to_bytes(4, "big"), None))


def _value(key: bytes, client: Client) -> bytes:
    return digest(key, b"parvis-network\0" + network_of(client.address[0]).encode(), "sha256")[:SIGNAL_BYTES]
