"""The capabilities a client may ask for, and which of them change the bytes it gets.

A set of capabilities is an int of bits: it is compared and masked on the path of every message.
Source: IRCv3 capability-negotiation, and the specification named beside each.
"""

from typing import Final

MESSAGE_TAGS: Final = 1 << 0
"""IRCv3 message-tags: client-only tags and TAGMSG; with it lines carry `msgid` (IRCv3 message-ids)."""
SERVER_TIME: Final = 1 << 1
"""IRCv3 server-time: `time` on every line."""
ACCOUNT_TAG: Final = 1 << 2
"""IRCv3 account-tag: `account` on the lines of those who are logged in."""
BATCH: Final = 1 << 3
"""IRCv3 batch."""
LABELED_RESPONSE: Final = 1 << 4
"""IRCv3 labeled-response."""
ECHO_MESSAGE: Final = 1 << 5
"""IRCv3 echo-message."""
STANDARD_REPLIES: Final = 1 << 6
"""IRCv3 standard-replies: FAIL, WARN, NOTE. They are sent to all; the capability says that they are understood."""
MULTI_PREFIX: Final = 1 << 7
"""IRCv3 multi-prefix: every mark of rank in NAMES, WHO and WHOIS."""
AWAY_NOTIFY: Final = 1 << 8
"""IRCv3 away-notify: AWAY of those one shares a room with."""
SETNAME: Final = 1 << 9
"""IRCv3 setname: changed real names of those one shares a room with."""
CAP_NOTIFY: Final = 1 << 10
"""IRCv3 capability-negotiation 3.2: CAP NEW and DEL; implied by version 302."""

CAPABILITIES: Final = {
    "account-tag": ACCOUNT_TAG,
    "away-notify": AWAY_NOTIFY,
    "batch": BATCH,
    "cap-notify": CAP_NOTIFY,
    "echo-message": ECHO_MESSAGE,
    "labeled-response": LABELED_RESPONSE,
    "message-tags": MESSAGE_TAGS,
    "multi-prefix": MULTI_PREFIX,
    "server-time": SERVER_TIME,
    "setname": SETNAME,
    "standard-replies": STANDARD_REPLIES,
}
"""Every capability by its name."""

VALUES: Final[dict[str, str]] = {}
"""What `CAP LS 302` says after a capability's `=`."""

STREAM: Final = 0
"""Wire signature of lines that end with CR LF."""
TEXT_FRAMES: Final = 1 << 30
"""Wire signature of one line per WebSocket text frame."""
BINARY_FRAMES: Final = 1 << 31
"""Wire signature of one line per WebSocket binary frame."""

_CHANGE_BYTES: Final = MESSAGE_TAGS | SERVER_TIME | ACCOUNT_TAG


def wire_signature(capabilities: int, transport: int) -> int:
    """Give what decides the bytes of a line: the transport, and the capabilities that change them."""
    return (capabilities & _CHANGE_BYTES) | transport


def names_of(capabilities: int) -> list[str]:
    """List the names of a set, in alphabetical order."""
    return [name for name, bit in CAPABILITIES.items() if capabilities & bit]


def requested(capabilities: int, words: list[str]) -> int | None:
    """Apply a CAP REQ to a set; `-name` takes away. None when any word is unknown: a request is all or nothing."""
    for word in words:
        bit = CAPABILITIES.get(word.removeprefix("-"))
        if bit is None:
            return None
        capabilities = capabilities & ~bit if word[0] == "-" else capabilities | bit
    return capabilities
