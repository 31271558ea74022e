"""Lines out of a stream of bytes.

Source: RFC 1459, section 2.3: lines end with CR LF; a lone LF is accepted, as every server does (modern IRC,
"Compatibility with incorrect software").
"""

from typing import Final

from parvis.irc.limits import LINE_BYTES_MAX

TOO_LONG: Final = b"\0"
"""Stands for a line longer than any may be. No line from a stream equals it by itself: NUL is refused anyway."""


def split_lines(unread: bytes, data: bytes) -> tuple[list[bytes], bytes]:
    """Cut what has arrived into lines.

    Args:
        unread: What the call before left over; starts with NUL while an overlong line is being skipped.
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
    elif rest[:1] == TOO_LONG:
        rest = TOO_LONG
    if b"\r" in data:
        lines = [line[:-1] if line[-1:] == b"\r" else line for line in lines]
    if b"" in lines:
        lines = [line for line in lines if line]
    if lines and unread[:1] == TOO_LONG:
        lines[0] = TOO_LONG
    return lines, rest
