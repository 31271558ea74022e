"""Masks `nick!user@host` with `*` and `?`.

Source: RFC 2812, section 2.5; modern IRC, "Wildcard expressions".
"""

from typing import Final

from parvis.irc.casemapping import fold

MASK_BYTES_MAX: Final = 200
"""Longest mask that is kept in a list; ours, a mask of the longest names fits."""


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
    """Match `*` and `?` in time bounded by the product of both lengths: one star at most is ever retried."""
    at_text = at_mask = 0
    star = -1
    retry = 0
    while at_text < len(text):
        if at_mask < len(mask) and mask[at_mask] == "*":
            star, retry = at_mask, at_text
            at_mask += 1
        elif at_mask < len(mask) and mask[at_mask] in ("?", text[at_text]):
            at_mask += 1
            at_text += 1
        elif star >= 0:
            retry += 1
            at_mask, at_text = star + 1, retry
        else:
            return False
    return all(char == "*" for char in mask[at_mask:])
