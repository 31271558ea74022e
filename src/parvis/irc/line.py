"""One line of the protocol: bytes to value.

Source: RFC 1459, section 2.3.1; modern IRC, "Message format"; IRCv3 message-tags, "Format".
"""

from enum import StrEnum
from typing import Final

import msgspec

from parvis.irc.limits import BODY_BYTES_MAX, CLIENT_TAGS_BYTES_MAX, PARAMETERS_MAX
from parvis.irc.tags import NO_TAGS, Tags, parse_tags

_CRLF_BYTES: Final = 2
_NUL, _LF, _CR = 0, 10, 13


class Fault(StrEnum):
    """Every way in which a line can break the grammar."""

    TOO_LONG = "too long"
    NOT_UTF8 = "not UTF-8"
    FORBIDDEN_BYTE = "forbidden byte"
    EMPTY = "empty"


class Malformed(Exception):
    """A line breaks the grammar. The caller answers by its `fault` and keeps the connection open."""

    def __init__(self, fault: Fault, detail: str) -> None:
        """Say what is wrong in sizes, never in the words of the line."""
        super().__init__(detail)
        self.fault = fault


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line from a client: tags unescaped, command in upper case, text decoded. Its source is dropped."""

    tags: Tags
    command: str
    params: list[str]

    def __repr__(self) -> str:
        """Name the command alone: parameters are people's words."""
        return f"Line({self.command}, {len(self.params)} parameters)"


def parse_line(raw: bytes) -> Line:
    """Read one line sent by a client.

    Args:
        raw: One line without its CR LF; any length.

    Raises:
        Malformed: The line breaks the grammar or a size limit; the caller keeps the connection open.

    Source: RFC 1459, section 2.3.1; IRCv3 message-tags, "Format"; IRCv3 utf8-only.
    """
    if _NUL in raw or _CR in raw or _LF in raw:
        # In the tags too: they are relayed. (A byte is looked for as a number: as bytes it takes four times as long.)
        raise Malformed(Fault.FORBIDDEN_BYTE, "line holds a NUL, a bare CR or an LF")
    tags: Tags = NO_TAGS
    try:
        if raw[:1] == b"@":
            tag_data, _, raw = raw.partition(b" ")
            if len(tag_data) > CLIENT_TAGS_BYTES_MAX + 1:
                raise Malformed(Fault.TOO_LONG, f"tags are {len(tag_data) - 1} bytes, limit is {CLIENT_TAGS_BYTES_MAX}")
            tags = parse_tags(tag_data[1:].decode())
        if len(raw) > BODY_BYTES_MAX - _CRLF_BYTES:
            raise Malformed(Fault.TOO_LONG, f"line body is {len(raw) + 2} bytes, limit is {BODY_BYTES_MAX}")
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed(Fault.NOT_UTF8, f"byte {error.start} of the line is not UTF-8") from None
    if text[:1] == " ":
        text = text.lstrip(" ")
    head, colon, trailing = text.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [word for word in words if word]
    if words and words[0][0] == ":":
        del words[0]
    if not words:
        raise Malformed(Fault.EMPTY, "line holds no command")
    command = words.pop(0)
    # Only ASCII letters fold: others would turn into them.
    command = command.upper() if command.isascii() else command
    if colon:
        words.append(trailing)
    if len(words) > PARAMETERS_MAX:
        words[PARAMETERS_MAX - 1 :] = [" ".join(words[PARAMETERS_MAX - 1 :])]
    return Line(tags, command, words)
