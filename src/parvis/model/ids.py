"""Opaque ids. Names are attributes; ids go into keys, leaves and holds, and never carry a name or an address."""

from typing import Final, NewType

OPAQUE_ID_BYTES: Final = 16
"""Length of every opaque id but a message id."""

MESSAGE_ID_BYTES: Final = 15
"""Random bytes of a message id: 120 bits, which is 20 characters of URL-safe base64 without padding."""

IdentityId = NewType("IdentityId", bytes)
"""An account or a guest."""

SessionId = NewType("SessionId", bytes)
"""One presence of an identity, from entering to leaving."""

ConversationId = NewType("ConversationId", bytes)
"""A room from its making to its end, a pair of identities, or the presence log of the server."""

NOBODY: Final = IdentityId(bytes(OPAQUE_ID_BYTES))
"""The author of what the server itself does."""

NO_SESSION: Final = SessionId(bytes(OPAQUE_ID_BYTES))
"""The session of what the server itself does."""

PRESENCE: Final = ConversationId(bytes(OPAQUE_ID_BYTES))
"""The conversation of what belongs to no room and no pair: entering, leaving, names, away marks."""

DECISIONS: Final = ConversationId(bytes(OPAQUE_ID_BYTES - 1) + b"\x01")
"""The conversation of what staff decided: its keys live as long as decisions must be answered for."""

AUDIT: Final = ConversationId(bytes(OPAQUE_ID_BYTES - 1) + b"\x02")
"""The conversation of what was done to the archive itself (`model/audit.py`)."""

NO_MESSAGE_ID: Final = bytes(MESSAGE_ID_BYTES)
"""Stands in a header where a record has no message id."""
