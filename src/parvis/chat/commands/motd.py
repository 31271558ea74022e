"""MOTD: the message of the day. Source: modern IRC, "MOTD"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show it; of another server there is none."""
    if line.params and not masks.matches(line.params[0], chat.settings.server) and line.params[0] != client.nick:
        chat.numeric(client, n.ERR_NOSUCHSERVER, line.params[0])
        return
    chat.answer_prepared(client, chat.motd)
