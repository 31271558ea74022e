"""Masks `nick!user@host` with `*` and `?`.

Source: RFC 2812, section 2.5; modern IRC, "Wildcard expressions".
"""

import re
from functools import lru_cache
from typing import Final

from parvis.irc.casemapping import fold

MASK_BYTES_MAX: Final = 200
"""Longest mask that is kept in a list; ours, a mask of the longest names fits."""

PATTERNS_KEPT: Final = 2048
"""Compiled masks and lists of masks remembered; ours."""


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


def matches_any(masks: tuple[str, ...], text: str) -> bool:
    """Tell whether a text fits one of several masks, case folded: one pattern stands for them all."""
    return bool(masks) and _compiled(tuple(map(fold, masks))).match(fold(text)) is not None


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
