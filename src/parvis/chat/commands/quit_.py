"""QUIT: leave the server. Source: modern IRC, "QUIT"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Tell the rooms, answer ERROR, close."""
    reason = line.params[0] if line.params else ""
    if len(reason.encode()) > chat.settings.kick_bytes:
        # Who goes can be told nothing, and go they must: what would be cut is left out.
        reason = ""
    chat.leave(client, f"Quit: {reason}" if reason else "Quit", told="Closing link: you have quit")
    chat.drop_answer()
