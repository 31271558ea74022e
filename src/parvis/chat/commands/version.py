"""VERSION: which program this is, and what it can do. Source: modern IRC, "VERSION"."""

from parvis.chat.client import Client
from parvis.chat.commands.here import is_here
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Name the version and the server, then show RPL_ISUPPORT."""
    if is_here(chat, client, line.params):
        settings = chat.settings
        chat.numeric(client, n.RPL_VERSION, settings.version, settings.server, settings.description or "Parvis")
        chat.answer_prepared(client, chat.isupport)
