"""TIME: what time it is here. Source: modern IRC, "TIME"."""

from time import gmtime, strftime

from parvis.chat.client import Client
from parvis.chat.commands.here import is_here
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Give the time in UTC, as seconds since 1970 for programs and in words for people."""
    if is_here(chat, client, line.params):
        now_s = chat.now_ms // 1000
        words = strftime("%a, %d %b %Y %H:%M:%S UTC", gmtime(now_s))
        chat.numeric(client, n.RPL_TIME, chat.settings.server, str(now_s), "0", words)
