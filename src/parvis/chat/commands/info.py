"""INFO: what this program is. Source: modern IRC, "INFO"."""

from parvis.chat.client import Client
from parvis.chat.commands.here import is_here
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Say what it is, what it promises, and since when it runs."""
    if not is_here(chat, client, line.params):
        return
    for text in (
        f"Parvis ({chat.settings.version}): a public chat, made answerable.",
        "Every message is sealed in an archive before anybody reads it. Nobody sees your address.",
        f"This server was started {chat.started}.",
    ):
        chat.numeric(client, n.RPL_INFO, text)
    chat.numeric(client, n.RPL_ENDOFINFO)
