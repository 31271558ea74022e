"""TOPIC: see or set what a room is about. Source: modern IRC, "TOPIC"."""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import safety
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.wire import space_after
from parvis.model import events as e
from parvis.model.acts import ActKind
from parvis.model.records import RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

_MEMBERS_MOST: Final = 9_999_999
"""As many members as LIST has room for; ours."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the topic, or set it; an empty one takes it away."""
    room = chat.known_room(client, line.params[0])
    if room is None:
        chat.numeric(client, n.ERR_NOSUCHCHANNEL, line.params[0] or "*")
        return
    if len(line.params) == 1:
        if room.topic:
            tell(chat, client, room)
        else:
            chat.numeric(client, n.RPL_NOTOPIC, room.name)
        return
    verdict = gates.topic(client, room)
    if isinstance(verdict, Refused):
        numeric = n.ERR_NOTONCHANNEL if verdict.ground is Ground.NOT_A_MEMBER else n.ERR_CHANOPRIVSNEEDED
        chat.refuse(client, numeric, room.name, verdict=verdict)
        return
    head = b":%b TOPIC %b :" % (client.prefix, room.name.encode())
    text = line.params[1]
    # It has to fit behind the head of LIST too, whose reader may bear the longest pseudonym.
    listed = f":{chat.settings.server} {n.RPL_LIST} {'x' * chat.settings.nick_bytes} {room.name} {_MEMBERS_MOST} :"
    most = min(chat.settings.topic_bytes, space_after(head), space_after(listed.encode()))
    verdict = gates.text("This topic", len(text.encode()), most)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    if text == room.topic:
        # What changes nothing says nothing, as with modes.
        return
    if safety.stops(chat, client, ActKind.TOPIC, "TOPIC", room.name, room=room, text=text):
        return
    chat.apply(e.TopicSet(room, text, client.mask(), chat.now_ms))
    chat.keep(room)
    chat.happen(RecordKind.TOPIC, client, room.id, head + text.encode(), audiences.of_room(room))


def tell(chat: Chat, client: Client, room: Room) -> None:
    """Show the topic, who set it and when."""
    chat.numeric(client, n.RPL_TOPIC, room.name, room.topic)
    chat.answer(
        f"{n.RPL_TOPICWHOTIME} {client.nick} {room.name} {room.topic_set_by} {room.topic_set_at_ms // 1000}",
    )
