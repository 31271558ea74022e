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
"""IRCv3 batch: lines that belong together."""
LABELED_RESPONSE: Final = 1 << 4
"""IRCv3 labeled-response: an answer bears the label of its command."""
ECHO_MESSAGE: Final = 1 << 5
"""IRCv3 echo-message: one's own messages come back as they were accepted."""
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
OPER_TAG: Final = 1 << 11
"""IRCv3 draft/oper-tag: a tag on the lines of staff, for those who have no message-tags; who has them gets it too."""
MULTILINE: Final = 1 << 12
"""IRCv3 draft/multiline: one message of many lines."""
ACCOUNT_NOTIFY: Final = 1 << 13
"""IRCv3 account-notify: logins and logouts of those one shares a room with."""
EXTENDED_JOIN: Final = 1 << 14
"""IRCv3 extended-join: account and real name at JOIN."""
CHGHOST: Final = 1 << 15
"""IRCv3 chghost: changed users and hosts of those one shares a room with."""
INVITE_NOTIFY: Final = 1 << 16
"""IRCv3 invite-notify: invitations into one's rooms."""
EXTENDED_MONITOR: Final = 1 << 17
"""IRCv3 extended-monitor: away, account, host and name of those on one's MONITOR list."""
SASL: Final = 1 << 18
"""IRCv3 sasl 3.2: log in while connecting, and again later."""
STS: Final = 1 << 19
"""IRCv3 sts: use TLS from now on. Told, never asked for."""
NO_IMPLICIT_NAMES: Final = 1 << 20
"""IRCv3 no-implicit-names: no NAMES at JOIN."""
ACCOUNT_REGISTRATION: Final = 1 << 21
"""IRCv3 draft/account-registration: REGISTER and VERIFY."""
CHATHISTORY: Final = 1 << 22
"""IRCv3 draft/chathistory: CHATHISTORY, and the batch type of that name."""
EVENT_PLAYBACK: Final = 1 << 23
"""IRCv3 draft/event-playback: joins, topics and the like in history."""
MESSAGE_REDACTION: Final = 1 << 24
"""IRCv3 draft/message-redaction: REDACT."""
READ_MARKER: Final = 1 << 25
"""IRCv3 draft/read-marker: MARKREAD."""
EXTENDED_ISUPPORT: Final = 1 << 26
"""IRCv3 draft/extended-isupport: ISUPPORT before one has entered."""
METADATA: Final = 1 << 27
"""IRCv3 draft/metadata-2: METADATA."""
PRE_AWAY: Final = 1 << 28
"""IRCv3 draft/pre-away: AWAY before one has entered."""
RESUME: Final = 1 << 29
"""Ours, docs/protocol/resume.md: a token by which a guest is the same person again."""

USERHOST_IN_NAMES: Final = 1 << 32
"""IRCv3 userhost-in-names: `nick!user@host` in NAMES."""
WHOAMI: Final = 1 << 34
"""IRCv3 draft/whoami: one's own user and host, as SETNAME in the welcome and as CHGHOST later; with chghost."""
VERSION_302: Final = 1 << 33
"""No capability, but kept with them; the client has asked for CAP LS 302 once, and has cap-notify for good."""

CAPABILITIES: Final = {
    "account-notify": ACCOUNT_NOTIFY,
    "account-tag": ACCOUNT_TAG,
    "away-notify": AWAY_NOTIFY,
    "batch": BATCH,
    "cap-notify": CAP_NOTIFY,
    "chghost": CHGHOST,
    "draft/account-registration": ACCOUNT_REGISTRATION,
    "draft/chathistory": CHATHISTORY,
    "draft/event-playback": EVENT_PLAYBACK,
    "draft/extended-isupport": EXTENDED_ISUPPORT,
    "draft/message-redaction": MESSAGE_REDACTION,
    "draft/metadata-2": METADATA,
    "draft/multiline": MULTILINE,
    "draft/oper": OPER_TAG,
    "draft/pre-away": PRE_AWAY,
    "draft/read-marker": READ_MARKER,
    "draft/whoami": WHOAMI,
    "echo-message": ECHO_MESSAGE,
    "extended-join": EXTENDED_JOIN,
    "extended-monitor": EXTENDED_MONITOR,
    "invite-notify": INVITE_NOTIFY,
    "labeled-response": LABELED_RESPONSE,
    "message-tags": MESSAGE_TAGS,
    "multi-prefix": MULTI_PREFIX,
    "no-implicit-names": NO_IMPLICIT_NAMES,
    "parvis.chat/resume": RESUME,
    "sasl": SASL,
    "server-time": SERVER_TIME,
    "setname": SETNAME,
    "standard-replies": STANDARD_REPLIES,
    "sts": STS,
    "userhost-in-names": USERHOST_IN_NAMES,
}
"""Every capability by its name. Which of them a connection is offered, and with what value: `chat/offers.py`."""

Offer = dict[str, str]
"""Capabilities that a connection may ask for, by name, and what `CAP LS 302` says after the `=`."""

STREAM: Final = 0
"""Wire signature of lines that end with CR LF."""
TEXT_FRAMES: Final = 1 << 30
"""Wire signature of one line per WebSocket text frame."""
BINARY_FRAMES: Final = 1 << 31
"""Wire signature of one line per WebSocket binary frame."""

_CHANGE_BYTES: Final = MESSAGE_TAGS | SERVER_TIME | ACCOUNT_TAG
_MULTILINE_NEEDS: Final = MULTILINE | BATCH
_NEVER_ASKED_FOR: Final = STS


def wire_signature(capabilities: int, transport: int) -> int:
    """Give what decides the bytes of a line: the transport, and the capabilities that change them.

    A multiline message is a batch, so that `draft/multiline` counts with `batch` alone; who has message-tags gets the
    tag of staff with or without its own capability, which then changes nothing.
    """
    signature = (capabilities & _CHANGE_BYTES) | transport
    if capabilities & _MULTILINE_NEEDS == _MULTILINE_NEEDS:
        signature |= MULTILINE
    if not capabilities & MESSAGE_TAGS:
        signature |= capabilities & OPER_TAG
    return signature


def names_of(capabilities: int) -> list[str]:
    """List the names of a set, in alphabetical order."""
    return [name for name, bit in CAPABILITIES.items() if capabilities & bit]


def without(capabilities: int, names: list[str]) -> int:
    """Take capabilities from a set by their names."""
    for name in names:
        capabilities &= ~CAPABILITIES[name]
    return capabilities


def requested(capabilities: int, words: list[str], offered: Offer) -> int | None:
    """Apply a CAP REQ to a set; `-name` takes away. None when any word cannot be had: a request is all or nothing."""
    keeps_notify = capabilities & VERSION_302
    for word in words:
        name = word.removeprefix("-")
        bit = CAPABILITIES.get(name)
        if keeps_notify and bit == CAP_NOTIFY and name is not word:
            return None
        if bit is None or bit & _NEVER_ASKED_FOR or (name not in offered and name is word):
            return None
        capabilities = capabilities & ~bit if name is not word else capabilities | bit
    return capabilities
