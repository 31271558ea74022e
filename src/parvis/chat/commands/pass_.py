"""PASS: the password of the server, before entering. Source: modern IRC, "PASS"."""

from hmac import compare_digest

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Note whether the password is right; what comes of it is decided when NICK and USER have come."""
    if client.greeting is None:
        chat.numeric(client, n.ERR_ALREADYREGISTERED)
        return
    client.greeting.password_is_right = compare_digest(line.params[0].encode(), chat.settings.password.encode())
