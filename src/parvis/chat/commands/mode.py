"""MODE: of rooms and of oneself. Source: modern IRC, "MODE message", "Channel modes", "User modes"."""

from collections.abc import Callable
from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import history, hosts
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import bans, masks, modes
from parvis.irc import numerics as n
from parvis.irc.limits import KEY_BYTES_MAX, MODES_PER_LINE
from parvis.irc.line import Line
from parvis.irc.modes import ModeChange
from parvis.irc.names import ROOM_PREFIX
from parvis.irc.spans import read_span, write_span
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.person import BOT, FROM_ACCOUNTS, INVISIBLE, NO_CTCP, OPERATOR, READS_WALLOPS, Person
from parvis.model.records import ListMask, RecordKind
from parvis.model.room import RANK_OF, Room
from parvis.model.verdicts import Refused
from parvis.policy import gates

_LIST_NUMERICS = {
    "b": (n.RPL_BANLIST, n.RPL_ENDOFBANLIST),
    "e": (n.RPL_EXCEPTLIST, n.RPL_ENDOFEXCEPTLIST),
    "I": (n.RPL_INVEXLIST, n.RPL_ENDOFINVEXLIST),
}
_USER_BIT = {"B": BOT, "R": FROM_ACCOUNTS, "T": NO_CTCP, "i": INVISIBLE, "o": OPERATOR, "w": READS_WALLOPS}
_GIVEN: Final = {
    "o": "Only OPER makes somebody an operator.",
    "r": "The mode r says that somebody is logged in: it cannot be set.",
}
"""Modes that one does not give to oneself, and what to say of each."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show or change the modes of a room or of oneself."""
    target = line.params[0]
    if target[:1] != ROOM_PREFIX:
        _of_person(chat, client, line)
        return
    room = chat.known_room(client, target)
    if room is None:
        chat.numeric(client, n.ERR_NOSUCHCHANNEL, target)
        return
    if len(line.params) == 1 or not line.params[1]:
        _show(chat, client, room)
        return
    wishes = modes.parse_room_modes(line.params[1:])
    done: list[ModeChange] = []
    verdict = gates.change_modes(client, room)
    shown: set[str] = set()
    told = False
    for wish in wishes[:MODES_PER_LINE]:
        if wish.letter in modes.LISTS and wish.parameter is None:
            if wish.letter not in shown:
                shown.add(wish.letter)
                _show_list(chat, client, room, wish.letter)
        elif wish.letter not in _CHANGE:
            chat.numeric(client, n.ERR_UNKNOWNMODE, wish.letter)
        elif isinstance(verdict, Refused):
            if not told:
                told = True
                chat.refuse(client, n.ERR_CHANOPRIVSNEEDED, room.name, verdict=verdict)
        elif wish.lacks_parameter():
            what = "This mode needs a parameter"
            chat.numeric(client, n.ERR_INVALIDMODEPARAM, room.name, wish.letter, "*", what)
        else:
            change = _CHANGE[wish.letter](chat, client, room, wish)
            if change is not None:
                done.append(change)
    if done:
        chat.keep(room)
        for part in _in_lines(done, room, client):
            body = b":%b MODE %b %b" % (client.prefix, room.name.encode(), modes.write_modes(part).encode())
            chat.happen(RecordKind.MODE, client, room.id, body, audiences.of_room(room))
    if len(wishes) > MODES_PER_LINE:
        left = len(wishes) - MODES_PER_LINE
        text = f"One MODE makes at most {MODES_PER_LINE} changes: the last {left} were not looked at. Send them again."
        chat.fail("MODE", "TOO_MANY_CHANGES", room.name, text)


def _in_lines(done: list[ModeChange], room: Room, client: Client) -> list[list[ModeChange]]:
    """Cut changes so that each line fits in 512 bytes with its source and room."""
    room_left = 500 - len(client.prefix) - len(room.name.encode()) - 10
    parts: list[list[ModeChange]] = [[]]
    size = 0
    for change in done:
        cost = 3 + (len(change.parameter.encode()) if change.parameter else 0)
        if size + cost > room_left and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(change)
        size += cost
    return parts


def _show(chat: Chat, client: Client, room: Room) -> None:
    # The key is shown to members alone.
    values = {"k": room.key and (room.key if client in room.members else "*"), "l": str(room.limit or "")}
    if room.visible_s is not None:
        values["H"] = write_span(room.visible_s)
    is_set = [mode.letter for mode in modes.ROOM_MODES if mode.letter in room.flags or values.get(mode.letter)]
    letters = "".join(is_set)
    words = "".join(f" {values[letter]}" for letter in is_set if letter in values)
    chat.answer(f"{n.RPL_CHANNELMODEIS} {client.nick} {room.name} +{letters}{words}")
    chat.answer(f"{n.RPL_CREATIONTIME} {client.nick} {room.name} {room.created_at_ms // 1000}")


def _show_list(chat: Chat, client: Client, room: Room, kind: str) -> None:
    row, end = _LIST_NUMERICS[kind]
    # Whom a room bans is seen by its members; exceptions and invitations by its hosts alone.
    verdict = gates.see_list(client, room, kind)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_CHANOPRIVSNEEDED, room.name, verdict=verdict)
        return
    for entry in room.entries(kind):
        chat.answer(f"{row} {client.nick} {room.name} {entry.mask} {entry.set_by} {entry.set_at_ms // 1000}")
    chat.numeric(client, end, room.name)


# Each of these makes one change true and gives what was done, or answers and gives nothing.


def _flag(chat: Chat, _client: Client, room: Room, wish: ModeChange) -> ModeChange | None:
    if (wish.letter in room.flags) == wish.adding:
        return None
    chat.apply(e.FlagChanged(room, wish.letter, wish.adding))
    return wish


def _rank(chat: Chat, client: Client, room: Room, wish: ModeChange) -> ModeChange | None:
    person = chat.person(wish.parameter or "")
    if person is None:
        chat.numeric(client, n.ERR_NOSUCHNICK, wish.parameter or "*")
        return None
    held = room.members.get(person)
    if held is None:
        chat.numeric(client, n.ERR_USERNOTINCHANNEL, person.nick, room.name)
        return None
    bit = RANK_OF[wish.letter]
    if bool(held & bit) == wish.adding:
        return None
    if not wish.adding:
        verdict = gates.take_rank(client, person, room, bit)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_CHANOPRIVSNEEDED, room.name, verdict=verdict)
            return None
    chat.apply(e.RankChanged(room, person, bit, wish.adding))
    return ModeChange(wish.adding, wish.letter, person.nick)


def _list(chat: Chat, client: Client, room: Room, wish: ModeChange) -> ModeChange | None:
    mask = bans.entry(wish.parameter or "")
    if mask is None or len(mask.encode()) > masks.MASK_BYTES_MAX:
        what = "This is no mask and no account" if mask is None else "This mask is too long"
        chat.numeric(client, n.ERR_INVALIDMODEPARAM, room.name, wish.letter, "*", what)
        return None
    mask = hosts.any_label(mask)
    # Masks match whatever the case, so that one is the same mask whatever its case.
    listed = next((entry.mask for entry in room.entries(wish.letter) if bans.is_same(entry.mask, mask)), None)
    if (listed is not None) == wish.adding:
        return None
    if listed is not None:
        chat.apply(e.MaskUnlisted(room, wish.letter, listed))
        return ModeChange(False, wish.letter, listed)
    verdict = gates.list_mask(room, chat.settings.list_modes)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_BANLISTFULL, room.name, wish.letter, verdict=verdict)
        return None
    chat.apply(e.MaskListed(room, ListMask(wish.letter, mask, client.nick, chat.now_ms)))
    return ModeChange(True, wish.letter, mask)


def _key(chat: Chat, client: Client, room: Room, wish: ModeChange) -> ModeChange | None:
    if not wish.adding:
        if not room.key:
            return None
        shown = room.key
        chat.apply(e.KeySet(room, ""))
        return ModeChange(False, "k", shown)
    key = wish.parameter or ""
    if not key or len(key.encode()) > KEY_BYTES_MAX or any(char in key for char in " ,:"):
        chat.numeric(client, n.ERR_INVALIDKEY, room.name, "Key is not well-formed")
        return None
    if key == room.key:
        return None
    chat.apply(e.KeySet(room, key))
    return ModeChange(True, "k", key)


def _limit(chat: Chat, client: Client, room: Room, wish: ModeChange) -> ModeChange | None:
    if not wish.adding:
        if not room.limit:
            return None
        chat.apply(e.LimitSet(room, 0))
        return ModeChange(False, "l", None)
    given = wish.parameter or ""
    if not (given.isascii() and given.isdigit() and len(given) < 7 and int(given) > 0):
        chat.numeric(client, n.ERR_INVALIDMODEPARAM, room.name, "l", "*", "A limit is a number from 1 to 999999")
        return None
    if int(given) == room.limit:
        return None
    chat.apply(e.LimitSet(room, int(given)))
    return ModeChange(True, "l", str(int(given)))


def _visible(chat: Chat, client: Client, room: Room, wish: ModeChange) -> ModeChange | None:
    """Choose how much of the room newcomers may fetch: `+H 2h`; `-H`: what the server chose.

    A longer window opens nothing that was closed until now: it was said when newcomers could not read it.
    """
    seconds: int | None = None
    if wish.adding:
        seconds = read_span(wish.parameter or "")
        if seconds is None:
            what = 'A window is a length of time such as "0s", "30m", "2h" or "1d"'
            chat.numeric(client, n.ERR_INVALIDMODEPARAM, room.name, "H", "*", what)
            return None
        verdict = gates.visible_window(room, seconds, chat.settings.resume_s, chat.settings.window_s_max)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_INVALIDMODEPARAM, room.name, "H", "*", verdict=verdict)
            return None
    if seconds == room.visible_s:
        return None
    open_until_now_ms = chat.now_ms - 1000 * history.visible_s(chat, room)
    chat.apply(e.VisibleSet(room, seconds, max(room.visible_from_ms, open_until_now_ms)))
    return ModeChange(wish.adding, "H", None if seconds is None else write_span(seconds))


_CHANGE: dict[str, Callable[[Chat, Client, Room, ModeChange], ModeChange | None]] = {
    **dict.fromkeys(modes.FLAGS, _flag),
    **dict.fromkeys(modes.RANKS, _rank),
    **dict.fromkeys(modes.LISTS, _list),
    "H": _visible,
    "k": _key,
    "l": _limit,
}


def _of_person(chat: Chat, client: Client, line: Line) -> None:
    person = chat.person(line.params[0])
    if person is None:
        chat.numeric(client, n.ERR_NOSUCHNICK, line.params[0] or "*")
        return
    if person is not client:
        chat.numeric(client, n.ERR_USERSDONTMATCH)
        return
    if len(line.params) == 1 or not line.params[1]:
        chat.answer(f"{n.RPL_UMODEIS} {client.nick} +{user_modes(client)}")
        return
    wanted = client.modes
    adding = True
    unknown = False
    refused: dict[str, str] = {}
    for letter in line.params[1]:
        if letter in "+-":
            adding = letter == "+"
        elif letter not in modes.USER_MODES:
            unknown = True
        elif letter in _USER_BIT and not adding:
            wanted &= ~_USER_BIT[letter]
        elif letter in _GIVEN:
            refused[letter] = _GIVEN[letter]
        else:
            wanted |= _USER_BIT[letter]
    if unknown:
        chat.numeric(client, n.ERR_UMODEUNKNOWNFLAG)
    for letter, text in refused.items():
        chat.fail("MODE", "MODE_NOT_YOURS_TO_SET", letter, text)
    set_user_modes(chat, client, wanted)


def set_user_modes(chat: Chat, client: Client, wanted: int) -> None:
    """Change somebody's own modes and tell them what changed."""
    changes = [
        ModeChange(bool(wanted & bit), letter, None)
        for letter, bit in _USER_BIT.items()
        if (wanted ^ client.modes) & bit
    ]
    if not changes:
        return
    chat.apply(e.UserModesSet(client, wanted))
    changes.sort(key=lambda change: not change.adding)
    body = b":%b MODE %b :%b" % (client.prefix, client.nick.encode(), modes.write_modes(changes).encode())
    # Every device of the person reads it, and nobody else.
    chat.happen(RecordKind.MODE, client, PRESENCE, body, audiences.Audience((client,)))


def user_modes(person: Person) -> str:
    """Write somebody's own modes."""
    held = {letter for letter, bit in _USER_BIT.items() if person.modes & bit}
    if person.account:
        held.add("r")
    return "".join(letter for letter in modes.USER_MODES if letter in held)


def bits_of(letters: str) -> int:
    """Give the bits of modes that everybody enters with; a sign in front means nothing."""
    return sum(_USER_BIT[letter] for letter in set(letters) - {"+"})
