"""AWAY: say that one is not at the keyboard. Source: modern IRC, "AWAY"; IRCv3 away-notify, draft/pre-away."""

from typing import Final

from parvis.chat import safety
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import AWAY_NOTIFY, PRE_AWAY
from parvis.irc.line import Line
from parvis.irc.wire import space_after
from parvis.model import events as e
from parvis.model.acts import ActKind
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates

NO_PERSON: Final = "*"
"""An away message that says that the client came by itself, and nobody is in front of it."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Go away with a word, or come back without one. Before entering: note how one will enter."""
    message = line.params[0] if line.params else ""
    greeting = client.greeting
    if greeting is not None and not client.capabilities & PRE_AWAY:
        chat.numeric(client, n.ERR_NOTREGISTERED)
        return
    # It has to fit into RPL_AWAY too, between the longest pseudonyms.
    head = f":{chat.settings.server} {n.RPL_AWAY} {'x' * chat.settings.nick_bytes} {'x' * chat.settings.nick_bytes} :"
    most = min(chat.settings.away_bytes, space_after(head.encode()))
    verdict = gates.text("This message", len(message.encode()), most)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    code = n.RPL_NOWAWAY if message else n.RPL_UNAWAY
    if greeting is not None:
        greeting.away = message
        chat.numeric(client, code)
        return
    if message == NO_PERSON and client.devices:
        # With several devices, that nobody is at one of them says nothing of the person.
        chat.numeric(client, code)
        return
    if message and safety.stops(chat, client, ActKind.AWAY, "AWAY", "*", text=message):
        return
    go_away(chat, client, message)
    chat.on_each_device(client, lambda: chat.numeric(client, code))


def go_away(chat: Chat, client: Client, message: str) -> None:
    """Set or clear somebody's away message; who is concerned and asked for it reads of it."""
    if message == client.away:
        return
    chat.apply(e.AwaySet(client, message))
    body = b":%b AWAY" % client.prefix
    if message:
        body += b" :%b" % message.encode()
    audience = chat.watching.concerned(client, AWAY_NOTIFY, but=client)
    chat.happen(RecordKind.AWAY, client, PRESENCE, body, audience)
