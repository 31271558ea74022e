"""PART: leave rooms. Source: modern IRC, "PART"."""

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.limits import BODY_BYTES_MAX, ROOMS_PER_LINE
from parvis.irc.line import Line
from parvis.model import events as e
from parvis.model.records import RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import ACCEPTED, Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Leave each room, with a reason if one is given."""
    reason = line.params[1] if len(line.params) > 1 else ""
    verdict = gates.text("This reason", len(reason.encode()), chat.settings.kick_bytes)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    names = list(dict.fromkeys(line.params[0].split(",")))
    for at, name in enumerate(names):
        if at >= ROOMS_PER_LINE:
            chat.numeric(client, n.ERR_TOOMANYTARGETS, name)
            continue
        room = chat.known_room(client, name)
        if room is None:
            chat.numeric(client, n.ERR_NOSUCHCHANNEL, name or "*")
            continue
        verdict = gates.part(client, room)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_NOTONCHANNEL, room.name, verdict=verdict)
            continue
        verdict = gates.relayed_line(len(_body(client, room, reason)), BODY_BYTES_MAX - 2)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
            continue
        word = gates.parting_word(client, room, reason) if reason else ACCEPTED
        leave_room(chat, client, room, "" if isinstance(word, Refused) else reason)
        if isinstance(word, Refused):
            chat.note("PART", "REASON_LEFT_OUT", room.name, word.told)


def leave_room(chat: Chat, client: Client, room: Room, reason: str) -> None:
    """Take somebody out of a room they are in; everybody there reads of it, they too."""
    body = _body(client, room, reason)
    chat.fence()
    audience = audiences.of_witnesses(room, client)
    chat.apply(e.Parted(client, room))
    chat.happen(RecordKind.PARTED, client, room.id, body, audience)


def _body(client: Client, room: Room, reason: str) -> bytes:
    body = b":%b PART %b" % (client.prefix, room.name.encode())
    return b"%b :%b" % (body, reason.encode()) if reason else body
