"""KILL: an operator closes somebody's connection. Source: modern IRC, "KILL"."""

from parvis.chat import sanctions
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Close it with a reason, which is required: no sanction without one (DESIGN, promise 3)."""
    verdict = gates.operate(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
        return
    reason = line.params[1].strip() if len(line.params) > 1 else ""
    if not reason:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "KILL")
        return
    target = chat.person(line.params[0])
    if not isinstance(target, Client):
        chat.numeric(client, n.ERR_NOSUCHNICK, line.params[0] or "*")
        return
    verdict = gates.text("This reason", len(reason.encode()), chat.settings.kick_bytes)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    told = f"Closing link: closed by the operator {client.nick}: {reason}"
    # It is over at once: they may come back.
    sanctions.decided(chat, client, sanctions.new_name(chat), "kill", target.session.hex(), chat.now_ms, told)
    chat.leave_whole(target, f"Killed ({client.nick} ({reason}))", told=told, by=client)
