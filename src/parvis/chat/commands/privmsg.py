"""PRIVMSG, NOTICE and TAGMSG: one message to rooms, to hosts of a room, or to people.

Source: modern IRC, "PRIVMSG", "NOTICE"; IRCv3 message-tags, "TAGMSG"; IRCv3 echo-message; STATUSMSG.
A NOTICE that policy refuses is answered: no silence (DESIGN, promise 4). One that breaks the grammar, or whose
target is not there, is not: programs write notices to each other (RFC 2812, section 3.3.2).
"""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import safety, silences
from parvis.chat.audience import Audience
from parvis.chat.batch import Said, SaidLines
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import multiline
from parvis.irc import numerics as n
from parvis.irc.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from parvis.irc.casemapping import fold
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.irc.modes import MARKS
from parvis.irc.names import ROOM_PREFIX
from parvis.irc.tags import BOT_TAG, FOR_HOSTS_TAG, client_only, escape, unescape
from parvis.irc.wire import frame, render, tag_data
from parvis.model import events as e
from parvis.model.acts import ActKind
from parvis.model.ids import ConversationId
from parvis.model.person import BOT, FROM_ACCOUNTS, NO_CTCP, OPERATOR, Person
from parvis.model.records import DataKind, RecordKind, Unsealed
from parvis.model.room import HOST, Room
from parvis.model.verdicts import Refused
from parvis.policy import gates

_KIND: Final = {
    "PRIVMSG": RecordKind.MESSAGE,
    "NOTICE": RecordKind.NOTICE,
    "TAGMSG": RecordKind.TAG_MESSAGE,
}
_ACT: Final = {
    "PRIVMSG": ActKind.MESSAGE,
    "NOTICE": ActKind.NOTICE,
    "TAGMSG": ActKind.TAG_MESSAGE,
}
_LINE_MAX: Final = BODY_BYTES_MAX - 2
_TYPING: Final = frozenset({"active", "paused", "done"})
_CONTEXT_TAGS: Final = frozenset(("+channel-context", "+draft/channel-context"))
TYPING_MS: Final = 3000
"""Between two typing notifications of a person to one target (IRCv3 typing, "Format")."""
TYPING_KEPT: Final = 16384
"""Conversations in which somebody is known to type; ours."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Deliver a message to each target, or say for each why not."""
    params = line.params
    if not params:
        _answer(chat, client, line, n.ERR_NORECIPIENT, f"No recipient given ({line.command})")
        return
    tags = _relayed_tags(chat, line) if line.tags else ""
    if line.command == "TAGMSG":
        if not tags:
            return
        text = None
    elif len(params) < 2 or not params[1]:
        _answer(chat, client, line, n.ERR_NOTEXTTOSEND)
        return
    else:
        text = params[1]
    if client.modes & BOT:
        tags = _of_bot(tags)
    names = params[0]
    if "," not in names:
        _to_one(chat, client, line, names, text, tags, True, False)
        return
    targets = list(dict.fromkeys(target for target in names.split(",") if target))
    if len(targets) > chat.settings.targets:
        _answer(chat, client, line, n.ERR_TOOMANYTARGETS, names[:64])
        return
    for target in targets:
        _to_one(chat, client, line, target, text, tags, False, False)


def gathered(chat: Chat, client: Client, line: Line) -> None:
    """Deliver a message whose lines came in a batch, in its canonical form (`irc/multiline.py`), to its one target."""
    target, text = line.params
    is_long = multiline.NEW_LINE in text or multiline.CONTINUED in text
    tags = _relayed_tags(chat, line)
    if client.modes & BOT:
        tags = _of_bot(tags)
    _to_one(chat, client, line, target, text, tags, True, is_long)


def _relayed_tags(chat: Chat, line: Line) -> str:
    return client_only(line.tags, chat.denial) if chat.connection.capabilities & MESSAGE_TAGS else ""


def _of_bot(tags: str) -> str:
    return f"{BOT_TAG};{tags}" if tags else BOT_TAG


def _answer(chat: Chat, client: Client, line: Line, code: str, *params: str) -> None:
    """Answer an error of grammar, but never to a NOTICE."""
    if line.command != "NOTICE":
        chat.numeric(client, code, *params)


# One function from here to the batch, and no call that can be saved: this is the path of every message.


def _to_one(
    chat: Chat,
    client: Client,
    line: Line,
    target: str,
    text: str | None,
    tags: str,
    alone: bool,
    is_long: bool,
) -> None:
    first = target[:1]
    command = line.command
    turn = chat.turn
    batch = turn.batch
    person = room = audience = None
    if first == ROOM_PREFIX or (first in MARKS and target[1:2] == ROOM_PREFIX):
        room = chat.world.rooms.get(fold(target if first == ROOM_PREFIX else target[1:]))
        if room is None:
            _answer(chat, client, line, n.ERR_NOSUCHCHANNEL, target)
            return
        verdict = gates.message(client, room, text)
        if isinstance(verdict, Refused):
            if isinstance(gates.know(client, room), Refused):
                # A secret room refuses an outsider as one that does not exist.
                _answer(chat, client, line, n.ERR_NOSUCHCHANNEL, target)
            else:
                chat.refuse(client, n.ERR_CANNOTSENDTOCHAN, room.name, verdict=verdict)
            return
        conversation = room.id
        shown = room.name if first == ROOM_PREFIX else first + room.name
        for_hosts = room.has_speech_rules and gates.reaches_hosts_alone(client, room)
        if first == ROOM_PREFIX and not for_hosts:
            audience = audiences.of_room(room)
        else:
            # An audience of its own would be a group of its own, out of the order of the room: so it begins a run.
            chat.fence()
            readers = _ranked(room, HOST if for_hosts else gates.rank_needed(first))
            if client not in readers:
                # The other devices of who writes read it too.
                readers.append(client)
            if for_hosts:
                # Whoever reads it sees who else could.
                tags = f"{tags};{FOR_HOSTS_TAG}" if tags else FOR_HOSTS_TAG
            audience = Audience(readers)
    else:
        person = chat.world.people.get(fold(target))
        if person is None:
            _answer(chat, client, line, n.ERR_NOSUCHNICK, target or "*")
            return
        if (client.modes | person.modes) & FROM_ACCOUNTS and not _may_write_to(chat, client, person, text):
            return
        if person.modes & NO_CTCP:
            verdict = gates.private_ctcp(client, person, text)
            if isinstance(verdict, Refused):
                chat.refuse(client, n.ERR_CANNOTSENDTOUSER, person.nick, verdict=verdict)
                return
        conversation = chat.conversation(client, person)
        shown = person.nick
        if tags and "channel-context" in tags:
            tags = _with_true_context(chat, client, person, tags)
    if text is not None:
        body = b":" + client.prefix + f" {command} {shown} :{text}".encode()
    else:
        body = b":" + client.prefix + f" {command} {shown}".encode()
    size = len(body)
    if is_long and text is not None:
        size += multiline.longest(text) - len(text.encode())
    verdict = gates.relayed_line(size, _LINE_MAX)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    if (chat.settings.is_guarded or chat.world.restrictions) and safety.stops(
        chat, client, _ACT[command], command, shown, room=room, reader=person, text=text, tags=tags
    ):
        return
    now_ms = turn.now_ms
    is_typing = text is None and _is_typing_alone(line)
    if is_typing and not _may_type(chat, client, conversation):
        # Dropped without a word: clients are not to send more of them, and nobody is to read an answer to each.
        return
    client.spoke_at_ms = now_ms
    raw_id, message_id = chat.chance.message_id()
    record = None
    if not is_typing:
        kept = b"@%b %b" % (tags.encode(), body) if tags else body
        kept_as = DataKind.ROOMS if person is None else DataKind.PRIVATE
        record = chat.record(_KIND[command], client, conversation, kept, raw_id, data=kept_as)
        chat.own_text(record)
    label = chat.label
    own = None
    connection = chat.connection
    says_away = person is not None and bool(person.away) and command == "PRIVMSG"
    if connection.capabilities & ECHO_MESSAGE:
        # With RPL_AWAY there are two lines under the label: then the echo is a part of the one answer.
        own = _echo(chat, connection, body, (message_id, tags), label, alone and not says_away, is_long)
    account, is_staff = client.account, bool(client.modes & OPERATOR)
    if audience is not None:
        make, tags_only = SaidLines if is_long else Said, text is None
        said = make(
            audience, body, now_ms, message_id, tags, connection, own, record, label, tags_only, account, is_staff
        )
        batch.say(said)
    else:
        if (
            person is not None
            and person.identity in chat.world.silences
            and silences.hides_person(chat, person, client)
        ):
            # Read by nobody; everything else is as with any message, a refusal by a failing archive too.
            batch.say(
                Said(Audience(()), body, now_ms, message_id, tags, connection, None, record, label, True, account)
            )
        elif isinstance(person, Client):
            tagged = text is None
            write = multiline.render if is_long else render
            for reader in person.connections if person.devices else (person,):
                if not tagged or reader.capabilities & MESSAGE_TAGS:
                    data = write(reader.signature, body, now_ms, message_id, tags, account, is_staff)
                    batch.tell((reader, data, record, connection, label))
        if own is not None:
            batch.tell((connection, own, record, connection, label))
        if client.devices:
            _to_own_devices(chat, client, person, body, (message_id, tags), record, is_long)
        if says_away and person is not None:
            chat.numeric(client, n.RPL_AWAY, person.nick, person.away)
    connection.acted = batch.serial


def _may_write_to(chat: Chat, client: Client, person: Person, text: str | None) -> bool:
    """Refuse a guest whom one who reads accounts alone has not accepted; accept a guest whom such a one writes to."""
    accepted = chat.world.accepted
    verdict = gates.private_message(client, person, client.identity in accepted.get(person.session, ()))
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NEEDREGGEDNICK, person.nick, verdict=verdict)
        return False
    if (
        client.modes & FROM_ACCOUNTS
        and text is not None
        and not person.account
        and person.identity not in accepted.get(client.session, ())
    ):
        chat.apply(e.WriterAccepted(client.session, person.identity, person.nick, True))
    return True


def _to_own_devices(
    chat: Chat,
    client: Client,
    person: Person | None,
    body: bytes,
    shown: tuple[str, str],
    record: Unsealed | None,
    is_long: bool,
) -> None:
    """Show what somebody wrote to a person on the other connections of theirs, as rooms show it by themselves."""
    if person is client:
        return
    write = multiline.render if is_long else render
    for device in client.connections:
        # A typing notification has no record: one's own are of no use to oneself.
        if device is not chat.connection and record is not None:
            if record.kind is RecordKind.TAG_MESSAGE and not device.capabilities & MESSAGE_TAGS:
                continue
            data = write(device.signature, body, chat.now_ms, *shown, client.account, bool(client.modes & OPERATOR))
            chat.turn.batch.tell((device, data, record, chat.connection, None))


def _echo(
    chat: Chat,
    connection: Client,
    body: bytes,
    shown: tuple[str, str],
    label: str | None,
    alone: bool,
    is_long: bool,
) -> bytes | None:
    """Make the sender's own copy (IRCv3 echo-message); `shown` is the message's id and its client-only tags.

    A single target's echo carries the label itself and stands in the order of the room; with several targets the
    echoes are parts of one labelled answer.
    """
    person = connection.person
    marks = (person.account, bool(person.modes & OPERATOR))
    write = multiline.render if is_long else render
    if label is None:
        return write(connection.signature, body, chat.now_ms, *shown, *marks)
    if not alone:
        if is_long:
            for line_tags, line in multiline.lines(connection.signature, body, chat.now_ms, *shown, *marks):
                chat.echo(line_tags, line)
        else:
            chat.echo(tag_data(connection.signature, chat.now_ms, *shown, *marks), body)
        return None
    chat.echoed()
    label_tag = f"label={escape(label)}"
    if is_long:
        return multiline.render(connection.signature, body, chat.now_ms, *shown, *marks, label_tag)
    own_tags = tag_data(connection.signature, chat.now_ms, *shown, *marks)
    labelled = f"{label_tag};{own_tags}" if own_tags else label_tag
    return frame(b"@%b %b" % (labelled.encode(), body), connection.signature)


def _may_type(chat: Chat, client: Client, conversation: ConversationId) -> bool:
    """Tell whether a typing notification is relayed: one in `TYPING_MS` for each person and target."""
    typed = chat.typed_at_ms
    key = (client.session, conversation)
    if chat.now_ms - typed.get(key, -TYPING_MS) < TYPING_MS:
        return False
    if len(typed) >= TYPING_KEPT:
        typed.clear()
    typed[key] = chat.now_ms
    return True


def _with_true_context(chat: Chat, client: Client, person: Person, tags: str) -> str:
    """Relay `channel-context` only where both are in that room: else an outsider's words would seem to be said there.

    Source: IRCv3 channel-context, "Client implementation considerations"; message-tags, "Client-only tags".
    """
    kept = []
    for tag in tags.split(";"):
        key, _, value = tag.partition("=")
        if key in _CONTEXT_TAGS:
            room = chat.room(unescape(value))
            if room is None or client not in room.members or person not in room.members:
                continue
            if not (audiences.sees(client, person, room) and audiences.sees(person, client, room)):
                # In an auditorium the echo would tell who is there.
                continue
        kept.append(tag)
    return ";".join(kept)


def _is_typing_alone(line: Line) -> bool:
    """Tell whether the only tag is a legal `typing`: it is relayed and paced, and not recorded."""
    relayed = [key for key in line.tags if key.startswith("+")]
    return relayed == ["+typing"] and line.tags["+typing"] in _TYPING


def _ranked(room: Room, rank: int) -> list[Person]:
    return [person for person, held in room.members.items() if held & rank]
