"""Sizes of the protocol, each with its unit and its source. Sizes an operator may choose are in `app/config.py`."""

from typing import Final

BODY_BYTES_MAX: Final = 512
"""Most bytes of a line after its tags, CR LF included (RFC 1459, section 2.3)."""

CLIENT_TAGS_BYTES_MAX: Final = 4094
"""Most bytes of tag data a client may send, without `@` and the space (IRCv3 message-tags, "Size limit")."""

SERVER_TAGS_BYTES_MAX: Final = 4094
"""Most bytes of tag data a server may add, without `@` and the space (IRCv3 message-tags, "Size limit")."""

LINE_BYTES_MAX: Final = 1 + CLIENT_TAGS_BYTES_MAX + 1 + BODY_BYTES_MAX
"""Most bytes of a line from a client: `@`, tags, a space, the body and CR LF."""

PARAMETERS_MAX: Final = 15
"""Most parameters of a command (RFC 1459, section 2.3). More of them are one: the last takes the rest."""

ISUPPORT_TOKENS_MAX: Final = 13
"""Most tokens on a line of RPL_ISUPPORT (modern IRC, "RPL_ISUPPORT")."""

LABEL_BYTES_MAX: Final = 64
"""Most bytes of a label (IRCv3 labeled-response)."""

MODES_PER_LINE: Final = 20
"""Most mode changes with a parameter in one MODE command, told as MODES in ISUPPORT; ours."""

ROOMS_PER_LINE: Final = 16
"""Most rooms of one JOIN or PART, told as TARGMAX in ISUPPORT; the rest is answered, room by room. Ours."""

USER_BYTES_MAX: Final = 12
"""Most bytes of a user name, without the `~` that says it was not checked; told as USERLEN in ISUPPORT; ours."""

KEY_BYTES_MAX: Final = 32
"""Most bytes of a room's key, told as KEYLEN in ISUPPORT; ours."""
