"""Which words name this server: commands take one as the server that is asked.

Source: modern IRC, "VERSION": the name of a server, wildcards allowed, or of somebody who is connected to it.
"""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.irc import numerics as n


def is_here(chat: Chat, client: Client, params: list[str], at: int = 0) -> bool:
    """Tell whether the server asked for is this one, or none is named; answer that there is no such server if not."""
    if len(params) <= at or masks.matches(params[at], chat.settings.server) or chat.person(params[at]) is not None:
        return True
    chat.numeric(client, n.ERR_NOSUCHSERVER, params[at] or "*")
    return False
