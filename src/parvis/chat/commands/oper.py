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

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:
    """Have the password checked off the loop; the connection's later lines wait for it, nobody else does."""
    address = chat.connection.address_key
    now_s = chat.clock.steady_s()
    failures = chat.failed_opers.count(address, now_s, FORGIVEN_AFTER_S)
    verdict = gates.login(failures, FAILURES_MAX, FORGIVEN_AFTER_S)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
        return
    chat.failed_opers.add(address, now_s, FORGIVEN_AFTER_S)
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
        chat.failed_opers.forget(connection.address_key)
        log.warning("operator logged in", session=client.session.hex(), operator=operator.name)
        chat.numeric(client, n.RPL_YOUREOPER)
        mode.set_user_modes(chat, client, client.modes | OPERATOR)
