"""NAMES: who is in a room. Source: modern IRC, "NAMES"; IRCv3 multi-prefix, userhost-in-names."""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import MULTI_PREFIX, USERHOST_IN_NAMES
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.irc.modes import MARKS, RANKS
from parvis.irc.wire import middle
from parvis.model.person import INVISIBLE
from parvis.model.room import RANK_OF, Room
from parvis.model.verdicts import Refused
from parvis.policy import gates

_NAME_CHARS_MAX: Final = 64
"""Most characters that are shown back of a name that no room bears; ours."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the members of each room named; without a name, nothing: LIST tells which rooms there are."""
    if not line.params:
        chat.numeric(client, n.RPL_ENDOFNAMES, "*")
        return
    names = list(dict.fromkeys(line.params[0].split(",")))
    if len(names) > chat.settings.targets:
        chat.numeric(client, n.ERR_TOOMANYTARGETS, line.params[0][:64])
        return
    shown = []
    for name in names:
        room = chat.room(name)
        # A secret room answers as one that does not exist.
        if room is not None and not isinstance(gates.see_members(client, room), Refused):
            _list(chat, client, room, comes_in=False)
            shown.append(room.name)
        else:
            shown.append(middle(name)[:_NAME_CHARS_MAX])
    _end(chat, client, ",".join(shown))


def tell(chat: Chat, client: Client, room: Room) -> None:
    """List the members whom somebody who comes in may see, themselves too (RFC 2812, section 3.2.1).

    Asked for later, the list of an auditorium is the same for all without rank: those whom everybody sees.
    """
    _list(chat, client, room, comes_in=True)
    _end(chat, client, room.name)


def _end(chat: Chat, client: Client, shown: str) -> None:
    # One end for all that was asked for, in the words of the asker: with four names it is longer than a word may be.
    chat.answer(f"{n.RPL_ENDOFNAMES} {client.nick} {shown} :{n.TEXT[n.RPL_ENDOFNAMES]}")


def _list(chat: Chat, client: Client, room: Room, *, comes_in: bool) -> None:
    inside = client in room.members
    every_mark = bool(chat.connection.capabilities & MULTI_PREFIX)
    whole = bool(chat.connection.capabilities & USERHOST_IN_NAMES)
    names = [
        marks(room.members[person], every_mark=every_mark) + (person.mask() if whole else person.nick)
        for person in audiences.visible_members(room, client)
        if (inside or not person.modes & INVISIBLE)
        and (person is not client or comes_in or "u" not in room.flags or room.members[person])
    ]
    symbol = "@" if "s" in room.flags else "="
    head = f":{chat.settings.server} {n.RPL_NAMREPLY} {client.nick} {symbol} {room.name} :"
    space = BODY_BYTES_MAX - 2 - len(head.encode())
    line: list[str] = []
    size = 0
    for name in names:
        name_bytes = len(name.encode()) + 1
        if size + name_bytes > space + 1:
            chat.numeric(client, n.RPL_NAMREPLY, symbol, room.name, " ".join(line))
            line, size = [], 0
        line.append(name)
        size += name_bytes
    if line:
        chat.numeric(client, n.RPL_NAMREPLY, symbol, room.name, " ".join(line))


def marks(rank: int, *, every_mark: bool) -> str:
    """Write a rank as its marks, highest first: the highest alone unless every one is asked for."""
    if not rank:
        return ""
    shown = "".join(mark for letter, mark in zip(RANKS, MARKS, strict=True) if rank & RANK_OF[letter])
    return shown if every_mark else shown[:1]
