"""Reading again what was sealed, by those who may."""

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from parvis.irc.references import Reference
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind

NEVER_MS: Final = 1 << 62
"""Where nothing may be fetched from any moment on."""


class Span(StrEnum):
    """Which records of a conversation are asked for (IRCv3 draft/chathistory, "Subcommands")."""

    LATEST = "LATEST"
    BEFORE = "BEFORE"
    AFTER = "AFTER"
    BETWEEN = "BETWEEN"
    AROUND = "AROUND"


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and when."""

    identity: IdentityId
    session: SessionId
    head: int
    """Number of the newest record that is durable and delivered: nothing after it is read."""
    now_ms: int
    resume_from_ms: int
    """From when on they may fetch what they were present for."""
    from_ms: int
    """Nobody may fetch anything older: an index need not reach further back."""
    silenced: tuple[str, ...] = ()
    """Masks of those whose private messages the reader does not read."""
    kept_tags: frozenset[str]
    """A TAGMSG with any of these tags is part of history."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that is asked about."""

    name: str
    """Folded: a room's with its prefix, or a pseudonym. Rooms that ended and people who left are found by it."""
    is_room: bool
    conversation: ConversationId | None
    """The one that bears the name now, if any does."""
    inside: bool = False
    """The reader is in the room now."""
    visible_from_ms: int = NEVER_MS
    """From when on the room shows itself to whoever is inside."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are wanted."""

    reader: Reader
    place: Place
    kinds: frozenset[RecordKind]
    kinds_here: frozenset[RecordKind] = frozenset()
    """Those of them that are played only of the room that bears the name now: who might see them in an earlier one is
    not known. The reader's own are played of any."""
    span: Span
    first: Reference | None
    second: Reference | None
    limit: int


class TargetsWish(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversations are wanted: those whose newest line is between two moments, both left out."""

    reader: Reader
    rooms: tuple[Place, ...]
    """The rooms the reader is in; those they have left, and people, are found."""
    kinds: frozenset[RecordKind]
    first_ms: int
    second_ms: int
    limit: int


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was when it was delivered; client-only tags in front."""

    kind: RecordKind
    time_ms: int
    message_id: bytes
    author: IdentityId
    line: bytes

    def __repr__(self) -> str:
        """Name the kind alone: words stay out of logs."""
        return f"Played({self.kind.name})"


class Page(msgspec.Struct, frozen=True):
    """Lines in the order in which they were said."""

    lines: tuple[Played, ...]


class Target(msgspec.Struct, frozen=True):
    """A conversation and when its newest line was said."""

    name: str
    """A room's, or the pseudonym that the other one had last."""
    other: IdentityId | None
    """Who the other one is, where they have written; None of rooms, and where only the reader has."""
    time_ms: int

    def __repr__(self) -> str:
        """Say nothing: whom somebody writes to stays out of logs."""
        return "Target()"


class Targets(msgspec.Struct, frozen=True):
    """Conversations in the order of their newest lines."""

    targets: tuple[Target, ...]


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is looked for: whose it is, and whether the reader may fetch it."""

    conversation: ConversationId
    author: IdentityId
    time_ms: int
    is_open: bool


class Trouble(StrEnum):
    """Why there is no answer."""

    NO_TARGET = "no such conversation, or none that this reader may fetch anything of"
    NO_REFERENCE = "no such message, or none that this reader may fetch"
    UNREADABLE = "the archive could not be read"


class History(Protocol):
    """What was sealed, read again.

    Durability: only what is durable and was delivered is read; what is marked undelivered never is.
    Concurrency: every call blocks and is made in a thread; calls wait for each other.
    Failure: `Trouble.UNREADABLE`; the next call begins anew. Memory is bounded: what is oldest is left out first.
    """

    def page(self, wish: Wish) -> Page | Trouble:
        """Give the lines of a wish that its reader may fetch, and no others: they count and place nothing else."""

    def targets(self, wish: TargetsWish) -> Targets | Trouble:
        """Give the conversations that a reader may fetch something of."""

    def find(self, reader: Reader, place: Place, message_id: bytes) -> Spoken | Trouble:
        """Find a message of a conversation that was not taken back, for whoever may take it back."""
