"""Message tags: `@key=value;+client/key=value`.

Source: IRCv3 message-tags, "Format", "Escaping values", "Rules for naming message tags", "RPL_ISUPPORT Tokens".
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

Tags = Mapping[str, str]
"""Tags of a line, keys with their `+` and vendor, values unescaped; a missing value is the empty string."""

NO_TAGS: Final[dict[str, str]] = {}
"""The tags of a line without any. Shared: never written to."""

FOR_HOSTS_TAG: Final = "parvis.chat/for-hosts"
"""On what hosts alone read of a room (mode U), its author too. Of the server: no client can set it, it has no `+`."""
BOT_TAG: Final = "bot"
"""The tag on the lines of somebody with the user mode B (IRCv3 bot-mode)."""

_KEY: Final = re.compile(r"\+?(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+\Z")
_ESCAPED: Final = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPE: Final = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPE: Final = str.maketrans({";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"})


def escape(value: str) -> str:
    """Write a tag value for the wire."""
    return value.translate(_ESCAPE)


def unescape(value: str) -> str:
    r"""Read a tag value from the wire: an unknown escape loses its backslash, a lone one at the end too."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: _UNESCAPE.get(found[1], found[1]), value)


def parse_tags(data: str) -> dict[str, str]:
    """Read tag data, without `@` and the space. A key given twice keeps its last value; bad keys are dropped."""
    tags: dict[str, str] = {}
    for item in data.split(";"):
        key, _, value = item.partition("=")
        if _KEY.match(key):
            tags[key] = unescape(value)
    return tags


class Denial(msgspec.Struct, frozen=True):
    """Which client-only tags are not relayed: names without `+`, as ISUPPORT tells them in CLIENTTAGDENY.

    Source: IRCv3 message-tags, "RPL_ISUPPORT Tokens".
    """

    entries: tuple[str, ...] = ()
    """As they are told: `*` in front for all, then `-name` for those that are relayed all the same."""
    names: frozenset[str] = frozenset()
    """What is denied by name or, when all are, what is not."""
    denies_all: bool = False

    def permits(self, key: str) -> bool:
        """Tell whether a tag, with its `+`, is relayed."""
        return (key[1:] in self.names) is self.denies_all


NO_DENIAL: Final = Denial()
"""Every client-only tag is relayed."""


def denial(entries: Iterable[str]) -> Denial:
    """Read the entries of a CLIENTTAGDENY. With `*` in front only `-name` counts, without it only `name`."""
    listed = tuple(entries)
    denies_all = listed[:1] == ("*",)
    rest = listed[1:] if denies_all else listed
    if denies_all:
        names = frozenset(entry[1:] for entry in rest if entry.startswith("-"))
    else:
        names = frozenset(entry for entry in rest if not entry.startswith("-"))
    return Denial(listed, names, denies_all)


def client_only(tags: Tags, denied: Denial = NO_DENIAL) -> str:
    """Write the tags that are relayed as they are, those with `+`, for the wire: `+a=b;+c`, or the empty string."""
    return ";".join(
        f"{key}={escape(value)}" if value else key
        for key, value in tags.items()
        if key.startswith("+") and denied.permits(key)
    )
