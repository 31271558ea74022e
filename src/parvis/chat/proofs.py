"""Whether a password may be tried, and counting those that were wrong: per address, and per account.

Rule 1: a name without account is counted and answered as one with: neither tells whether there is such an account.
Rule 2: who fails elsewhere locks nobody out of where they log in from.
"""

from typing import Final

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.model.verdicts import Refused
from parvis.policy import gates

KNOWN_S: Final = 30 * 86_400.0
"""How long an address counts as one that the owner logs in from; ours. In memory alone: a restart forgets."""
NAME_CHARS_MAX: Final = 64
"""Longest part of a name that is counted: names are no longer."""


def refusal(chat: Chat, connection: Client, name: str) -> Refused | None:
    """Say why no password for an account may be tried from here now; None: it may."""
    settings, now_s = chat.settings, chat.clock.steady_s()
    window_s = settings.failed_logins_window_s
    address, account = connection.address_key, _key(name)
    failures = chat.failed_logins.count(address, now_s, window_s)
    verdict = gates.login(failures, settings.failed_logins_per_address, window_s)
    if isinstance(verdict, Refused):
        return verdict
    if chat.logged_in_from.count((account, address), now_s, KNOWN_S):
        return None
    failures = chat.failed_for.count(account, now_s, window_s)
    verdict = gates.login_to(failures, settings.failed_logins_per_account, window_s)
    return verdict if isinstance(verdict, Refused) else None


def count(chat: Chat, connection: Client, name: str) -> None:
    """Count a try as a failure, before it is known to be none."""
    now_s, window_s = chat.clock.steady_s(), chat.settings.failed_logins_window_s
    chat.failed_logins.add(connection.address_key, now_s, window_s)
    chat.failed_for.add(_key(name), now_s, window_s)


def went_well(chat: Chat, connection: Client, name: str) -> None:
    """Count a try that was counted as none after all."""
    chat.failed_logins.take_back(connection.address_key)
    chat.failed_for.take_back(_key(name))
    known(chat, connection, name)


def known(chat: Chat, connection: Client, name: str) -> None:
    """Remember where the owner of an account logs in from."""
    if connection.address_key:
        chat.logged_in_from.add((_key(name), connection.address_key), chat.clock.steady_s(), KNOWN_S)


def _key(name: str) -> str:
    return fold(name[:NAME_CHARS_MAX])
