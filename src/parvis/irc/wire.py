"""Lines to bytes, by wire signature.

A body is a line without tags and without CR LF. The signature (`capabilities.wire_signature`) says which tags
stand in front of it and how it is framed. Source: IRCv3 message-tags, server-time, message-ids, websocket;
RFC 6455, section 5.2, for the frame.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct
from typing import Final

from parvis.irc.capabilities import (
    ACCOUNT_TAG,
    MESSAGE_TAGS,
    OPER_TAG,
    SERVER_TIME,
    STREAM,
    TEXT_FRAMES,
)
from parvis.irc.limits import BODY_BYTES_MAX

_FINAL_TEXT: Final = 0x81
_FINAL_BINARY: Final = 0x82
_SHORT_MAX: Final = 125
_HEAD: Final = Struct(">BBH").pack
STAFF_TAG: Final = "draft/oper"
"""Stands on the lines of staff, without saying who of them it is (IRCv3 draft/oper-tag)."""
_BODY_MAX: Final = BODY_BYTES_MAX - 2
_MIDDLE_BYTES_MAX: Final = 220
"""Most bytes of a word that is shown back to whoever sent it; ours, longer than any name may be."""


def middle(word: str) -> str:
    """Write a word that a client chose as a parameter inside a line: what cannot stand there is shown as a star."""
    if not word or word[0] == ":" or " " in word:
        return "*"
    return word.encode()[:_MIDDLE_BYTES_MAX].decode(errors="ignore") if len(word) * 4 > _MIDDLE_BYTES_MAX else word


def cut(text: str, bytes_max: int) -> str:
    """Shorten a text to a number of bytes of UTF-8, never inside a character."""
    return text.encode()[:bytes_max].decode(errors="ignore")


def cut_body(body: bytes) -> bytes:
    """Shorten a line of the server to what a line may hold, never inside a character."""
    return body if len(body) <= _BODY_MAX else body[:_BODY_MAX].decode(errors="ignore").encode()


def space_after(head: bytes) -> int:
    """Count the bytes of text that fit behind the head of a line."""
    return max(0, _BODY_MAX - len(head))


@lru_cache(maxsize=16)
def time_tag(time_ms: int) -> str:
    """Write the `time` tag of a moment, in milliseconds since 1970 UTC (IRCv3 server-time)."""
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"time={datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def frame_all(lines: Iterable[tuple[str, bytes]], signature: int) -> bytes:
    """Put lines on their transport one behind the other; each is its tags, without `@`, and its body."""
    whole = [b"@%b %b" % (tags.encode(), body) if tags else body for tags, body in lines]
    if signature < TEXT_FRAMES:
        whole.append(b"")
        return b"\r\n".join(whole)
    return b"".join([frame(line, signature) for line in whole])


def frame(line: bytes, signature: int) -> bytes:
    """Put a line, tags included, on its transport: CR LF, or one unmasked WebSocket frame."""
    if signature < TEXT_FRAMES:
        return line + b"\r\n"
    opcode = _FINAL_TEXT if signature & TEXT_FRAMES else _FINAL_BINARY
    size = len(line)
    if size <= _SHORT_MAX:
        return bytes((opcode, size)) + line
    # A line is at most 8191 + 510 bytes, so that the 16-bit length always suffices.
    return _HEAD(opcode, 126, size) + line


def tag_data(
    signature: int, time_ms: int, message_id: str, client_tags: str, account: str = "", is_staff: bool = False
) -> str:
    """Write the tags that a signature shows, without `@`: time, id, account, staff, then those of the client."""
    if signature & MESSAGE_TAGS:
        tags = f"msgid={message_id}" if message_id else ""
        if account and signature & ACCOUNT_TAG:
            tags = f"{tags};account={account}" if tags else f"account={account}"
        if is_staff:
            tags = f"{tags};{STAFF_TAG}" if tags else STAFF_TAG
        if client_tags:
            tags = f"{tags};{client_tags}" if tags else client_tags
        if signature & SERVER_TIME:
            return f"{time_tag(time_ms)};{tags}" if tags else time_tag(time_ms)
        return tags
    tags = f"account={account}" if account and signature & ACCOUNT_TAG else ""
    if is_staff and signature & OPER_TAG:
        tags = f"{tags};{STAFF_TAG}" if tags else STAFF_TAG
    if signature & SERVER_TIME:
        return f"{time_tag(time_ms)};{tags}" if tags else time_tag(time_ms)
    return tags


def render(
    signature: int,
    body: bytes,
    time_ms: int,
    message_id: str,
    client_tags: str,
    account: str = "",
    is_staff: bool = False,
) -> bytes:
    """Write a line as a client with this signature gets it."""
    if signature == STREAM:
        return body + b"\r\n"
    tags = tag_data(signature, time_ms, message_id, client_tags, account, is_staff)
    return frame(b"@%b %b" % (tags.encode(), body) if tags else body, signature)
