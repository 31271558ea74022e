"""OPER: log in as an operator of the server. Source: modern IRC, "OPER"."""

from functools import partial
from typing import Final

import structlog

from parvis.chat.client import Client
from parvis.chat.commands import mode
from parvis.chat.service import Chat
from parvis.chat.settings import Operator
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.person import OPERATOR
from parvis.model.verdicts import Refused
from parvis.policy import gates

FAILURES_MAX: Final = 5
"""Wrong passwords from one address after which no more are checked for a while; ours."""
FORGIVEN_AFTER_S: Final = 600.0
"""How long wrong passwords count, from the last; ours."""
CHECK_S_MAX: Final = 10.0
"""Longest wait of a connection for its password to be checked; ours, a hundred times what a check takes."""
ADDRESSES_KEPT: Final = 4096
"""Addresses whose wrong passwords are remembered; the oldest are forgotten first. Ours."""

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:
    """Have the password checked off the loop; the connection's later lines wait for it, nobody else does."""
    verdict = gates.login(_failures(chat, client), FAILURES_MAX)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
        return
    # Counted before it is checked, so that many connections at once do not get many tries.
    _count_failure(chat, client)
    attempt = _Attempt(client, chat.label)
    chat.park(client)
    chat.drop_answer()
    chat.check_password(line.params[0], line.params[1], partial(_checked, chat, attempt))
    chat.clock.later(CHECK_S_MAX, partial(_given_up, chat, attempt))


class _Attempt:
    """One login that waits for its password to be checked."""

    __slots__ = ("client", "is_answered", "label")

    def __init__(self, client: Client, label: str | None) -> None:
        self.client = client
        self.label = label
        self.is_answered = False

    def may_be_answered(self, chat: Chat) -> bool:
        """Begin the answer, unless it was given or nobody is there to read it."""
        chat.turn.begin()
        if self.is_answered or self.client.gone:
            return False
        self.is_answered = True
        chat.begin_labelled(self.client, self.label)
        return True


def _given_up(chat: Chat, attempt: _Attempt) -> None:
    client = attempt.client
    if attempt.may_be_answered(chat):
        chat.fail(client, "OPER", "NOT_CHECKED", "The password could not be checked in time. Try again in a moment.")
        chat.end_answer(client)
        chat.unpark(client)


def _checked(chat: Chat, attempt: _Attempt, operator: Operator | None) -> None:
    client = attempt.client
    if not attempt.may_be_answered(chat):
        return
    verdict = gates.password(is_right=operator is not None)
    if isinstance(verdict, Refused):
        log.warning("failed operator login", session=client.session.hex())
        chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
    elif operator is not None:
        chat.failed_logins.pop(client.address_key, None)
        log.warning("operator logged in", session=client.session.hex(), operator=operator.name)
        chat.numeric(client, n.RPL_YOUREOPER)
        mode.set_user_modes(chat, client, client.modes | OPERATOR)
    chat.end_answer(client)
    chat.unpark(client)


def _failures(chat: Chat, client: Client) -> int:
    """Count the wrong passwords of an address. Who is exempt from limits per address has no address to count."""
    count, last_s = chat.failed_logins.get(client.address_key, (0, 0.0))
    return count if client.address_key and chat.clock.steady_s() - last_s < FORGIVEN_AFTER_S else 0


def _count_failure(chat: Chat, client: Client) -> None:
    if not client.address_key:
        return
    count = _failures(chat, client)
    chat.failed_logins.pop(client.address_key, None)
    if len(chat.failed_logins) >= ADDRESSES_KEPT:
        del chat.failed_logins[next(iter(chat.failed_logins))]
    chat.failed_logins[client.address_key] = (count + 1, chat.clock.steady_s())
