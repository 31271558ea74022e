"""What somebody may read again: whom a target names, what its windows are, and how lines look when they are played.

Rule 1: what may be fetched is decided by the windows of a room and by when the reader was in it (`ports/history.py`).
Rule 2: a target that is not there is looked for as one that is: neither the answer nor its time tells which.

Source: docs/adr/0013-history-from-the-sealed-log.md; IRCv3 draft/chathistory.
"""

from collections.abc import Iterator
from typing import Final

from parvis.chat.client import Client
from parvis.chat.cloaks import conversation_of_pair
from parvis.chat.service import Answer, Chat
from parvis.irc import multiline
from parvis.irc.capabilities import EVENT_PLAYBACK, MESSAGE_REDACTION, MESSAGE_TAGS
from parvis.irc.casemapping import fold
from parvis.irc.names import ROOM_PREFIX
from parvis.irc.references import shown_message_id
from parvis.irc.wire import tag_data
from parvis.model.ids import ConversationId, IdentityId
from parvis.model.person import Person
from parvis.model.records import RecordKind
from parvis.model.room import HOST, Room
from parvis.ports.history import NEVER_MS, Place, Played, Reader

TEXTS: Final = frozenset({RecordKind.MESSAGE, RecordKind.NOTICE})
"""What everybody is played."""
PEOPLE: Final = frozenset(
    {
        *(RecordKind.JOINED, RecordKind.PARTED, RecordKind.KICKED, RecordKind.QUIT, RecordKind.KILLED),
        RecordKind.NAMED,
    }
)
"""What tells who is there."""
_EVENTS: Final = PEOPLE | {RecordKind.TOPIC, RecordKind.MODE}
"""What is played besides to who asked for `draft/event-playback`."""


AUDITORIUM: Final = "u"
"""The flag of a room whose members see its hosts and not each other."""


def reader_of(chat: Chat, client: Client) -> Reader:
    """Say who asks, and from when on what they were present for is still theirs."""
    settings = chat.settings
    return Reader(
        identity=client.identity,
        session=client.session,
        head=chat.turn.head,
        now_ms=chat.now_ms,
        resume_from_ms=chat.now_ms - 1000 * settings.resume_s,
        from_ms=from_ms(chat),
        silenced=chat.world.silences.get(client.identity, ()),
        kept_tags=settings.store_tagmsg,
    )


def from_ms(chat: Chat) -> int:
    """Give the moment before which nobody may fetch anything any more."""
    settings = chat.settings
    earliest = chat.now_ms - 1000 * min(max(settings.resume_s, settings.default_visible_s), settings.window_s_max)
    return min(earliest, *(visible_from_ms(chat, room) for room in chat.world.showing.values()), NEVER_MS)


def place_of(chat: Chat, client: Client, target: str) -> Place:
    """Say which conversation a target names for this person."""
    folded = fold(target)
    if target[:1] == ROOM_PREFIX:
        room = chat.world.rooms.get(folded)
        if room is None:
            return Place(name=folded, is_room=True, conversation=None)
        return place_of_room(chat, client, room)
    other = _identity_named(chat, folded)
    conversation = None if other is None else conversation_of_pair(chat.secret, client.identity, other)
    return Place(name=folded, is_room=False, conversation=conversation)


def present_in(chat: Chat, client: Client, conversation: ConversationId) -> Person | None:
    """Find who is here of the other side of a private conversation, whatever they are called now."""
    for person in chat.world.people.values():
        if conversation_of_pair(chat.secret, client.identity, person.identity) == conversation:
            return person
    return None


def place_of_room(chat: Chat, client: Client, room: Room) -> Place:
    """Say what a room shows this person."""
    inside = client in room.members
    return Place(
        name=room.folded,
        is_room=True,
        conversation=room.id,
        inside=inside,
        visible_from_ms=visible_from_ms(chat, room) if inside else NEVER_MS,
    )


def visible_s(chat: Chat, room: Room) -> int:
    """Give how many seconds of a room newcomers may fetch."""
    chosen = chat.settings.default_visible_s if room.visible_s is None else room.visible_s
    return min(chosen, chat.settings.window_s_max)


def visible_from_ms(chat: Chat, room: Room) -> int:
    """Give from when on newcomers may fetch what was said in a room."""
    seconds = visible_s(chat, room)
    return max(chat.now_ms - 1000 * seconds, room.visible_from_ms) if seconds else NEVER_MS


def kinds_for(chat: Chat, client: Client, connection: Client, target: str) -> frozenset[RecordKind]:
    """Give what a connection is played of a target."""
    capabilities = connection.capabilities
    if not capabilities & EVENT_PLAYBACK:
        return TEXTS
    kinds = TEXTS | _EVENTS
    if capabilities & MESSAGE_TAGS:
        kinds |= {RecordKind.TAG_MESSAGE}
    if capabilities & MESSAGE_REDACTION:
        kinds |= {RecordKind.REDACTED}
    room = chat.room(target)
    if room is not None and AUDITORIUM in room.flags and not room.members.get(client, 0) & HOST:
        # Who comes and goes there is shown to its hosts alone.
        kinds -= PEOPLE
    return kinds


def write(chat: Chat, connection: Client, played: Played) -> Iterator[Answer]:
    """Write a line as it was, with its own time and id, in the form of this connection (`irc/multiline.py`)."""
    tags, body = "", played.line
    if body.startswith(b"@"):
        raw_tags, _, body = body[1:].partition(b" ")
        tags = raw_tags.decode()
    account = chat.world.accounts.get(played.author)
    name = "" if account is None else account.name
    shown = (played.time_ms, shown_message_id(played.message_id), tags, name)
    if b"\n" in body or b"\r" in body:
        yield from multiline.lines(connection.signature, body, *shown)
    else:
        yield tag_data(connection.signature, *shown), body


def _identity_named(chat: Chat, folded: str) -> IdentityId | None:
    """Give who is here under a pseudonym, or whose account holds it."""
    person = chat.world.people.get(folded)
    if person is not None:
        return person.identity
    account = chat.world.account_names.get(folded)
    return None if account is None else account.id
