"""ISUPPORT: what the server can do, asked again. Source: IRCv3 draft/extended-isupport; modern IRC, "RPL_ISUPPORT"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:  # noqa: ARG001 - it has no parameters
    """Show the tokens."""
    chat.answer_prepared(client, chat.isupport)
