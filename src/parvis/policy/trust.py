"""How far somebody is trusted: levels from age, activity and record, never from who they are.

What each level may do is a table of the configuration, `[trust.LEVEL]`; the numbers here are its defaults, and ours.
"""

from enum import IntEnum
from typing import Final

import msgspec


class Level(IntEnum):
    """The levels, the least trusted first."""

    NEWCOMER = 0
    KNOWN = 1
    REGULAR = 2
    TRUSTED = 3


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of a level may do."""

    links: bool
    """Whether links may stand in what they say in rooms."""
    pictures: bool
    strangers_a_day: int
    """To how many people who never answered them they may write a request in 24 hours."""
    new_rooms_a_day: int
    mentions: int
    """How many people one message may name."""


ALLOWANCES: Final = {
    Level.NEWCOMER: Allowance(links=False, pictures=False, strangers_a_day=3, new_rooms_a_day=1, mentions=3),
    Level.KNOWN: Allowance(links=True, pictures=True, strangers_a_day=5, new_rooms_a_day=3, mentions=5),
    Level.REGULAR: Allowance(links=True, pictures=True, strangers_a_day=10, new_rooms_a_day=5, mentions=8),
    Level.TRUSTED: Allowance(links=True, pictures=True, strangers_a_day=20, new_rooms_a_day=10, mentions=12),
}
"""The defaults."""
