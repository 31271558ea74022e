"""PONG: I am here. Source: modern IRC, "PONG"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Nothing to do: whatever arrives shows that the connection lives (`intake.py`). A label is acknowledged."""
