"""OPER: log in as an operator of the server. Source: modern IRC, "OPER"."""

from functools import partial
from typing import Final

import structlog

from parvis.chat.client import Client
from parvis.chat.commands import mode
from parvis.chat.service import Chat
from parvis.chat.settings import Operator
from parvis.chat.waiting import wait
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.person import OPERATOR
from parvis.model.verdicts import Refused
from parvis.policy import gates

FAILURES_MAX: Final = 5
"""Wrong passwords from one address after which no more are checked for a while; ours."""
FORGIVEN_AFTER_S: Final = 600.0
"""How long wrong passwords count, from the last; ours."""
ADDRESSES_KEPT: Final = 4096
"""Addresses whose wrong passwords are remembered; the oldest are forgotten first. Ours."""

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:
    """Have the password checked off the loop; the connection's later lines wait for it, nobody else does."""
    verdict = gates.login(failures(chat, chat.connection), FAILURES_MAX)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
        return
    # Counted before it is checked, so that many connections at once do not get many tries.
    count_failure(chat, chat.connection)
    name, password = line.params[0], line.params[1]
    find = chat.outside.find_operator
    wait(chat, "OPER", lambda: (find(name, password),), partial(_checked, chat))


def _checked(chat: Chat, connection: Client, found: tuple[Operator | None]) -> None:
    operator = found[0]
    client = connection.person
    verdict = gates.password(is_right=operator is not None)
    if isinstance(verdict, Refused):
        log.warning("failed operator login", session=client.session.hex())
        chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
    elif operator is not None:
        chat.failed_logins.pop(connection.address_key, None)
        log.warning("operator logged in", session=client.session.hex(), operator=operator.name)
        chat.numeric(client, n.RPL_YOUREOPER)
        mode.set_user_modes(chat, client, client.modes | OPERATOR)


def failures(chat: Chat, client: Client) -> int:
    """Count the wrong passwords of an address. Who is exempt from limits per address has no address to count."""
    count, last_s = chat.failed_logins.get(client.address_key, (0, 0.0))
    return count if client.address_key and chat.clock.steady_s() - last_s < FORGIVEN_AFTER_S else 0


def count_failure(chat: Chat, client: Client) -> None:
    """Count one wrong password more."""
    if not client.address_key:
        return
    count = failures(chat, client)
    chat.failed_logins.pop(client.address_key, None)
    if len(chat.failed_logins) >= ADDRESSES_KEPT:
        del chat.failed_logins[next(iter(chat.failed_logins))]
    chat.failed_logins[client.address_key] = (count + 1, chat.clock.steady_s())
