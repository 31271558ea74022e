"""JOIN: come into rooms, or open them. Source: modern IRC, "JOIN"; IRCv3 extended-join, no-implicit-names."""

from parvis.chat import audience as audiences
from parvis.chat import history, rooms, safety
from parvis.chat.client import Client
from parvis.chat.commands import markread, metadata, names, part, topic
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import AWAY_NOTIFY, EXTENDED_JOIN, NO_IMPLICIT_NAMES, READ_MARKER
from parvis.irc.casemapping import fold
from parvis.irc.limits import ROOMS_PER_LINE
from parvis.irc.line import Line
from parvis.irc.names import is_room
from parvis.irc.spans import write_span
from parvis.irc.wire import cut_body, tag_data
from parvis.model import events as e
from parvis.model.acts import ActKind
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
    Ground.NAME_UNFIT: n.ERR_BADCHANNAME,
    Ground.NAME_ALIKE: n.ERR_BADCHANNAME,
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
    elif room is None and not isinstance(verdict, Refused):
        verdict = gates.open_room(client, name, next(chat.world.room_looks.alike(name, chat.world.rooms), None))
    if isinstance(verdict, Refused):
        chat.refuse(client, _NUMERIC[verdict.ground], room.name if room else name, verdict=verdict)
        return
    kind = ActKind.OPEN_ROOM if room is None else ActKind.JOIN
    if safety.stops(chat, client, kind, "JOIN", room.name if room else name, room=room, text=name):
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
    raw_id, message_id = chat.chance.message_id()
    body = _line(client, room)
    chat.record(RecordKind.JOINED, client, room.id, body, raw_id)
    people = audiences.witnesses(room, client)
    audience = audiences.of_witnesses(room, client)
    asked = [each for _, group in audience.groups for each in group if each.capabilities & EXTENDED_JOIN]
    if asked:
        extended = audiences.Audience((), further=asked)
        chat.show(client, _extended_line(client, room), extended, message_id)
        audience = audiences.Audience(people, without=EXTENDED_JOIN)
    chat.show(client, body, audience, message_id)
    if client.away:
        audience = audiences.with_capability(people, AWAY_NOTIFY, but=client)
        chat.show(client, b":%b AWAY :%b" % (client.prefix, client.away.encode()), audience)
    if standing:
        rooms.tell_rank(chat, room, client, standing, given=True)
    chat.on_each_device(client, lambda: _show_room(chat, client, room))
    metadata.tell_of_newcomer(chat, client, room)


def _show_room(chat: Chat, client: Client, room: Room) -> None:
    if room.topic:
        topic.tell(chat, client, room)
    if chat.connection.capabilities & READ_MARKER:
        markread.tell(chat, client, room.name, room.folded)
    if not chat.connection.capabilities & NO_IMPLICIT_NAMES:
        names.tell(chat, client, room)
    metadata.tell_of_room(chat, client, room)
    seconds = history.visible_s(chat, room)
    if seconds and chat.settings.history_enabled:
        span = write_span(seconds)
        text = f"Whoever comes into {room.name} can read what was said here in the last {span}."
        chat.answer(f"NOTE JOIN HISTORY_VISIBLE {room.name} {span} :{text}")


def show_own(chat: Chat, client: Client, room: Room) -> None:
    """Show a room that somebody is in to a device of theirs that is new: to its connection alone, as if it joined."""
    connection = chat.connection
    is_extended = bool(connection.capabilities & EXTENDED_JOIN)
    body = _extended_line(client, room) if is_extended else _line(client, room)
    chat.echo(tag_data(connection.signature, chat.now_ms, "", "", client.account), body)
    _show_room(chat, client, room)


def _line(client: Client, room: Room) -> bytes:
    return b":%b JOIN %b" % (client.prefix, room.name.encode())


def _extended_line(client: Client, room: Room) -> bytes:
    """Write JOIN with account and real name, for those who asked. Source: IRCv3 extended-join."""
    return cut_body(b"%b %b" % (_line(client, room), f"{client.account or '*'} :{client.real_name}".encode()))
