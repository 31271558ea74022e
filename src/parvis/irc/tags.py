"""Message tags: `@key=value;+client/key=value`.

Source: IRCv3 message-tags, "Format", "Escaping values", "Rules for naming message tags".
"""

import re
from collections.abc import Mapping
from typing import Final

Tags = Mapping[str, str]
"""Tags of a line, keys with their `+` and vendor, values unescaped; a missing value is the empty string."""

NO_TAGS: Final[dict[str, str]] = {}
"""The tags of a line without any. Shared: never written to."""

BOT_TAG: Final = "bot"
"""The tag on the lines of somebody with the user mode B (IRCv3 bot-mode)."""

FOR_HOSTS_TAG: Final = "parvis.chat/for-hosts"
"""On what hosts alone read of a room (mode U), its author too. Of the server: no client can set it, it has no `+`."""

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


def client_only(tags: Tags) -> str:
    """Write the tags that are relayed as they are, those with `+`, for the wire: `+a=b;+c`, or the empty string."""
    return ";".join(f"{key}={escape(value)}" if value else key for key, value in tags.items() if key.startswith("+"))
