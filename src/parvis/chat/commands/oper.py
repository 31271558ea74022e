"""OPER: log in as an operator of the server. Source: modern IRC, "OPER"."""

from functools import partial

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

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:
    """Have the password checked off the loop; the connection's later lines wait for it, nobody else does."""
    name, password = line.params[0], line.params[1]
    label = chat.label
    chat.park(client)
    chat.drop_answer()
    chat.check_password(name, password, partial(_checked, chat, client, label))


def _checked(chat: Chat, client: Client, label: str | None, operator: Operator | None) -> None:
    chat.turn.begin()
    if client.gone:
        return
    chat.begin_labelled(client, label)
    verdict = gates.password(is_right=operator is not None)
    if isinstance(verdict, Refused):
        log.warning("failed operator login", session=client.session.hex())
        chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
    elif operator is not None:
        log.warning("operator logged in", session=client.session.hex(), operator=operator.name)
        chat.numeric(client, n.RPL_YOUREOPER)
        mode.set_user_modes(chat, client, client.modes | OPERATOR)
    chat.end_answer(client)
    chat.unpark(client)
