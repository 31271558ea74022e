"""PING: are you there? Source: modern IRC, "PING"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Answer PONG: behind what was decided before it, unless that waits for long and nothing of one's own is in it."""
    if not line.params or not line.params[0]:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "PING")
        return
    chat.answer(f"PONG {chat.settings.server} :{line.params[0]}")
    chat.shows_no_state()
