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
    tell(chat, client)


def tell(chat: Chat, client: Client) -> None:
    """Show the message of the day, or say that there is none."""
    if not chat.settings.motd:
        chat.numeric(client, n.ERR_NOMOTD)
        return
    chat.numeric(client, n.RPL_MOTDSTART, f"- {chat.settings.server} Message of the day -")
    for text in chat.settings.motd:
        chat.numeric(client, n.RPL_MOTD, f"- {text}")
    chat.numeric(client, n.RPL_ENDOFMOTD)
