"""PART: leave rooms. Source: modern IRC, "PART"."""

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.wire import cut, cut_body
from parvis.model import events as e
from parvis.model.records import RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Leave each room, with a reason if one is given."""
    reason = cut(line.params[1], chat.settings.kick_bytes) if len(line.params) > 1 else ""
    for name in line.params[0].split(","):
        room = chat.room(name)
        if room is None:
            chat.numeric(client, n.ERR_NOSUCHCHANNEL, name or "*")
            continue
        verdict = gates.part(client, room)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_NOTONCHANNEL, room.name, verdict=verdict)
            continue
        leave_room(chat, client, room, reason)


def leave_room(chat: Chat, client: Client, room: Room, reason: str) -> None:
    """Take somebody out of a room they are in; everybody there reads of it, they too."""
    body = b":%b PART %b" % (client.prefix, room.name.encode())
    if reason:
        body = cut_body(b"%b :%b" % (body, reason.encode()))
    chat.fence()
    audience = audiences.of_room(room)
    chat.apply(e.Parted(client, room))
    chat.happen(RecordKind.PARTED, client, room.id, body, audience)
