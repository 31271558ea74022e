"""LINKS: which servers there are: this one. Source: modern IRC, "LINKS"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the server if it fits the mask, which is the last parameter (RFC 2812, section 3.4.5)."""
    mask = (line.params[-1] if line.params else "") or "*"
    server = chat.settings.server
    if masks.matches(mask, server):
        chat.numeric(client, n.RPL_LINKS, server, server, f"0 {chat.settings.description or 'Parvis'}")
    chat.numeric(client, n.RPL_ENDOFLINKS, mask)
