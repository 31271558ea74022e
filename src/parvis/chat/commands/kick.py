"""KICK: put members out of a room. Source: modern IRC, "KICK"."""

from parvis.chat import audience as audiences
from parvis.chat import roll_call
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.model import events as e
from parvis.model.records import RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

_NUMERIC = {
    Ground.NOT_A_MEMBER: n.ERR_NOTONCHANNEL,
    Ground.NOT_A_HOST: n.ERR_CHANOPRIVSNEEDED,
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """Put each named member out, with a reason; without one the reason is the host's name.

    One room and many people, or as many rooms as people, in pairs (RFC 2812, section 3.2.8).
    """
    names = [name for name in line.params[0].split(",") if name]
    nicks = [nick for nick in line.params[1].split(",") if nick]
    if len(nicks) > chat.settings.targets:
        chat.numeric(client, n.ERR_TOOMANYTARGETS, line.params[1])
        return
    if len(names) not in (1, len(nicks)) or not nicks:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "KICK")
        return
    reason = (line.params[2] if len(line.params) > 2 else "") or client.nick
    verdict = gates.text("This reason", len(reason.encode()), chat.settings.kick_bytes)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    for at, nick in enumerate(nicks):
        name = names[at if len(names) > 1 else 0]
        room = chat.known_room(client, name)
        if room is None:
            chat.numeric(client, n.ERR_NOSUCHCHANNEL, name)
            if len(names) == 1:
                return
        else:
            _kick(chat, client, room, nick, reason)


def _kick(chat: Chat, client: Client, room: Room, nick: str, reason: str) -> None:
    target = chat.person(nick)
    if target is None:
        verdict = gates.kick(client, client, room)
        if isinstance(verdict, Refused):
            chat.refuse(client, _NUMERIC[verdict.ground], room.name, verdict=verdict)
        else:
            chat.numeric(client, n.ERR_USERNOTINCHANNEL, nick, room.name)
        return
    verdict = gates.kick(client, target, room)
    if isinstance(verdict, Refused):
        if verdict.ground is Ground.TARGET_ELSEWHERE:
            chat.refuse(client, n.ERR_USERNOTINCHANNEL, target.nick, room.name, verdict=verdict)
        else:
            chat.refuse(client, _NUMERIC[verdict.ground], room.name, verdict=verdict)
        return
    body = b":%b %b" % (client.prefix, f"KICK {room.name} {target.nick} :{reason}".encode())
    verdict = gates.relayed_line(len(body), BODY_BYTES_MAX - 2)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    chat.fence()
    audience = audiences.of_room(room)
    if "u" in room.flags:
        # Who puts somebody out reads of it, with or without a rank that shows everybody.
        audience = audiences.Audience({**dict.fromkeys(audiences.witnesses(room, target)), client: None})
    chat.apply(e.Parted(target, room))
    chat.happen(RecordKind.KICKED, client, room.id, body, audience)
    roll_call.tell_moved(chat, target)
