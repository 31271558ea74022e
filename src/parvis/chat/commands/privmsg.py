"""PRIVMSG, NOTICE and TAGMSG: one message to rooms, to hosts of a room, or to people.

Source: modern IRC, "PRIVMSG", "NOTICE"; IRCv3 message-tags, "TAGMSG"; IRCv3 echo-message; STATUSMSG.
A NOTICE that cannot be delivered is answered too: no silence (DESIGN, promise 4); bots guard against loops by
never answering numerics and FAIL.
"""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat.audience import Audience
from parvis.chat.batch import Said
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from parvis.irc.limits import BODY_BYTES_MAX, TARGETS_MAX
from parvis.irc.line import Line
from parvis.irc.modes import MARKS
from parvis.irc.names import ROOM_PREFIX
from parvis.irc.tags import client_only, escape
from parvis.irc.wire import frame, render, tag_data
from parvis.model.person import Person
from parvis.model.records import RecordKind, Unsealed
from parvis.model.room import Room
from parvis.model.verdicts import ACCEPTED, Refused
from parvis.policy import gates

_KIND: Final = {
    "PRIVMSG": RecordKind.MESSAGE,
    "NOTICE": RecordKind.NOTICE,
    "TAGMSG": RecordKind.TAG_MESSAGE,
}
_LINE_MAX: Final = BODY_BYTES_MAX - 2
_TYPING: Final = frozenset({"active", "paused", "done"})


def run(chat: Chat, client: Client, line: Line) -> None:
    """Deliver a message to each target, or say for each why not."""
    params = line.params
    if not params:
        chat.numeric(client, n.ERR_NORECIPIENT, f"No recipient given ({line.command})")
        return
    tags = client_only(line.tags) if line.tags and client.capabilities & MESSAGE_TAGS else ""
    if line.command == "TAGMSG":
        if not tags:
            return
        text = None
    elif len(params) < 2 or not params[1]:
        chat.numeric(client, n.ERR_NOTEXTTOSEND)
        return
    else:
        text = params[1]
    if "," not in params[0]:
        _to_target(chat, client, line, params[0], text, tags, alone=True)
        return
    targets = list(dict.fromkeys(target for target in params[0].split(",") if target))
    if len(targets) > TARGETS_MAX:
        chat.numeric(client, n.ERR_TOOMANYTARGETS, params[0][:64])
        return
    for target in targets:
        _to_target(chat, client, line, target, text, tags, alone=False)


def _to_target(
    chat: Chat, client: Client, line: Line, target: str, text: str | None, tags: str, *, alone: bool
) -> None:
    first = target[0] if target else ""
    if first == ROOM_PREFIX:
        _to_room(chat, client, line, target, "", text, tags, alone=alone)
    elif first in MARKS and target[1:2] == ROOM_PREFIX:
        _to_room(chat, client, line, target[1:], first, text, tags, alone=alone)
    else:
        _to_person(chat, client, line, target, text, tags, alone=alone)


def _to_room(
    chat: Chat, client: Client, line: Line, name: str, mark: str, text: str | None, tags: str, *, alone: bool
) -> None:
    room = chat.room(name)
    if room is None:
        chat.numeric(client, n.ERR_NOSUCHCHANNEL, name)
        return
    verdict = gates.message(client, room)
    if verdict is not ACCEPTED and isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_CANNOTSENDTOCHAN, room.name, verdict=verdict)
        return
    body = _body(client, line.command, mark + room.name, text)
    if not _fits(chat, client, body):
        return
    if mark:
        audience = Audience(_ranked(room, gates.rank_needed(mark)))
    else:
        audience = audiences.of_room(room)
    turn = chat.turn
    client.spoke_at_ms = now_ms = turn.now_ms
    raw_id, message_id = chat.chance.message_id()
    record = None
    if text is not None or not _is_typing_alone(line):
        kept = b"@%b %b" % (tags.encode(), body) if tags else body
        record = chat.record(_KIND[line.command], client, room.id, kept, message_id=raw_id)
    own = _echo(chat, client, record, body, message_id, tags, alone=alone)
    turn.batch.say(Said(audience, body, now_ms, message_id, tags, client, own, record, chat.label, text is None))
    client.acted = turn.batch.serial


def _to_person(chat: Chat, client: Client, line: Line, nick: str, text: str | None, tags: str, *, alone: bool) -> None:
    other = chat.person(nick)
    if other is None:
        chat.numeric(client, n.ERR_NOSUCHNICK, nick or "*")
        return
    body = _body(client, line.command, other.nick, text)
    if not _fits(chat, client, body):
        return
    turn = chat.turn
    client.spoke_at_ms = now_ms = turn.now_ms
    raw_id, message_id = chat.chance.message_id()
    record = None
    if text is not None or not _is_typing_alone(line):
        kept = b"@%b %b" % (tags.encode(), body) if tags else body
        record = chat.record(_KIND[line.command], client, chat.conversation(client, other), kept, message_id=raw_id)
    if isinstance(other, Client) and (text is not None or other.capabilities & MESSAGE_TAGS):
        data = render(other.signature, body, now_ms, message_id, tags)
        turn.batch.tell((other, data, record, client, chat.label))
    says_away = bool(other.away) and line.command == "PRIVMSG"
    # With RPL_AWAY there are two lines under the label: then the echo is a part of the one answer.
    own = _echo(chat, client, record, body, message_id, tags, alone=alone and not says_away)
    if own is not None:
        turn.batch.tell((client, own, record, client, chat.label))
    client.acted = turn.batch.serial
    if says_away:
        chat.numeric(client, n.RPL_AWAY, other.nick, other.away)


def _body(client: Client, command: str, target: str, text: str | None) -> bytes:
    if text is None:
        return b":%b TAGMSG %b" % (client.prefix, target.encode())
    return b":%b %b %b :%b" % (client.prefix, command.encode(), target.encode(), text.encode())


def _fits(chat: Chat, client: Client, body: bytes) -> bool:
    verdict = gates.relayed_line(len(body), _LINE_MAX)
    if verdict is not ACCEPTED and isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return False
    return True


def _echo(
    chat: Chat, client: Client, record: Unsealed | None, body: bytes, message_id: str, tags: str, *, alone: bool
) -> bytes | None:
    """Make the sender's own copy, if its client asked for echoes (IRCv3 echo-message).

    A single target's echo carries the label itself and stands in the order of the room; with several targets the
    echoes are parts of one labelled answer.
    """
    label = chat.label
    wants_echo = client.capabilities & ECHO_MESSAGE
    if record is not None:
        chat.own_text(record)
    if not wants_echo:
        return None
    if label is None:
        return render(client.signature, body, chat.now_ms, message_id, tags)
    own_tags = tag_data(client.signature, chat.now_ms, message_id, tags)
    if not alone:
        chat.echo(own_tags, body)
        return None
    chat.echoed()
    labelled = f"label={escape(label)};{own_tags}" if own_tags else f"label={escape(label)}"
    return frame(b"@%b %b" % (labelled.encode(), body), client.signature)


def _is_typing_alone(line: Line) -> bool:
    """Tell whether the only tag is a legal `typing`: it is relayed and paced, and not recorded."""
    relayed = [key for key in line.tags if key.startswith("+")]
    return relayed == ["+typing"] and line.tags["+typing"] in _TYPING


def _ranked(room: Room, rank: int) -> list[Person]:
    return [person for person, held in room.members.items() if held & rank]
