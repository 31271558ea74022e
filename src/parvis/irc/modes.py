"""Mode changes: reading what a client asks, writing what was done.

Source: modern IRC, "MODE message", "Channel modes", CHANMODES.
"""

from typing import Final

import msgspec

LISTS: Final = "beI"
"""Type A: ban, exception and invitation lists."""
WITH_PARAMETER: Final = "k"
"""Type B: a parameter to set and to take away."""
WITH_PARAMETER_TO_SET: Final = "Hl"
"""Type C: a parameter only to set."""
FLAGS: Final = "imnst"
"""Type D: never a parameter."""
RANKS: Final = "ov"
"""Marks of members, highest first."""
MARKS: Final = "@+"
"""How the ranks are shown, in the same order."""
USER_MODES: Final = "Biorw"
"""Modes of a person: bot, invisible, operator, logged in, reads WALLOPS."""
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
