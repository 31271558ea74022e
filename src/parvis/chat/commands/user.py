"""USER: who one says one is, before entering. Source: modern IRC, "USER"."""

from parvis.chat import registration
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.wire import cut


def run(chat: Chat, client: Client, line: Line) -> None:
    """Note the user name and the real name."""
    greeting = client.greeting
    if greeting is None:
        chat.numeric(client, n.ERR_ALREADYREGISTERED)
        return
    user, real_name = line.params[0], line.params[3]
    if not user or not real_name:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "USER")
        return
    greeting.user = user
    greeting.real_name = cut(real_name, chat.settings.real_name_bytes)
    registration.go_on(chat, client)
