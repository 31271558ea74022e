"""WHO: people in a room or by a mask. Source: modern IRC, "WHO"; IRCv3 whox, bot-mode, multi-prefix.

Nobody's address is shown to anybody: the field `i` is 255.255.255.255, as WHOX has it for a server that does not
disclose it. How long somebody has been idle is shown to themselves and to operators, as in WHOIS.
"""

from typing import Final

import msgspec

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.commands.names import marks
from parvis.chat.service import Chat
from parvis.irc import masks, modes
from parvis.irc import numerics as n
from parvis.irc.capabilities import MULTI_PREFIX
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.irc.names import ROOM_PREFIX
from parvis.model.person import BOT, INVISIBLE, OPERATOR, Person
from parvis.model.room import Room
from parvis.model.verdicts import Refused
from parvis.policy import gates

ANSWERS_MAX: Final = 500
"""Most people that one WHO by mask lists; ours."""
FIELDS: Final = "tcuihsnfdlaor"
"""The fields of WHOX in the order of its answer: token, room, user, address, host, server, name, flags, distance,
idle seconds, account, rank as a number (which we have not), real name."""
_NO_ADDRESS: Final = "255.255.255.255"


class Wish(msgspec.Struct, frozen=True):
    """What a WHO asks to be shown, and of whom."""

    operators_only: bool = False
    fields: str | None = None
    """Letters of `FIELDS` in their order; None: the answer of old."""
    token: str = "0"  # noqa: S105 - what the client marks its question with


def read_wish(word: str) -> Wish:
    """Read the second parameter: `o`, `%fields`, `o%fields,token`. What is not known is passed over."""
    flags, percent, rest = word.partition("%")
    if not percent:
        return Wish("o" in flags)
    letters, _, token = rest.partition(",")
    is_token = token.isascii() and token.isdigit() and len(token) <= 3
    return Wish("o" in flags, "".join(field for field in FIELDS if field in letters), token if is_token else "0")


def run(chat: Chat, client: Client, line: Line) -> None:
    """List the members of a room, or the people whose name, user, host or real name fits a mask."""
    mask = line.params[0] if line.params else "*"
    wish = read_wish(line.params[1] if len(line.params) > 1 else "")
    if mask[:1] == ROOM_PREFIX:
        room = chat.room(mask)
        if room is not None and not isinstance(gates.see_members(client, room), Refused):
            for person in audiences.visible_members(room, client):
                if client in room.members or not person.modes & INVISIBLE:
                    _tell(chat, client, person, room, wish)
    else:
        exact = chat.person(mask)
        if exact is not None:
            # Who knows the whole name may look it up, invisible or not.
            _tell(chat, client, exact, _shared(client, exact), wish)
        else:
            _by_mask(chat, client, "*" if mask in ("", "0") else mask, wish)
    chat.numeric(client, n.RPL_ENDOFWHO, mask or "*")


def _by_mask(chat: Chat, client: Client, mask: str, wish: Wish) -> None:
    told = 0
    folded = fold(mask)
    all_fit = masks.glob(folded, fold(chat.settings.server))
    for person in chat.world.people.values():
        if wish.operators_only and not person.modes & OPERATOR:
            continue
        texts = (person.folded, fold(person.user), person.host, fold(person.real_name))
        if not all_fit and not any(masks.glob(folded, text) for text in texts):
            continue
        shared = _shared(client, person)
        if person.modes & INVISIBLE and shared is None and person is not client:
            continue
        if told >= ANSWERS_MAX:
            chat.answer(f"NOTE WHO TOO_MANY_MATCHES * :Only the first {ANSWERS_MAX} are listed. Ask more narrowly.")
            return
        told += 1
        _tell(chat, client, person, shared, wish)


def _shared(client: Client, person: Person) -> Room | None:
    """Find a room both are in, where the one may know of the other; of one's own, any."""
    for room in person.rooms:
        if client in room.members and audiences.sees(client, person, room):
            return room
    return None


def _tell(chat: Chat, client: Client, person: Person, room: Room | None, wish: Wish) -> None:
    if wish.operators_only and not person.modes & OPERATOR:
        return
    name = room.name if room is not None else "*"
    flags = _flags(chat, person, room)
    server = chat.settings.server
    if wish.fields is None:
        last = f"0 {person.real_name}"
        chat.numeric(client, n.RPL_WHOREPLY, name, person.user, person.host, server, person.nick, flags, last)
        return
    shows_idle = person is client or client.modes & OPERATOR
    idle_s = max(0, chat.now_ms - person.spoke_at_ms) // 1000 if shows_idle else 0
    values = {
        "t": wish.token,
        "c": name,
        "u": person.user,
        "i": _NO_ADDRESS,
        "h": person.host,
        "s": server,
        "n": person.nick,
        "f": flags,
        "d": "0",
        "l": str(idle_s),
        "a": person.account or "0",
        "o": "n/a",
        "r": person.real_name,
    }
    chat.numeric(client, n.RPL_WHOSPCRPL, *[values[field] for field in wish.fields])


def _flags(chat: Chat, person: Person, room: Room | None) -> str:
    """Write whether somebody is away, an operator, of which rank in the room that is shown, and a bot."""
    flags = "G" if person.away else "H"
    if person.modes & OPERATOR:
        flags += "*"
    if room is not None:
        flags += marks(room.members[person], every_mark=bool(chat.connection.capabilities & MULTI_PREFIX))
    return flags + modes.BOT if person.modes & BOT else flags
