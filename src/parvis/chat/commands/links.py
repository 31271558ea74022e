"""LINKS: which servers this one is linked to: none, since one that is alone has nothing to list.

What it is called and what it is for are told by VERSION, INFO and WHOIS. Source: modern IRC, "LINKS"; RFC 2812,
section 3.4.5.
"""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """End the empty list, under the mask that was asked for, which is the last parameter."""
    chat.numeric(client, n.RPL_ENDOFLINKS, (line.params[-1] if line.params else "") or "*")
