"""WHO: people in a room or by a mask. Source: modern IRC, "WHO"."""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.commands.names import marks
from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.irc import numerics as n
from parvis.irc.capabilities import MULTI_PREFIX
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.irc.names import ROOM_PREFIX
from parvis.model.person import INVISIBLE, OPERATOR, Person
from parvis.model.room import Room
from parvis.model.verdicts import Refused
from parvis.policy import gates

ANSWERS_MAX: Final = 500
"""Most people that one WHO by mask lists; ours."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """List the members of a room, or the people whose name, user, host or real name fits a mask."""
    mask = line.params[0] if line.params else "*"
    operators_only = len(line.params) > 1 and line.params[1] == "o"
    if mask[:1] == ROOM_PREFIX:
        room = chat.room(mask)
        if room is not None and not isinstance(gates.see_members(client, room), Refused):
            for person in audiences.visible_members(room, client):
                if client in room.members or not person.modes & INVISIBLE:
                    _tell(chat, client, person, room, operators_only=operators_only)
    else:
        exact = chat.person(mask)
        if exact is not None:
            # Who knows the whole name may look it up, invisible or not.
            _tell(chat, client, exact, _shared(client, exact), operators_only=operators_only)
        else:
            _by_mask(chat, client, "*" if mask in ("", "0") else mask, operators_only=operators_only)
    chat.numeric(client, n.RPL_ENDOFWHO, mask or "*")


def _by_mask(chat: Chat, client: Client, mask: str, *, operators_only: bool) -> None:
    told = 0
    folded = fold(mask)
    all_fit = masks.glob(folded, fold(chat.settings.server))
    for person in chat.world.people.values():
        texts = (person.folded, fold(person.user), person.host, fold(person.real_name))
        if not all_fit and not any(masks.glob(folded, text) for text in texts):
            continue
        shared = _shared(client, person)
        if person.modes & INVISIBLE and shared is None and person is not client:
            continue
        told += _tell(chat, client, person, shared, operators_only=operators_only)
        if told >= ANSWERS_MAX:
            return


def _shared(client: Client, person: Person) -> Room | None:
    """Find a room both are in, where the one may know of the other; of one's own, any."""
    for room in person.rooms:
        if client in room.members and audiences.sees(client, person, room):
            return room
    return None


def _tell(chat: Chat, client: Client, person: Person, room: Room | None, *, operators_only: bool) -> bool:
    if operators_only and not person.modes & OPERATOR:
        return False
    flags = "G" if person.away else "H"
    if person.modes & OPERATOR:
        flags += "*"
    if room is not None:
        flags += marks(room.members[person], every_mark=bool(chat.connection.capabilities & MULTI_PREFIX))
    chat.numeric(
        client,
        n.RPL_WHOREPLY,
        room.name if room is not None else "*",
        person.user,
        person.host,
        chat.settings.server,
        person.nick,
        flags,
        f"0 {person.real_name}",
    )
    return True
