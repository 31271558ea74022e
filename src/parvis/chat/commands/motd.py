"""MOTD: the message of the day. Source: modern IRC, "MOTD"."""

from parvis.chat.client import Client
from parvis.chat.commands.here import is_here
from parvis.chat.service import Chat
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show it; of another server there is none."""
    if is_here(chat, client, line.params):
        chat.answer_prepared(client, chat.motd)
