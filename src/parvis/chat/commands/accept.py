"""ACCEPT: let guests write to oneself although one reads accounts alone (user mode R).

A list lasts as long as its owner is here. It holds identities: who takes an accepted guest's pseudonym is a stranger.
Source: the ACCEPT of ircd-hybrid and its followers: 281, 282, 456, 457, 458.
"""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.model import events as e
from parvis.model.ids import IdentityId
from parvis.model.person import ACCEPTED_MAX


def run(chat: Chat, client: Client, line: Line) -> None:
    """List the guests who were accepted, accept some, or with `-` in front no longer accept them."""
    given = [word for word in line.params[0].split(",") if word] if line.params else []
    if not given or given == ["*"]:
        for nick in chat.world.accepted.get(client.session, {}).values():
            chat.answer(f"{n.RPL_ACCEPTLIST} {client.nick} :{nick}")
        chat.numeric(client, n.RPL_ENDOFACCEPT)
        return
    for word in given:
        if word[0] == "-":
            _drop(chat, client, word[1:])
        else:
            _accept(chat, client, word.removeprefix("+"))


def _accept(chat: Chat, client: Client, nick: str) -> None:
    person = chat.person(nick)
    accepted = chat.world.accepted.get(client.session, {})
    if person is None:
        chat.numeric(client, n.ERR_NOSUCHNICK, nick or "*")
    elif person.identity in accepted:
        chat.numeric(client, n.ERR_ACCEPTEXIST, person.nick)
    elif len(accepted) >= ACCEPTED_MAX:
        chat.numeric(client, n.ERR_ACCEPTFULL)
    else:
        chat.apply(e.WriterAccepted(client.session, person.identity, person.nick, True))


def _drop(chat: Chat, client: Client, nick: str) -> None:
    """Take somebody off the list, by what they are called or were called when they were accepted."""
    writer = _listed(chat, client, nick)
    if writer is None:
        chat.numeric(client, n.ERR_ACCEPTNOT, nick or "*")
    else:
        chat.apply(e.WriterAccepted(client.session, writer, "", False))


def _listed(chat: Chat, client: Client, nick: str) -> IdentityId | None:
    accepted = chat.world.accepted.get(client.session, {})
    person = chat.person(nick)
    if person is not None and person.identity in accepted:
        return person.identity
    return next((each for each, name in accepted.items() if fold(name) == fold(nick)), None)
