"""What a name may look like.

Source: RFC 2812, section 2.3.1, widened to Unicode letters as IRCv3 utf8-only servers do; modern IRC, "Channels".
"""

import re
from typing import Final

ROOM_PREFIX: Final = "#"
"""CHANTYPES: rooms begin with it."""

_PSEUDONYM: Final = re.compile(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]*\Z")
_PSEUDONYM_ASCII: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789[]\\`_^{|}-")
_ROOM_FORBIDDEN: Final = re.compile("[\0-\x20,\x07\x7f\u0080-\u00a0\u2000-\u200f\u2028-\u202f\u205f-\u206f\ufeff]")
_USER_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._\[\]\\`^{|}-]")


def is_pseudonym(name: str, bytes_max: int) -> bool:
    """Tell whether a person may bear this name.

    ASCII by the grammar of RFC 2812; beyond it letters and combining marks of any script (never spaces, marks
    of direction, or anything invisible), so that people can write their names.
    """
    if not name or len(name.encode()) > bytes_max:
        return False
    if name.isascii():
        return _PSEUDONYM.match(name) is not None
    if name[0] in "0123456789-":
        return False
    return all(char in _PSEUDONYM_ASCII or (not char.isascii() and char.isalnum()) for char in name)


def is_room(name: str, bytes_max: int) -> bool:
    """Tell whether a room may bear this name, prefix included: no space, comma, control or invisible character."""
    return (
        len(name) > 1
        and name[0] == ROOM_PREFIX
        and len(name.encode()) <= bytes_max
        and _ROOM_FORBIDDEN.search(name) is None
    )


def user_name(given: str, bytes_max: int) -> str:
    """Make what a client gave in USER fit a mask: other characters dropped, cut, never empty."""
    return _USER_FORBIDDEN.sub("", given)[:bytes_max] or "u"
