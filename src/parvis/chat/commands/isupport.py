"""ISUPPORT: what the server can do, asked again. Source: IRCv3 draft/extended-isupport; modern IRC, "RPL_ISUPPORT"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:  # noqa: ARG001 - it has no parameters
    """Show the tokens."""
    for tokens in chat.isupport:
        chat.answer(client, f"{n.RPL_ISUPPORT} {client.nick} {tokens} :are supported by this server")
