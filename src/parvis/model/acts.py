"""What somebody wants to do, with every fact that a gate asks for: a value, so that gates are pure functions."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from parvis.model.decisions import Decision
from parvis.model.person import Person
from parvis.model.room import Room


class ActKind(StrEnum):
    """Every kind of act that meets the gates of safety."""

    MESSAGE = "message"
    NOTICE = "notice"
    TAG_MESSAGE = "tag-message"
    TOPIC = "topic"
    JOIN = "join"
    OPEN_ROOM = "open-room"
    """Coming into a room that is not there yet."""
    NAME = "name"
    INVITE = "invite"
    SET_NAME = "set-name"
    AWAY = "away"


SPEECH = frozenset((ActKind.MESSAGE, ActKind.NOTICE, ActKind.TAG_MESSAGE))
"""Acts by which somebody says something to somebody."""


class Act(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One act. Who does it in which room or towards whom; facts that a gate does not need stay as they are."""

    kind: ActKind
    person: Person
    now_ms: int
    room: Room | None = None
    """Where; None: to a person, or nowhere."""
    reader: Person | None = None
    """To whom, where it is towards one person."""
    text: str | None = None
    tags: str = ""
    """Client-only tags as they are relayed."""
    restrictions: tuple[Decision, ...] = ()
    """What moderation has decided about this person and is in force."""

    def __repr__(self) -> str:
        """Give the kind alone: text stays out of logs."""
        return f"Act({self.kind})"
