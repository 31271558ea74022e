"""What goes to the archive: one value per record, before it is sealed.

The content of a record is what its readers saw, byte for byte (docs/adr/0002-record-and-leaf.md):
a count of rooms (unsigned, 16 bits, big endian), that many room ids of 16 bytes, and the line without CR LF,
client-only tags in front, and before them `bot` where a program wrote. Only NICK, QUIT and the like name rooms; a
message counts none.
"""

from enum import IntEnum, StrEnum

import msgspec

from parvis.model.ids import ConversationId, IdentityId, SessionId


class RecordKind(IntEnum):
    """Every kind of record there is. Numbers are part of the canonical bytes: never reused."""

    RUN_STARTED = 1
    ENTERED = 2
    QUIT = 3
    NAMED = 4
    JOINED = 5
    PARTED = 6
    KICKED = 7
    MESSAGE = 8
    NOTICE = 9
    TAG_MESSAGE = 10
    TOPIC = 11
    MODE = 12
    AWAY = 13
    SET_NAME = 14
    INVITED = 15
    KILLED = 16
    REDACTED = 17
    """A message was taken back; the line names it."""
    ROLL_CALL = 18
    """Who is in which rooms, for the archive's own reader: nobody is shown it (`archive/roll_call.py`)."""
    WALLOPS = 19
    HOST_CHANGED = 20
    DECISION = 23
    METADATA = 21
    ACCOUNT = 25
    AUDIT = 26
    """What was done to the archive, as JSON (`model/audit.py`); nobody is sent it."""


class DataKind(StrEnum):
    """Which term a record is kept for (docs/adr/0020-terms-and-wraps.md). Names stand in the database: never reused."""

    ROOMS = "rooms"
    """What was said and done in rooms, and who was where."""
    PRIVATE = "private"
    """What two people wrote to each other."""
    DECISIONS = "decisions"
    AUDIT = "audit"


class Unsealed(msgspec.Struct, frozen=True, gc=False):
    """A record as the services decided it; the archive adds its number, its key, its salt and seals it."""

    kind: RecordKind
    time_ms: int
    author: IdentityId
    session: SessionId
    conversation: ConversationId
    message_id: bytes
    content: bytes
    data: DataKind = DataKind.ROOMS
    """One conversation has one kind: the first record that needs its key decides."""
    connection: bytes = b""
    """Id of the connection that it came on, for the vault (`archive/vault.py`); empty: the server's own act, or a
    person's whom no connection of this process carries."""

    def __repr__(self) -> str:
        """Name the kind alone: content stays out of logs."""
        return f"Unsealed({self.kind.name})"


class ListMask(msgspec.Struct, frozen=True):
    """One entry of a room's ban, exception or invitation list."""

    kind: str
    mask: str
    set_by: str
    set_at_ms: int


class KeptHost(msgspec.Struct, frozen=True):
    """Who has a rank in a registered room whenever they are in it, known by their account."""

    identity: IdentityId
    rank: int


class KeptRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A registered room as SQL keeps it over a restart. Written whole at each change."""

    id: ConversationId
    name: str
    owner: IdentityId
    created_at_ms: int
    topic: str = ""
    topic_set_by: str = ""
    topic_set_at_ms: int = 0
    flags: str = ""
    key: str = ""
    limit: int = 0
    lists: tuple[ListMask, ...] = ()
    hosts: tuple[KeptHost, ...] = ()
    visible_s: int | None = None
    """How much of it newcomers may fetch; None: what the server chose for rooms that say nothing."""

    def __repr__(self) -> str:
        """Name the room's id alone: topic, key and masks stay out of logs."""
        return f"KeptRoom({self.id.hex()})"
