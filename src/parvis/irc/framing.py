"""Lines out of a stream of bytes.

Source: RFC 1459, section 2.3: lines end with CR LF; a lone LF is accepted, as every server does (modern IRC,
"Compatibility with incorrect software").
"""

from typing import Final

from parvis.irc.limits import LINE_BYTES_MAX

TOO_LONG: Final = b"\n"
"""Stands for a line longer than any may be. No line of a stream can be it: none holds what ends it."""


def split_lines(unread: bytes, data: bytes) -> tuple[list[bytes], bytes]:
    """Cut what has arrived into lines.

    Args:
        unread: What the call before left over; `TOO_LONG` while an overlong line is being skipped.
        data: What has arrived since.

    Returns:
        The whole lines without CR LF, empty ones left out, each overlong one as `TOO_LONG`; and what is left
        over, at most `LINE_BYTES_MAX` bytes.
    """
    if unread:
        data = unread + data
    lines = data.split(b"\n")
    rest = lines.pop()
    if len(rest) > LINE_BYTES_MAX:
        # Only that there is too much is remembered, so that a line without end takes no memory.
        rest = TOO_LONG
    if len(data) > LINE_BYTES_MAX and lines and max(map(len, lines)) > LINE_BYTES_MAX:
        lines = [line if len(line) <= LINE_BYTES_MAX else TOO_LONG for line in lines]
    if unread == TOO_LONG:
        # What came before the first cut is the mark itself; what follows it belongs to the overlong line.
        if len(lines) == 1:
            return [], TOO_LONG
        lines[:2] = [TOO_LONG]
    if b"\r" in data:
        lines = [line[:-1] if line[-1:] == b"\r" else line for line in lines]
    if b"" in lines:
        lines = [line for line in lines if line]
    return lines, rest
