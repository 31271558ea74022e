"""METADATA: what people say beside their name, and hosts beside a room's. Source: IRCv3 draft/metadata-2.

Rule 1: a key that the operator did not list is neither set nor shown.
Rule 2: a change is recorded, then shown to those who share a room with the person or are in the room, and asked for
the key. The metadata of accounts and registered rooms is kept; a guest's goes with the guest.
"""

from collections.abc import Iterable
from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import naming
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import METADATA
from parvis.irc.casemapping import fold
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.irc.names import ROOM_PREFIX
from parvis.irc.wire import middle
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.kept import KeptKind, keep
from parvis.model.metadata import DISPLAY_NAME, KeptMetadata, owner_of, read_key
from parvis.model.person import Person
from parvis.model.records import RecordKind
from parvis.model.room import Room
from parvis.model.verdicts import ACCEPTED, Refused, Verdict
from parvis.model.words import Told
from parvis.policy import gates

VISIBLE: Final = "*"
"""Everything that is set is for everybody."""
IN_WHOIS: Final = (DISPLAY_NAME, "pronouns", "status")
"""What WHOIS tells of somebody: what is for people to read, not for programs. Ours."""
AT_ONCE_MAX: Final = 200
"""Most values that are told beside another answer; more are to be asked for with SYNC. Ours."""
LINE_OVERHEAD_BYTES: Final = 150
"""What a value takes on the wire beside its own words: tags, the server's name, a frame. Ours."""
LATER_S: Final = 5
"""When they may be asked for; ours."""
PRICE: Final = 5
"""How many commands of a connection's pace a change or a SYNC takes; ours."""
PEOPLE_PER_COMMAND: Final = 1000
"""How many members of a room are looked through for one command of a connection's pace; ours, about a millisecond."""
_KEYS_PER_LINE: Final = 10

Owner = Person | Room


def run(chat: Chat, client: Client, line: Line) -> None:
    """Handle GET, LIST, SET, CLEAR, SYNC, SUB, UNSUB and SUBS."""
    greeting = client.greeting
    if greeting is not None and not (client.capabilities & METADATA and not chat.settings.metadata_after_s):
        chat.numeric(client, n.ERR_NOTREGISTERED)
        return
    target, subcommand, *params = line.params
    owner = _owner(chat, client, target)
    if owner is None:
        _fail(chat, "INVALID_TARGET", middle(target), "There is no such person or room here.")
        return
    verdict = gates.read_metadata(client, owner) if isinstance(owner, Room) else ACCEPTED
    match subcommand.upper():
        case "GET" | "LIST" | "SYNC" if isinstance(verdict, Refused):
            _fail(chat, "KEY_NO_PERMISSION", _name(owner), "*", verdict.told)
        case "GET" if params:
            _get(chat, client, owner, params)
        case "LIST":
            _list(chat, client, owner)
        case "SET" if params:
            _set(chat, client, owner, params[0], params[1] if len(params) > 1 else "")
        case "CLEAR":
            _clear(chat, client, owner)
        case "SYNC":
            chat.connection.credit -= PRICE - 1
            _sync(chat, owner)
        case "SUB" if params:
            _subscribe(chat, client, params)
        case "UNSUB" if params:
            _unsubscribe(chat, client, params)
        case "SUBS":
            _tell_keys(chat, client, n.RPL_METADATASUBS, list(chat.subscriptions.get(chat.connection, ())))
        case "GET" | "SET" | "SUB" | "UNSUB":
            chat.numeric(client, n.ERR_NEEDMOREPARAMS, "METADATA")
        case _:
            _fail(chat, "SUBCOMMAND_INVALID", middle(subcommand), "METADATA has no such subcommand.")


def tell_of_room(chat: Chat, client: Client, room: Room) -> None:
    """Tell a connection of a newcomer to a room what is said beside it and its members."""
    if chat.connection in chat.subscriptions:
        _tell_or_postpone(chat, client, room)


def tell_of_newcomer(chat: Chat, client: Client, room: Room) -> None:
    """Tell the others of a room who may know of a newcomer what is said beside them."""
    values = _shown(chat, client) if chat.subscriptions else {}
    if not values:
        return
    others = [person for person in audiences.witnesses(room, client) if person is not client]
    for key, value in values.items():
        readers = _subscribers(chat, others, key)
        if readers:
            chat.show(None, _message(client.prefix, client.nick, key, value), audiences.Audience((), further=readers))


def tell_own(chat: Chat, client: Client) -> None:
    """Tell a connection that asked for metadata what is said beside its own name, even if that is nothing."""
    if chat.connection.capabilities & METADATA:
        with chat.answer_batch("metadata", client.nick):
            for key, value in _shown(chat, client).items():
                chat.answer(_words(client.nick, key, value))


def in_whois(chat: Chat, person: Person) -> dict[str, str]:
    """Give what WHOIS tells to everybody, whatever their client knows (IRCv3 draft/metadata-2, RPL_WHOISKEYVALUE)."""
    return {key: value for key, value in _shown(chat, person).items() if key in IN_WHOIS}


def enter(chat: Chat, client: Client, values: dict[str, str] | None) -> None:
    """Make true what somebody who enters has said before, as far as their account, which may hold some, has room."""
    for key, value in (values or {}).items():
        held = _shown(chat, client)
        if held.get(key) != value and (key in held or len(held) < chat.settings.metadata_max_keys):
            _change(chat, client, client, key, value)


# What is asked.


def _owner(chat: Chat, client: Client, target: str) -> Owner | None:
    """Find whom or what a target names; a secret room is nobody's business but its members'."""
    if target == "*" or fold(target) == client.folded:
        return client
    if client.greeting is not None:
        return client if target == client.greeting.nick else None
    if target.startswith(ROOM_PREFIX):
        room = chat.room(target)
        return None if room is None or isinstance(gates.see_members(client, room), Refused) else room
    return chat.person(target)


def _name(owner: Owner) -> str:
    if isinstance(owner, Room):
        return owner.name
    return owner.shown_nick if isinstance(owner, Client) else owner.nick


def _shown(chat: Chat, owner: Owner) -> dict[str, str]:
    """Give what is said beside a name and may be shown."""
    greeting = owner.greeting if isinstance(owner, Client) else None
    values = chat.world.metadata.get(_id(owner), {}) if greeting is None else greeting.metadata or {}
    return {key: value for key, value in values.items() if key in chat.settings.metadata_keys}


def _id(owner: Owner) -> bytes:
    return owner.id if isinstance(owner, Room) else owner_of(owner)


def _get(chat: Chat, client: Client, owner: Owner, words: list[str]) -> None:
    name, values = _name(owner), _shown(chat, owner)
    with chat.answer_batch("metadata", name):
        for word in words:
            key = read_key(word)
            if not key:
                _key_invalid(chat, word)
            elif key in values:
                chat.numeric(client, n.RPL_KEYVALUE, name, key, VISIBLE, values[key])
            else:
                chat.numeric(client, n.RPL_KEYNOTSET, name, key, "Key is not set")


def _list(chat: Chat, client: Client, owner: Owner) -> None:
    name = _name(owner)
    with chat.answer_batch("metadata", name):
        for key, value in _shown(chat, owner).items():
            chat.numeric(client, n.RPL_KEYVALUE, name, key, VISIBLE, value)


# What is said.


def _set(chat: Chat, client: Client, owner: Owner, word: str, value: str) -> None:
    chat.connection.credit -= PRICE - 1
    name, key = _name(owner), read_key(word)
    if not key:
        _key_invalid(chat, word)
        return
    verdict = _may_set(chat, client, owner, removes=not value)
    if isinstance(verdict, Refused):
        _fail(chat, "KEY_NO_PERMISSION", name, key, verdict.told)
        return
    values = _shown(chat, owner)
    if not value:
        if key not in values:
            _fail(chat, "KEY_NOT_SET", name, key, "There is nothing to take away: this key is not set.")
            return
        _change(chat, client, owner, key, "")
        chat.numeric(client, n.RPL_KEYNOTSET, name, key, "Key is not set")
        return
    if key not in chat.settings.metadata_keys:
        keys = " ".join(chat.settings.metadata_keys)
        _fail(chat, "KEY_NO_PERMISSION", name, key, f"This key is not in use here. You can set: {keys}.")
        return
    if key == DISPLAY_NAME and isinstance(owner, Person):
        verdict = _may_be_called(chat, owner, value)
        if isinstance(verdict, Refused):
            _fail(chat, "VALUE_INVALID", verdict.told)
            return
    if not _fits(chat, client, name, key, value):
        most = chat.settings.metadata_max_value_bytes
        _fail(chat, "VALUE_INVALID", f"A value has at most {most} bytes, and fits a line. Nothing was changed.")
        return
    if key not in values and len(values) >= chat.settings.metadata_max_keys:
        most = chat.settings.metadata_max_keys
        _fail(chat, "LIMIT_REACHED", name, f"There are {most} keys already, which is the most. Take one away first.")
        return
    _change(chat, client, owner, key, value)
    chat.numeric(client, n.RPL_KEYVALUE, name, key, VISIBLE, value)


def _clear(chat: Chat, client: Client, owner: Owner) -> None:
    chat.connection.credit -= PRICE - 1
    name = _name(owner)
    verdict = _may_set(chat, client, owner, removes=True)
    if isinstance(verdict, Refused):
        _fail(chat, "KEY_NO_PERMISSION", name, "*", verdict.told)
        return
    with chat.answer_batch("metadata", name):
        for key in _shown(chat, owner):
            _change(chat, client, owner, key, "")
            chat.numeric(client, n.RPL_KEYNOTSET, name, key, "Key is not set")


def _may_set(chat: Chat, client: Client, owner: Owner, *, removes: bool) -> Verdict:
    account = chat.world.accounts.get(client.identity) if client.account else None
    known_s = None if account is None else (chat.now_ms - account.registered_at_ms) // 1000
    return gates.set_metadata(client, owner, removes=removes, known_s=known_s, after_s=chat.settings.metadata_after_s)


def _may_be_called(chat: Chat, person: Person, value: str) -> Verdict:
    """Ask whether a display name is somebody's pseudonym; spaces around and inside it make no other name of it."""
    shown = "".join(value.split())
    folded = fold(shown)
    account = chat.world.account_names.get(folded)
    claimed = (account is not None and account.id != person.identity) or naming.resembles(chat, shown, person.identity)
    return gates.display_name(person, chat.world.people.get(folded), claimed)


def _fits(chat: Chat, client: Client, name: str, key: str, value: str) -> bool:
    """Tell whether a value is short enough to be kept, and to be relayed in a line that nobody has to cut."""
    whole = len(_message(client.prefix, name, key, value))
    return len(value.encode()) <= chat.settings.metadata_max_value_bytes and whole <= BODY_BYTES_MAX - 2


def _change(chat: Chat, client: Client, owner: Owner, key: str, value: str) -> None:
    """Make a change true: recorded, kept where it lasts, shown to those who asked for the key."""
    greeting = client.greeting
    if greeting is not None:
        values = greeting.metadata = greeting.metadata or {}
        if value:
            values[key] = value
        else:
            del values[key]
        return
    owner_id = _id(owner)
    chat.apply(e.MetadataSet(owner_id, key, value))
    if isinstance(owner, Room):
        concerned: Iterable[Person] = owner.members
        conversation, lasts = owner.id, owner.registered
    else:
        concerned = {**audiences.neighbours(owner), owner: None}
        conversation, lasts = PRESENCE, bool(owner.account)
    if lasts:
        left = chat.world.metadata.get(owner_id)
        chat.keep_value(keep(KeptKind.METADATA, owner_id, None if left is None else KeptMetadata(dict(left))))
    body = _message(client.prefix, _name(owner), key, value)
    readers = [reader for reader in _subscribers(chat, concerned, key) if reader is not chat.connection]
    chat.happen(RecordKind.METADATA, client, conversation, body, audiences.Audience((), further=readers))


def _message(prefix: bytes, name: str, key: str, value: str) -> bytes:
    return b":%b %b" % (prefix, _words(name, key, value).encode())


def _words(name: str, key: str, value: str) -> str:
    return f"METADATA {name} {key} {VISIBLE} :{value}" if value else f"METADATA {name} {key} {VISIBLE}"


# What is listened to.


def _subscribe(chat: Chat, client: Client, words: list[str]) -> None:
    keys = chat.subscriptions.setdefault(chat.connection, {})
    agreed: dict[str, None] = {}
    before = dict(keys)
    most = chat.settings.metadata_max_subs
    full = ""
    for word in words:
        key = read_key(word)
        if not key:
            _key_invalid(chat, word)
        elif key not in keys and len(keys) >= most:
            full = key
            break
        else:
            agreed[key] = keys[key] = None
    _tell_keys(chat, client, n.RPL_METADATASUBOK, list(agreed))
    if full:
        _fail(chat, "TOO_MANY_SUBS", full, f"You read the changes of {most} keys, which is the most. Leave out some.")
    if not keys:
        del chat.subscriptions[chat.connection]
    if client.greeting is None and agreed.keys() - before.keys():
        for room in client.rooms:
            _tell_or_postpone(chat, client, room)


def _unsubscribe(chat: Chat, client: Client, words: list[str]) -> None:
    keys = chat.subscriptions.get(chat.connection, {})
    gone: dict[str, None] = {}
    for word in words:
        key = read_key(word)
        if not key:
            _key_invalid(chat, word)
        else:
            keys.pop(key, None)
            gone[key] = None
    if not keys:
        chat.subscriptions.pop(chat.connection, None)
    _tell_keys(chat, client, n.RPL_METADATAUNSUBOK, list(gone))


def _tell_keys(chat: Chat, client: Client, code: str, keys: list[str]) -> None:
    for at in range(0, len(keys), _KEYS_PER_LINE):
        chat.numeric(client, code, *keys[at : at + _KEYS_PER_LINE])


def _subscribers(chat: Chat, people: Iterable[Person], key: str) -> list[Client]:
    """List the connections of some people that asked for metadata and for this key."""
    if not chat.subscriptions:
        return []
    return [
        connection
        for person in people
        if isinstance(person, Client)
        for connection in person.connections
        if key in chat.subscriptions.get(connection, ()) and connection.capabilities & METADATA
    ]


def _wanted(chat: Chat, owner: Owner) -> list[str]:
    """Write what a connection asked for of a person, or of a room and its members."""
    keys = chat.subscriptions.get(chat.connection, {})
    owners: list[Owner] = [owner]
    if isinstance(owner, Room):
        chat.connection.credit -= len(owner.members) / PEOPLE_PER_COMMAND
        owners += audiences.visible_members(owner, chat.connection.person)
    return [
        _words(_name(each), key, value) for each in owners for key, value in _shown(chat, each).items() if key in keys
    ]


def _sync(chat: Chat, owner: Owner) -> None:
    """Tell what is said of somebody, or in a room: as much as a reader may have waiting, and whether that was all."""
    wanted = _wanted(chat, owner)
    told = 0
    left_bytes = chat.settings.send_queue_bytes // 2
    with chat.answer_batch("metadata", _name(owner)):
        for words in wanted:
            left_bytes -= len(words.encode()) + LINE_OVERHEAD_BYTES
            if left_bytes < 0:
                break
            chat.answer(words)
            told += 1
    if told < len(wanted):
        chat.answer(
            f"WARN METADATA INCOMPLETE {_name(owner)} :These were {told} of {len(wanted)} values, which is what one "
            "answer holds. Ask for the others person by person."
        )


def _tell_or_postpone(chat: Chat, client: Client, room: Room) -> None:
    """Tell what is said in a room beside another answer, or that it may be asked for: then it is much."""
    wanted = _wanted(chat, room)
    if len(wanted) > AT_ONCE_MAX:
        chat.numeric(client, n.RPL_METADATASYNCLATER, room.name, str(LATER_S))
    elif wanted:
        with chat.answer_batch("metadata", room.name):
            for words in wanted:
                chat.answer(words)


def _key_invalid(chat: Chat, word: str) -> None:
    _fail(chat, "KEY_INVALID", middle(word), "A key has letters, digits and _.:/- and does not begin with a colon.")


def _fail(chat: Chat, code: str, *context_and_told: Told) -> None:
    chat.fail("METADATA", code, *context_and_told)
