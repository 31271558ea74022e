"""KILL: an operator closes somebody's connection. Source: modern IRC, "KILL"."""

import structlog

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.wire import cut
from parvis.model.verdicts import Refused
from parvis.policy import gates

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:
    """Close it with a reason, which is required: no sanction without one (DESIGN, promise 3)."""
    verdict = gates.operate(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
        return
    if len(line.params) < 2 or not line.params[1]:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "KILL")
        return
    target = chat.person(line.params[0])
    if not isinstance(target, Client):
        chat.numeric(client, n.ERR_NOSUCHNICK, line.params[0] or "*")
        return
    reason = cut(line.params[1], chat.settings.kick_bytes)
    log.warning("connection closed by an operator", by=client.session.hex(), session=target.session.hex())
    chat.leave_whole(
        target,
        f"Killed ({client.nick} ({reason}))",
        told=f"Closing link: closed by the operator {client.nick}: {reason}",
        by=client,
    )
