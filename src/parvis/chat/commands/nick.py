"""NICK: take a pseudonym, or another one. Source: modern IRC, "NICK"."""

from parvis.chat import audience as audiences
from parvis.chat import registration, sanctions
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Take the pseudonym if it is free and fit; everybody who shares a room reads of it."""
    wanted = line.params[0] if line.params else ""
    if not wanted:
        chat.numeric(client, n.ERR_NONICKNAMEGIVEN)
        return
    greeting = client.greeting
    bearer = None if greeting is not None else client
    verdict = gates.name(wanted, chat.person(wanted), bearer, chat.settings.nick_bytes)
    if isinstance(verdict, Refused):
        unfit = verdict.ground is Ground.NAME_UNFIT
        chat.refuse(client, n.ERR_ERRONEUSNICKNAME if unfit else n.ERR_NICKNAMEINUSE, wanted, verdict=verdict)
        return
    if greeting is not None:
        greeting.nick = wanted
        registration.go_on(chat, client)
        return
    if wanted == client.nick:
        return
    verdict = gates.change_name(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_CANNOTSENDTOCHAN, client.nick, verdict=verdict)
        return
    verdict = sanctions.take_name(chat, client, wanted)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_ERRONEUSNICKNAME, wanted, verdict=verdict)
        return
    body = b":%b NICK :%b" % (client.prefix, wanted.encode())
    chat.fence()
    audience = audiences.Audience({**audiences.neighbours(client), client: None})
    rooms = client.rooms
    chat.apply(e.Renamed(client, wanted, fold(wanted)))
    chat.happen(RecordKind.NAMED, client, PRESENCE, body, audience, rooms)
