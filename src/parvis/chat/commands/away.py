"""AWAY: say that one is not at the keyboard. Source: modern IRC, "AWAY"; IRCv3 away-notify, draft/pre-away."""

from typing import Final

from parvis.chat.client import Client
from parvis.chat.commands.user import cut
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import AWAY_NOTIFY, PRE_AWAY
from parvis.irc.line import Line
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind

NO_PERSON: Final = "*"
"""An away message that says that the client came by itself, and nobody is in front of it."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Go away with a word, or come back without one. Before entering: note how one will enter."""
    message = cut(line.params[0], chat.settings.away_bytes) if line.params else ""
    code = n.RPL_NOWAWAY if message else n.RPL_UNAWAY
    greeting = client.greeting
    if greeting is not None:
        if not client.capabilities & PRE_AWAY:
            chat.numeric(client, n.ERR_NOTREGISTERED)
            return
        greeting.away = message
    elif message != client.away and not (message == NO_PERSON and client.devices):
        # With several devices, that nobody is at one of them says nothing of the person.
        go_away(chat, client, message)
        chat.tell_devices(client, code)
    chat.numeric(client, code)


def go_away(chat: Chat, client: Client, message: str) -> None:
    """Set or clear somebody's away message; who is concerned and asked for it reads of it."""
    chat.apply(e.AwaySet(client, message))
    body = b":%b AWAY" % client.prefix
    if message:
        body += b" :%b" % message.encode()
    audience = chat.watching.concerned(client, AWAY_NOTIFY, but=client)
    chat.happen(RecordKind.AWAY, client, PRESENCE, body, audience)
