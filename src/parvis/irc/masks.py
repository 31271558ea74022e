"""Masks `nick!user@host` with `*` and `?`.

Source: RFC 2812, section 2.5; modern IRC, "Wildcard expressions".
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from parvis.irc.casemapping import fold

MASK_BYTES_MAX: Final = 200
"""Longest mask that is kept in a list; ours, a mask of the longest names fits."""

PATTERNS_KEPT: Final = 2048
"""Compiled masks and lists of masks remembered; ours."""

PATTERNS_OF_LIST: Final = 16
"""Most patterns that stand for one list of masks; ours."""


def complete(mask: str) -> str:
    """Fill in what a mask leaves out: `nick` is `nick!*@*`, `user@host` is `*!user@host`, `*.host` is `*!*@*.host`."""
    if "!" in mask:
        nick, _, rest = mask.partition("!")
        user, _, host = rest.partition("@")
        return f"{nick or '*'}!{user or '*'}@{host or '*'}"
    if "@" in mask:
        user, _, host = mask.partition("@")
        return f"*!{user or '*'}@{host or '*'}"
    if "." in mask or ":" in mask:
        return f"*!*@{mask}"
    return f"{mask or '*'}!*@*"


def matches(mask: str, text: str) -> bool:
    """Tell whether a text (a whole `nick!user@host`, a nick, a room's name) fits a mask, case folded."""
    return glob(fold(mask), fold(text))


def glob(mask: str, text: str) -> bool:
    """Match `*` and `?`, both folded already."""
    return _compiled((mask,)).match(text) is not None


def patterns_of(masks: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Make a few patterns for several masks, to match folded texts with: a text that fits one fits a mask.

    A change of one mask makes one of the patterns anew. In which of them a mask stands is decided by Python's own
    hash, which is keyed: nobody can choose masks that all stand in one.
    """
    shares: dict[int, list[str]] = {}
    for mask in map(fold, masks):
        shares.setdefault(hash(mask) % PATTERNS_OF_LIST, []).append(mask)
    return tuple([_compiled(tuple(share)) for share in shares.values()])


@lru_cache(maxsize=PATTERNS_KEPT)
def _compiled(masks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_pattern(mask)})" for mask in masks), re.DOTALL)


def _pattern(mask: str) -> str:
    """Write a mask as a pattern that never goes back over a star: time is bounded by the product of both lengths."""
    first, *rest = [_piece(piece) for piece in mask.split("*")]
    if not rest:
        return first + r"\Z"
    *middle, last = rest
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + f".*{last}" + r"\Z"


def _piece(piece: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in piece)
