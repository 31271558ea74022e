"""Mode changes: reading what a client asks, writing what was done.

Source: modern IRC, "MODE message", "Channel modes", CHANMODES.
"""

from typing import Final

import msgspec

LISTS: Final = "beI"
"""Type A: ban, exception and invitation lists."""
WITH_PARAMETER: Final = "k"
"""Type B: a parameter to set and to take away."""
WITH_PARAMETER_TO_SET: Final = "l"
"""Type C: a parameter only to set."""
FLAGS: Final = "imnst"
"""Type D: never a parameter."""
RANKS: Final = "ov"
"""Marks of members, highest first."""
MARKS: Final = "@+"
"""How the ranks are shown, in the same order."""
USER_MODES: Final = "io"
"""Modes of a person."""


class ModeChange(msgspec.Struct, frozen=True):
    """One wish of a MODE command. A list mode without parameter asks to see the list."""

    adding: bool
    letter: str
    parameter: str | None


def parse_room_modes(words: list[str]) -> list[ModeChange]:
    """Read the words after the room's name in MODE. A change without the parameter it needs is left out."""
    changes: list[ModeChange] = []
    rest = iter(words[1:])
    adding = True
    for letter in words[0]:
        if letter in "+-":
            adding = letter == "+"
        elif letter in LISTS:
            changes.append(ModeChange(adding, letter, next(rest, None)))
        elif letter in RANKS or letter in WITH_PARAMETER or (letter in WITH_PARAMETER_TO_SET and adding):
            parameter = next(rest, None)
            # "-k" is accepted without its key: who may take it away knows that it is there.
            if parameter is not None or (letter in WITH_PARAMETER and not adding):
                changes.append(ModeChange(adding, letter, parameter))
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
