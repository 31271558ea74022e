"""ERROR from a client means nothing to a server. Source: modern IRC, "ERROR"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Say that it is not for clients."""
    chat.numeric(client, n.ERR_UNKNOWNCOMMAND, line.command)
