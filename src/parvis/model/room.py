"""Rooms and the standing of their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parvis.model.ids import NOBODY, ConversationId, IdentityId, SessionId
from parvis.model.records import KeptHost, KeptRoom, ListMask

if TYPE_CHECKING:
    from parvis.model.person import Person

VOICE = 1 << 0
"""Rank v: may speak in a moderated room."""
HOST = 1 << 1
"""Rank o: runs the room."""

RANK_OF = {"o": HOST, "v": VOICE}
"""The bit of each rank, highest first."""

INVITED_MAX = 256
"""Most invitations into one room that wait to be used; ours."""

SPEECH_FLAGS = frozenset("CmMU")
"""Modes that are about what a member may write, or who reads it."""

NEW_ROOM_FLAGS = "nt"
"""What a room that somebody opens begins with: only members speak, and only hosts set the topic."""


class Room:
    """An open conversation under a name, from its making to its end. Only `World` changes it."""

    __slots__ = (
        "audience",
        "compiled",
        "created_at_ms",
        "flags",
        "folded",
        "has_speech_rules",
        "hosts",
        "id",
        "invited",
        "key",
        "limit",
        "lists",
        "members",
        "name",
        "owner",
        "registered",
        "topic",
        "topic_set_at_ms",
        "topic_set_by",
        "visible_from_ms",
        "visible_s",
    )

    def __init__(self, room_id: ConversationId, name: str, folded: str, created_at_ms: int) -> None:
        """Make an empty room with no modes."""
        self.id = room_id
        self.name = name
        self.folded = folded
        self.created_at_ms = created_at_ms
        self.registered = False
        self.owner: IdentityId = NOBODY
        self.hosts: dict[IdentityId, int] = {}
        """The rank that an account gets whenever it comes in; of registered rooms alone."""
        self.visible_s: int | None = None
        """How much of it newcomers may fetch; None: what the server chose for rooms that say nothing."""
        self.visible_from_ms = 0
        """Newcomers fetch nothing from before this moment: it was said when they could not."""
        self.members: dict[Person, int] = {}
        self.flags: frozenset[str] = frozenset()
        self.key = ""
        self.limit = 0
        self.lists: dict[str, list[ListMask]] = {}
        self.has_speech_rules = False
        """Whether a member's message has to be looked at: a mode of `SPEECH_FLAGS`, or anything on a list."""
        self.invited: dict[SessionId, None] = {}
        """Who may join once although the room is closed; the oldest go when there are `INVITED_MAX`."""
        self.topic = ""
        self.topic_set_by = ""
        self.topic_set_at_ms = 0
        self.audience: object | None = None
        """A place for `chat/audience.py` alone; every change of members clears it."""
        self.compiled: dict[str, object] = {}
        """A place for `policy/gates.py` alone; every change of lists clears it."""

    def __repr__(self) -> str:
        """Give the room's id alone: names stay out of logs."""
        return f"Room({self.id.hex()})"

    def entries(self, kind: str) -> list[ListMask]:
        """Give the ban (b), exception (e) or invitation (I) list."""
        return self.lists.get(kind, [])

    def standing(self, identity: IdentityId) -> int:
        """Give the rank that somebody has here whenever they come in: its owner, and the hosts it keeps."""
        if identity == self.owner != NOBODY:
            return HOST
        return self.hosts.get(identity, 0)

    def kept(self) -> KeptRoom:
        """Give what SQL keeps of the room."""
        return KeptRoom(
            id=self.id,
            name=self.name,
            owner=self.owner,
            created_at_ms=self.created_at_ms,
            topic=self.topic,
            topic_set_by=self.topic_set_by,
            topic_set_at_ms=self.topic_set_at_ms,
            flags="".join(sorted(self.flags)),
            key=self.key,
            limit=self.limit,
            lists=tuple(entry for entries in self.lists.values() for entry in entries),
            hosts=tuple(KeptHost(identity, rank) for identity, rank in self.hosts.items()),
            visible_s=self.visible_s,
        )
