"""Mode changes: reading what a client asks, writing what was done.

Source: modern IRC, "MODE message", "Channel modes", CHANMODES.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Takes(StrEnum):
    """What follows a letter; the four types of CHANMODES, in its order."""

    MASK = "a mask, of a list"
    ALWAYS = "a parameter, to set and to take away"
    TO_SET = "a parameter, only to set"
    NOTHING = "nothing"


class RoomMode(msgspec.Struct, frozen=True):
    """One mode of a room."""

    letter: str
    takes: Takes
    meaning: str


ROOM_MODES: Final = (
    RoomMode("b", Takes.MASK, "Who may neither come in nor write."),
    RoomMode("e", Takes.MASK, "Who may all the same."),
    RoomMode("I", Takes.MASK, "Who may come in although invitations are asked for."),
    RoomMode("C", Takes.NOTHING, "No CTCP but ACTION (`/me`)."),
    RoomMode("i", Takes.NOTHING, "Open by invitation only."),
    RoomMode("m", Takes.NOTHING, "Moderated: only hosts and the voiced write."),
    RoomMode("M", Takes.NOTHING, "Who is not logged in to an account writes only when voiced."),
    RoomMode("n", Takes.NOTHING, "Only members write."),
    RoomMode("R", Takes.NOTHING, "Only who is logged in to an account comes in."),
    RoomMode("s", Takes.NOTHING, "Secret: to others it is as if it did not exist."),
    RoomMode("t", Takes.NOTHING, "Only hosts set the topic."),
    RoomMode("u", Takes.NOTHING, "Auditorium: members see hosts and the voiced, hosts see all."),
    RoomMode("U", Takes.NOTHING, "Op-moderated: what the unvoiced write reaches hosts alone."),
    RoomMode("k", Takes.ALWAYS, "A key that is asked for at the door."),
    RoomMode("H", Takes.TO_SET, "How much of what was said newcomers may fetch, as in `2h`."),
    RoomMode("l", Takes.TO_SET, "Most members."),
)
"""Every mode of a room, in the order in which RPL_CHANNELMODEIS writes them."""


def _letters(takes: Takes) -> str:
    return "".join(mode.letter for mode in ROOM_MODES if mode.takes is takes)


LISTS: Final = _letters(Takes.MASK)
"""Type A: ban, exception and invitation lists."""
WITH_PARAMETER: Final = _letters(Takes.ALWAYS)
"""Type B: a parameter to set and to take away."""
WITH_PARAMETER_TO_SET: Final = _letters(Takes.TO_SET)
"""Type C: a parameter only to set."""
FLAGS: Final = _letters(Takes.NOTHING)
"""Type D: never a parameter."""
RANKS: Final = "ov"
"""Marks of members, highest first."""
MARKS: Final = "@+"
"""How the ranks are shown, in the same order."""
USER_MODES: Final = "BRTiorw"
"""Modes of a person: bot, reads accounts alone, takes no CTCP, invisible, operator, logged in, reads WALLOPS."""
BOT: Final = "B"
"""The user mode and WHO flag of bots, told as BOT in ISUPPORT (IRCv3 bot-mode)."""


class ModeChange(msgspec.Struct, frozen=True):
    """One wish of a MODE command. A list mode without parameter asks to see the list."""

    adding: bool
    letter: str
    parameter: str | None

    def lacks_parameter(self) -> bool:
        """Tell whether it cannot be done for want of a parameter; a list without one is shown, `-k` needs no key."""
        needs = self.letter in RANKS or (self.adding and self.letter in WITH_PARAMETER + WITH_PARAMETER_TO_SET)
        return needs and self.parameter is None


def parse_room_modes(words: list[str]) -> list[ModeChange]:
    """Read the words after the room's name in MODE. Where parameters run out, they are None."""
    changes: list[ModeChange] = []
    rest = iter(words[1:])
    adding = True
    for letter in words[0]:
        if letter in "+-":
            adding = letter == "+"
        elif letter in LISTS + RANKS + WITH_PARAMETER or (letter in WITH_PARAMETER_TO_SET and adding):
            changes.append(ModeChange(adding, letter, next(rest, None)))
        else:
            changes.append(ModeChange(adding, letter, None))
    return changes


def write_modes(changes: list[ModeChange]) -> str:
    """Write changes that were made: `+ov-l alice bob`."""
    letters: list[str] = []
    sign = ""
    for change in changes:
        wanted = "+" if change.adding else "-"
        if wanted != sign:
            letters.append(wanted)
            sign = wanted
        letters.append(change.letter)
    parameters = [change.parameter for change in changes if change.parameter is not None]
    return " ".join(["".join(letters), *parameters])
