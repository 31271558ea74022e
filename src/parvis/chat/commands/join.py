"""JOIN: come into rooms, or open them. Source: modern IRC, "JOIN"."""

from parvis.chat import audience as audiences
from parvis.chat import history, rooms
from parvis.chat.client import Client
from parvis.chat.commands import markread, names, part, topic
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import AWAY_NOTIFY, READ_MARKER
from parvis.irc.casemapping import fold
from parvis.irc.limits import ROOMS_PER_LINE
from parvis.irc.line import Line
from parvis.irc.names import is_room
from parvis.irc.spans import write_span
from parvis.model import events as e
from parvis.model.ids import ConversationId
from parvis.model.records import RecordKind
from parvis.model.room import HOST, NEW_ROOM_FLAGS, Room
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

_NUMERIC = {
    Ground.INVITATION_ONLY: n.ERR_INVITEONLYCHAN,
    Ground.BANNED: n.ERR_BANNEDFROMCHAN,
    Ground.WRONG_KEY: n.ERR_BADCHANNELKEY,
    Ground.NO_ACCOUNT: n.ERR_NEEDREGGEDNICK,
    Ground.ROOM_FULL: n.ERR_CHANNELISFULL,
    Ground.TOO_MANY_ROOMS: n.ERR_TOOMANYCHANNELS,
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """Come into each room; `JOIN 0` leaves them all."""
    if line.params[0] == "0":
        for room in client.rooms:
            part.leave_room(chat, client, room, "")
        return
    keys = line.params[1].split(",") if len(line.params) > 1 else []
    wanted = [name for name in line.params[0].split(",") if name]
    if not wanted:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "JOIN")
    for at, name in enumerate(wanted):
        if at >= ROOMS_PER_LINE:
            chat.numeric(client, n.ERR_TOOMANYTARGETS, name)
            continue
        _join(chat, client, name, keys[at] if at < len(keys) else "")


def _join(chat: Chat, client: Client, name: str, key: str) -> None:
    if not is_room(name, chat.settings.room_bytes):
        chat.numeric(client, n.ERR_NOSUCHCHANNEL, name)
        return
    room = chat.room(name)
    if room is not None and client in room.members:
        return
    verdict = gates.one_more_room(client, chat.settings.rooms_per_session)
    if room is not None and not isinstance(verdict, Refused):
        verdict = gates.join(client, room, key)
    if isinstance(verdict, Refused):
        chat.refuse(client, _NUMERIC[verdict.ground], room.name if room else name, verdict=verdict)
        return
    chat.fence()
    standing = 0
    if room is not None:
        rank = standing = room.standing(client.identity)
    else:
        folded = fold(name)
        chat.apply(e.RoomOpened(ConversationId(chat.chance.opaque_id()), name, folded, NEW_ROOM_FLAGS, chat.now_ms))
        room = chat.world.rooms[folded]
        rank = HOST
    chat.apply(e.Joined(client, room, rank))
    _tell(chat, client, room, standing)


def _tell(chat: Chat, client: Client, room: Room, standing: int) -> None:
    body = b":%b JOIN %b" % (client.prefix, room.name.encode())
    chat.happen(RecordKind.JOINED, client, room.id, body, audiences.of_witnesses(room, client))
    if client.away:
        audience = audiences.with_capability(audiences.witnesses(room, client), AWAY_NOTIFY, but=client)
        chat.show(None, b":%b AWAY :%b" % (client.prefix, client.away.encode()), audience)
    if standing:
        rooms.tell_rank(chat, room, client, standing, given=True)
    if room.topic:
        topic.tell(chat, client, room)
    for connection in client.connections:
        if connection is not chat.connection:
            markread.tell_device(chat, connection, room.name, room.folded)
        elif connection.capabilities & READ_MARKER:
            markread.tell(chat, client, room.name, room.folded)
    names.tell(chat, client, room)
    seconds = history.visible_s(chat, room)
    if seconds and chat.settings.history_enabled:
        span = write_span(seconds)
        text = f"Whoever comes into {room.name} can read what was said here in the last {span}."
        chat.answer(f"NOTE JOIN HISTORY_VISIBLE {room.name} {span} :{text}")
