"""USERHOST: user and host of up to five people. Source: modern IRC, "USERHOST"."""

from parvis.chat.client import Client
from parvis.chat.commands.ison import one_line
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.person import OPERATOR

NICKS_MAX = 5
"""Most people asked for at once (RFC 2812, section 4.8)."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Answer for those who are present; the host is a cloak."""
    replies = []
    for nick in line.params[:NICKS_MAX]:
        person = chat.person(nick)
        if person is not None:
            star = "*" if person.modes & OPERATOR else ""
            sign = "-" if person.away else "+"
            replies.append(f"{person.nick}{star}={sign}{person.user}@{person.host}")
    chat.numeric(client, n.RPL_USERHOST, one_line(chat, client, replies))
