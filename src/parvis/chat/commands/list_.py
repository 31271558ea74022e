"""LIST: which rooms are open. Source: modern IRC, "LIST"; ELIST letters C, M, N, T, U."""

from collections.abc import Callable
from typing import Final

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.room import Room
from parvis.model.verdicts import Refused
from parvis.policy import gates

_CONDITIONS_MAX: Final = 8
"""Most conditions of one LIST; ours."""
_MOMENT: Final[dict[str, Callable[[Room], int]]] = {
    "C": lambda room: room.created_at_ms,
    "T": lambda room: room.topic_set_at_ms,
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """List every room that this client may know of and that meets every condition."""
    conditions = [word for word in line.params[0].split(",") if word] if line.params else []
    names = [word for word in conditions[:_CONDITIONS_MAX] if "*" not in word and "?" not in word and word[0] == "#"]
    tests = [_condition(chat, word) for word in conditions[:_CONDITIONS_MAX] if word not in names]
    # SAFELIST: a long list is bounded by the send queue of a reader who does not read, as any answer is.
    chat.numeric(client, n.RPL_LISTSTART, "Channel", "Users  Name")
    rooms = [chat.room(name) for name in names] if names else list(chat.world.rooms.values())
    for room in rooms:
        if room is None or isinstance(gates.see_members(client, room), Refused):
            continue
        if all(test(room) for test in tests):
            chat.numeric(client, n.RPL_LIST, room.name, str(len(room.members)), room.topic)
    chat.numeric(client, n.RPL_LISTEND)


def _condition(chat: Chat, word: str) -> Callable[[Room], bool]:
    """Read one condition: `>3` and `<3` people, `C<5` and `T>60` minutes ago, a mask, `!` and a mask."""
    if word[0] in "<>" and word[1:].isascii() and word[1:].isdigit() and len(word) < 9:
        count = int(word[1:])
        return (lambda room: len(room.members) > count) if word[0] == ">" else (lambda room: len(room.members) < count)
    if word[0] in _MOMENT and word[1:2] in ("<", ">") and word[2:].isascii() and word[2:].isdigit() and len(word) < 10:
        moment = _MOMENT[word[0]]
        earliest = chat.now_ms - int(word[2:]) * 60_000
        if word[1] == "<":
            return lambda room: moment(room) > earliest
        return lambda room: 0 < moment(room) < earliest
    if word[0] == "!":
        return lambda room: not masks.matches(word[1:], room.name)
    return lambda room: masks.matches(word, room.name)
