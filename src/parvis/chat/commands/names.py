"""NAMES: who is in a room. Source: modern IRC, "NAMES"; IRCv3 multi-prefix, userhost-in-names."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import MULTI_PREFIX, USERHOST_IN_NAMES
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.irc.modes import MARKS, RANKS
from parvis.model.person import INVISIBLE
from parvis.model.room import RANK_OF, Room
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the members of each room named; without a name, nothing: LIST tells which rooms there are."""
    if not line.params:
        chat.numeric(client, n.RPL_ENDOFNAMES, "*")
        return
    names = list(dict.fromkeys(line.params[0].split(",")))
    if len(names) > chat.settings.targets:
        chat.numeric(client, n.ERR_TOOMANYTARGETS, line.params[0][:64])
        return
    for name in names:
        room = chat.room(name)
        if room is None or isinstance(gates.see_members(client, room), Refused):
            # A secret room answers as one that does not exist.
            chat.numeric(client, n.RPL_ENDOFNAMES, name or "*")
        else:
            tell(chat, client, room)


def tell(chat: Chat, client: Client, room: Room) -> None:
    """List the members whom this client may see, with their marks."""
    inside = client in room.members
    every_mark = bool(chat.connection.capabilities & MULTI_PREFIX)
    whole = bool(chat.connection.capabilities & USERHOST_IN_NAMES)
    names = [
        marks(rank, every_mark=every_mark) + (person.mask() if whole else person.nick)
        for person, rank in room.members.items()
        if inside or not person.modes & INVISIBLE
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
    chat.numeric(client, n.RPL_ENDOFNAMES, room.name)


def marks(rank: int, *, every_mark: bool) -> str:
    """Write a rank as its marks, highest first: the highest alone unless every one is asked for."""
    if not rank:
        return ""
    shown = "".join(mark for letter, mark in zip(RANKS, MARKS, strict=True) if rank & RANK_OF[letter])
    return shown if every_mark else shown[:1]
