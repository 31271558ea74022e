"""ADMIN: who runs the server, and where to write to them. Source: modern IRC, "ADMIN"."""

from parvis.chat.client import Client
from parvis.chat.commands.here import is_here
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line

_ROWS = (n.RPL_ADMINLOC1, n.RPL_ADMINLOC2, n.RPL_ADMINEMAIL)


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the lines that the operator wrote; the last of them is the address."""
    if not is_here(chat, client, line.params):
        return
    lines = chat.settings.admin
    if not lines:
        chat.numeric(client, n.ERR_NOADMININFO, chat.settings.server)
        return
    chat.numeric(client, n.RPL_ADMINME, chat.settings.server)
    for code, text in zip(_ROWS[-len(lines) :], lines, strict=True):
        chat.numeric(client, code, text)
