"""REDACT: take back a message, one's own or one of the room one runs. Source: IRCv3 draft/message-redaction.

The text is gone for everybody who would fetch it, and stays sealed in the archive (docs/adr/0014).
"""

from collections.abc import Iterable

from parvis.chat import history, silences
from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.chat.waiting import wait
from parvis.irc import numerics as n
from parvis.irc.capabilities import MESSAGE_REDACTION
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.irc.names import ROOM_PREFIX
from parvis.irc.references import raw_message_id
from parvis.irc.wire import middle
from parvis.model.ids import ConversationId
from parvis.model.person import Person
from parvis.model.records import DataKind, RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import ACCEPTED, Ground, Refused, Verdict
from parvis.policy import gates
from parvis.ports.history import Spoken, Trouble


def run(chat: Chat, client: Client, line: Line) -> None:
    """Find out whose the message is, then take it back or say why not."""
    target, shown_id = line.params[0], line.params[1]
    reason = line.params[2] if len(line.params) > 2 else ""
    room = chat.room(target) if target[:1] == ROOM_PREFIX else None
    if target[:1] == ROOM_PREFIX:
        verdict = gates.redact_in(client, room)
        if isinstance(verdict, Refused):
            chat.fail("REDACT", "INVALID_TARGET", middle(target), verdict.told)
            return
    reader, place = history.reader_of(chat, client), history.place_of(chat, client, target)
    asked = chat.outside.history
    message_id = raw_message_id(shown_id) or b""

    def tell(connection: Client, found: Spoken | Trouble) -> None:
        if found is Trouble.UNREADABLE:
            chat.fail("REDACT", "TEMPORARILY_UNAVAILABLE", middle(target), "The archive could not be read. Try again.")
        elif found is Trouble.NO_TARGET:
            chat.fail("REDACT", "INVALID_TARGET", middle(target), "There is no such room or person to you.")
        else:
            spoken = None if isinstance(found, Trouble) else found
            _take_back(chat, connection.person, target, (shown_id, reason), spoken)

    wait(chat, "REDACT", lambda: asked.find(reader, place, message_id), tell, work=chat.outside.history_work)


def _take_back(chat: Chat, client: Client, target: str, said: tuple[str, str], spoken: Spoken | None) -> None:
    """Decide by the world as it is now: whoever asked may have been put out while the archive was asked."""
    shown_id, reason = said
    room: Room | None = None
    if target[:1] == ROOM_PREFIX:
        room = chat.room(target)
        verdict = gates.redact_in(client, room)
        if isinstance(verdict, Refused):
            chat.fail("REDACT", "INVALID_TARGET", middle(target), verdict.told)
            return
    if spoken is None or (room is not None and room.id != spoken.conversation):
        verdict = gates.unknown_message()
    else:
        settings = chat.settings
        verdict = gates.redact(
            client,
            room,
            is_own=spoken.author == client.identity,
            is_open=spoken.is_open,
            own_allowed=settings.allow_redact,
            age_s=(chat.now_ms - spoken.time_ms) // 1000,
            window_s=_window_s(chat),
        )
    if isinstance(verdict, Refused):
        _refuse(chat, target, shown_id, verdict)
        return
    if spoken is None:
        return
    other = None if room is not None else _other_of(chat, client, target, spoken.conversation)
    if reason:
        verdict = _may_say(chat, client, room, other, reason)
        if isinstance(verdict, Refused):
            _refuse(chat, target, shown_id, verdict)
            return
    shown = room.name if room is not None else target
    body = b":%b REDACT %b" % (client.prefix, f"{shown} {shown_id}".encode())
    if reason:
        body += f" :{reason}".encode()
    fits = gates.relayed_line(len(body), BODY_BYTES_MAX - 2)
    if isinstance(fits, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=fits)
        return
    readers: Iterable[Person] = [client, *([] if room is None else room.members)]
    if other is not None and not silences.hides_person(chat, other, client):
        readers = [client, other]
    # An audience of its own would be out of the order of the room: so it begins a run.
    chat.fence()
    audience = Audience(dict.fromkeys(readers), MESSAGE_REDACTION)
    data = DataKind.PRIVATE if room is None else DataKind.ROOMS
    chat.happen(RecordKind.REDACTED, client, spoken.conversation, body, audience, data=data)


def _other_of(chat: Chat, client: Client, target: str, conversation: ConversationId) -> Person | None:
    """Find the other side, if they are here: whoever bears the pseudonym by now may be somebody else."""
    person = chat.person(target)
    if person is not None and chat.conversation(client, person) == conversation:
        return person
    return history.present_in(chat, client, conversation)


def _may_say(chat: Chat, client: Client, room: Room | None, other: Person | None, reason: str) -> Verdict:
    """Ask whether the reason may be read by those who read of it: it is a text like any other."""
    if room is not None:
        return gates.redaction_reason(client, room, reason)
    if other is None:
        return ACCEPTED
    return gates.private_message(client, other, client.identity in chat.world.accepted.get(other.session, ()))


def _window_s(chat: Chat) -> int:
    """Give how long a message can be taken back: as long as anybody may fetch anything."""
    return (chat.now_ms - history.from_ms(chat)) // 1000


def _refuse(chat: Chat, target: str, shown_id: str, verdict: Refused) -> None:
    context = [middle(target), middle(shown_id)]
    match verdict.ground:
        case Ground.UNKNOWN_MESSAGE:
            code = "UNKNOWN_MSGID"
        case Ground.TOO_LATE:
            code = "REDACT_WINDOW_EXPIRED"
            context.append(str(_window_s(chat)))
        case _:
            code = "REDACT_FORBIDDEN"
    chat.fail("REDACT", code, *context, verdict.told)
