"""NICK: take a pseudonym, or another one. Source: modern IRC, "NICK"."""

from parvis.chat import naming, registration, safety, sanctions
from parvis.chat.client import Client
from parvis.chat.renaming import rename
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.acts import ActKind
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Take the pseudonym if it is free and fit; everybody who shares a room reads of it."""
    wanted = line.params[0] if line.params else ""
    if not wanted:
        chat.numeric(client, n.ERR_NONICKNAMEGIVEN)
        return
    greeting = client.greeting
    verdict = naming.verdict(chat, chat.connection, wanted)
    # Who still negotiates may yet say who they are, by a token or a login; `registration.go_on` asks again.
    is_early = greeting is not None and greeting.negotiating
    if isinstance(verdict, Refused) and (verdict.ground is Ground.NAME_UNFIT or not is_early):
        if greeting is not None and verdict.ground is not Ground.NAME_UNFIT:
            greeting.refused_nick = wanted
        naming.refuse(chat, client, wanted, verdict)
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
    verdict = naming.pace(chat, client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NICKTOOFAST, wanted, verdict=verdict)
        return
    if safety.stops(chat, client, ActKind.NAME, "NICK", wanted, text=wanted):
        return
    rename(chat, client, wanted)
