"""References to messages: by moment and by id, as CHATHISTORY, MARKREAD and REDACT name them.

Source: IRCv3 draft/chathistory, "MSGREFTYPES"; server-time; message-ids; draft/read-marker.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

TYPES: Final = ("msgid", "timestamp")
"""The types of reference, told as MSGREFTYPES in ISUPPORT, the better one first."""

_TIMESTAMP: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", re.ASCII)
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{20}", re.ASCII)


class Reference(msgspec.Struct, frozen=True):
    """A place in a conversation: a moment in milliseconds since 1970, or a message, never both."""

    time_ms: int | None = None
    message_id: bytes | None = None
    """As it is kept; empty: no message can have the id that was written."""


class NoReference(StrEnum):
    """Why a word is no reference."""

    TYPE = "of a type that is not known"
    VALUE = "not of the form of its type"


def read_reference(word: str) -> Reference | NoReference:
    """Read `timestamp=...` or `msgid=...`."""
    kind, equals, value = word.partition("=")
    if not equals:
        return NoReference.VALUE
    if kind == "timestamp":
        time_ms = read_timestamp(value)
        return NoReference.VALUE if time_ms is None else Reference(time_ms=time_ms)
    if kind == "msgid":
        # An id of another form is a good reference to a message that nobody has.
        return Reference(message_id=raw_message_id(value) or b"") if value else NoReference.VALUE
    return NoReference.TYPE


def read_timestamp(text: str) -> int | None:
    """Read `YYYY-MM-DDThh:mm:ss.sssZ` in milliseconds since 1970; None when it is of another form."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    *moment, milliseconds = map(int, found.groups())
    try:
        seconds = datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]
    except (ValueError, OverflowError):
        return None
    return int(seconds) * 1000 + milliseconds


def write_timestamp(time_ms: int) -> str:
    """Write a moment as the `time` tag does; of any year that the form holds."""
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{milliseconds:03d}Z"


def raw_message_id(text: str) -> bytes | None:
    """Give a message id as it is kept; None when no id of ours is written so."""
    return urlsafe_b64decode(text) if _MESSAGE_ID.fullmatch(text) else None


def shown_message_id(raw: bytes) -> str:
    """Write a message id as the wire shows it; the empty string where a record has none."""
    return urlsafe_b64encode(raw).decode() if any(raw) else ""
