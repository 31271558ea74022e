"""QUIT: leave the server. Source: modern IRC, "QUIT"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.line import Line
from parvis.irc.wire import cut


def run(chat: Chat, client: Client, line: Line) -> None:
    """Tell the rooms, answer ERROR, close."""
    reason = cut(line.params[0], chat.settings.kick_bytes) if line.params else ""
    chat.leave(client, f"Quit: {reason}" if reason else "Quit", told="Closing link: you have quit")
    chat.drop_answer()
