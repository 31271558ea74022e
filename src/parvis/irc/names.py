"""What a name may look like.

Source: RFC 2812, section 2.3.1, widened to Unicode letters as IRCv3 utf8-only servers do; modern IRC, "Channels".
"""

import re
from typing import Final
from unicodedata import category, is_normalized

ROOM_PREFIX: Final = "#"
"""CHANTYPES: rooms begin with it."""

_PSEUDONYM: Final = re.compile(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]*\Z")
_PSEUDONYM_ASCII: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789[]\\`_^{|}-")
_USER_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._\[\]\\`^{|}-]")
_LETTERS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})
"""Categories of Unicode that a name may hold beyond ASCII: letters, the marks that belong to them, digits."""
_NEVER_FIRST: Final = frozenset({"Mn", "Mc", "Nd"})
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What looks like nothing although its category is that of letters, marks or symbols (Default_Ignorable, and BRAILLE
PATTERN BLANK)."""


def is_pseudonym(name: str, bytes_max: int) -> bool:
    """Tell whether a person may bear this name.

    ASCII by the grammar of RFC 2812; beyond it letters, their marks and digits of any script in their composed form
    (NFC), so that people can write their names; never a space, a mark of direction, or anything that cannot be seen.
    """
    if not name or len(name.encode()) > bytes_max:
        return False
    if name.isascii():
        return _PSEUDONYM.match(name) is not None
    if name[0] in "0123456789-" or category(name[0]) in _NEVER_FIRST:
        return False
    return (
        _BLANK.search(name) is None
        and is_normalized("NFC", name)
        and all(char in _PSEUDONYM_ASCII or (not char.isascii() and category(char) in _LETTERS) for char in name)
    )


def is_room(name: str, bytes_max: int) -> bool:
    """Tell whether a room may bear this name, prefix included: no space, comma, control or invisible character."""
    if len(name) < 2 or name[0] != ROOM_PREFIX or "," in name or len(name.encode()) > bytes_max:
        return False
    if name.isascii():
        return name.isprintable() and " " not in name
    return (
        _BLANK.search(name) is None
        and is_normalized("NFC", name)
        and all(category(char) not in _UNSEEN for char in name)
    )


def user_name(given: str, bytes_max: int) -> str:
    """Make what a client gave in USER fit a mask: other characters dropped, cut, never empty."""
    return _USER_FORBIDDEN.sub("", given)[:bytes_max] or "u"
