"""MARKREAD: how far one has read, on all one's devices. Source: IRCv3 draft/read-marker."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.capabilities import READ_MARKER
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.irc.names import is_pseudonym, is_room
from parvis.irc.references import NoReference, read_reference, write_timestamp
from parvis.irc.wire import frame, middle, tag_data
from parvis.model.kept import KeptKind, KeptMarkers, keep


def run(chat: Chat, client: Client, line: Line) -> None:
    """Answer how far the person has read, or note that they have read on."""
    params = line.params
    if not params or not params[0]:
        chat.fail("MARKREAD", "NEED_MORE_PARAMS", "Missing parameters")
        return
    target = params[0]
    settings = chat.settings
    if not is_room(target, settings.room_bytes) and not is_pseudonym(target, settings.nick_bytes):
        chat.fail("MARKREAD", "INVALID_PARAMS", middle(target), "This is neither a room nor a pseudonym")
        return
    folded = fold(target)
    if len(params) == 1:
        tell(chat, client, target, folded)
        return
    reference = read_reference(params[1])
    if isinstance(reference, NoReference) or reference.time_ms is None:
        chat.fail("MARKREAD", "INVALID_PARAMS", middle(target), middle(params[1]), "Invalid timestamp")
        return
    _move(chat, client, target, folded, reference.time_ms)


def _move(chat: Chat, client: Client, target: str, folded: str, time_ms: int) -> None:
    """Note that somebody has read on, and tell all their connections; a marker never goes back."""
    known = chat.markers.get(client.identity, folded)
    # What has not been said yet cannot have been read.
    time_ms = min(time_ms, chat.now_ms)
    if known is not None and time_ms <= known:
        tell(chat, client, target, folded)
        return
    is_guest = not client.account
    chat.markers.set(client.identity, folded, time_ms, is_guest=is_guest)
    if not is_guest:
        kept = KeptMarkers(chat.markers.all_of(client.identity))
        chat.keep_value(keep(KeptKind.MARKERS, client.identity, kept))
    tell(chat, client, target, folded)
    for device in client.connections:
        if device is not chat.connection:
            tell_device(chat, device, target, folded)


def tell(chat: Chat, client: Client, target: str, folded: str) -> None:
    """Answer how far a person has read."""
    chat.answer(_words(chat, client, target, folded))


def tell_device(chat: Chat, device: Client, target: str, folded: str) -> None:
    """Tell another connection of the person how far they have read, if it asked for markers."""
    if device.capabilities & READ_MARKER:
        words = f":{chat.settings.server} {_words(chat, device.person, target, folded)}"
        tags = tag_data(device.signature, chat.now_ms, "", "")
        line = f"@{tags} {words}" if tags else words
        chat.turn.batch.tell((device, frame(line.encode(), device.signature), None, None, None))


def _words(chat: Chat, client: Client, target: str, folded: str) -> str:
    read_ms = chat.markers.get(client.identity, folded)
    return f"MARKREAD {target} {'*' if read_ms is None else f'timestamp={write_timestamp(read_ms)}'}"
