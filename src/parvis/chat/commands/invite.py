"""INVITE: ask somebody into a room. Source: modern IRC, "INVITE", "RPL_INVITELIST"; IRCv3 invite-notify."""

from itertools import islice
from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import safety, silences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import INVITE_NOTIFY
from parvis.irc.line import Line
from parvis.irc.tags import BOT_TAG
from parvis.irc.wire import render
from parvis.model import events as e
from parvis.model.acts import ActKind
from parvis.model.person import BOT, OPERATOR, Person
from parvis.model.records import RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

LISTED_MAX: Final = 100
"""Most invitations that are listed, the newest; ours."""

_NUMERIC = {
    Ground.NOT_A_MEMBER: n.ERR_NOTONCHANNEL,
    Ground.NOT_A_HOST: n.ERR_CHANOPRIVSNEEDED,
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """Let somebody in once, and tell them; without parameters, list where one is let in."""
    if not line.params:
        _list(chat, client)
        return
    if len(line.params) < 2:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "INVITE")
        return
    target = chat.person(line.params[0])
    if target is None:
        chat.numeric(client, n.ERR_NOSUCHNICK, line.params[0] or "*")
        return
    room = chat.known_room(client, line.params[1])
    if room is None:
        chat.numeric(client, n.ERR_NOSUCHCHANNEL, line.params[1] or "*")
        return
    verdict = gates.invite(client, target, room)
    if isinstance(verdict, Refused):
        if verdict.ground is Ground.ALREADY_THERE:
            chat.refuse(client, n.ERR_USERONCHANNEL, target.nick, room.name, verdict=verdict)
        else:
            chat.refuse(client, _NUMERIC[verdict.ground], room.name, verdict=verdict)
        return
    if safety.stops(chat, client, ActKind.INVITE, "INVITE", target.nick, room=room, reader=target):
        return
    _invite(chat, client, target, room)
    chat.answer(f"{n.RPL_INVITING} {client.nick} {target.nick} {room.name}")
    if target.away:
        chat.numeric(client, n.RPL_AWAY, target.nick, target.away)


def _list(chat: Chat, client: Client) -> None:
    rooms = chat.world.invitations.get(client.session, {})
    for room in islice(reversed(rooms), LISTED_MAX):
        chat.answer(f"{n.RPL_INVITELIST} {client.nick} {room.name}")
    chat.numeric(client, n.RPL_ENDOFINVITELIST)


def _invite(chat: Chat, client: Client, target: Person, room: Room) -> None:
    body = b":%b %b" % (client.prefix, f"INVITE {target.nick} {room.name}".encode())
    raw_id, message_id = chat.chance.message_id()
    chat.record(RecordKind.INVITED, client, room.id, body, message_id=raw_id)
    if not silences.hides_person(chat, target, client):
        if not isinstance(gates.change_modes(client, room), Refused):
            # Only who runs the room lets somebody past its modes and bans; a member's invitation is a word.
            chat.apply(e.Invited(room, target))
        marks = (BOT_TAG if client.modes & BOT else "", client.account, bool(client.modes & OPERATOR))
        for reader in target.connections if isinstance(target, Client) else ():
            data = render(reader.signature, body, chat.now_ms, message_id, *marks)
            chat.turn.batch.tell((reader, data, None, None, None))
    others = [person for person in room.members if person is not client]
    # The connection that invites has its answer.
    devices = [each for each in client.connections if each.capabilities & INVITE_NOTIFY and each is not chat.connection]
    audience = audiences.Audience(others, INVITE_NOTIFY, devices)
    if audience.groups:
        # An audience of its own would be told out of the order of the room: so it begins a run.
        chat.fence()
        chat.show(client, body, audience, message_id)
