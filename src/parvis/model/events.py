"""What happened, in the past tense. Commands decide events; `World.apply` alone makes them true.

A message is no event of the world: it changes no state. It goes to the archive and to its readers
(`chat/batch.py`), and nothing here needs to know of it.
"""

from __future__ import annotations

import msgspec

from parvis.model.accounts import Account
from parvis.model.decisions import Decision
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.pending import Pending
from parvis.model.person import Person
from parvis.model.records import KeptRoom, ListMask
from parvis.model.room import Room
from parvis.model.sanctions import Defence, ServerBan


class Entered(msgspec.Struct, frozen=True):
    """Somebody entered under a pseudonym."""

    person: Person
    session: SessionId
    identity: IdentityId
    nick: str
    folded: str
    user: str
    host: str
    real_name: str
    at_ms: int


class Left(msgspec.Struct, frozen=True):
    """Somebody left the server, and with it every room."""

    person: Person


class Renamed(msgspec.Struct, frozen=True):
    """Somebody took another pseudonym."""

    person: Person
    nick: str
    folded: str


class CarriedOver(msgspec.Struct, frozen=True):
    """The connection that stood for a person is gone, and another of theirs stands for them: nobody sees anything."""

    old: Person
    new: Person


class AccountKept(msgspec.Struct, frozen=True):
    """An account was made, or something of it changed."""

    account: Account
    folded: str


class AccountDeleted(msgspec.Struct, frozen=True):
    """An account ended: its rooms are the server's now, and it has no rank of its own in any.

    Who was logged in to it is logged out by an event of their own.
    """

    account: Account
    folded: str


class PendingKept(msgspec.Struct, frozen=True):
    """An account waits for its code, or one try fewer is left."""

    pending: Pending
    folded: str


class PendingEnded(msgspec.Struct, frozen=True):
    """An account waits for its code no longer."""

    pending: Pending
    folded: str


class LoggedIn(msgspec.Struct, frozen=True):
    """Somebody present is known by an account now."""

    person: Person
    account: Account


class LoggedOut(msgspec.Struct, frozen=True):
    """Somebody present is a guest now, under an identity of a guest."""

    person: Person
    identity: IdentityId


class Joined(msgspec.Struct, frozen=True):
    """Somebody came into a room, with a rank when they opened it."""

    person: Person
    room: Room
    rank: int


class Parted(msgspec.Struct, frozen=True):
    """Somebody went out of a room, by their own will or by a kick. A room that is empty and not registered ends."""

    person: Person
    room: Room


class RoomOpened(msgspec.Struct, frozen=True):
    """A room began: somebody joined a name that no room had."""

    id: ConversationId
    name: str
    folded: str
    flags: str
    at_ms: int


class RoomRestored(msgspec.Struct, frozen=True):
    """A registered room was read back from SQL."""

    kept: KeptRoom
    folded: str


class RoomRegistered(msgspec.Struct, frozen=True):
    """A room lasts from now on, with an owner."""

    room: Room
    owner: IdentityId


class RoomGiven(msgspec.Struct, frozen=True):
    """A registered room got another owner; `NOBODY`: the server."""

    room: Room
    owner: IdentityId


class RoomDropped(msgspec.Struct, frozen=True):
    """A room lasts no longer: nobody owns it, and it ends when it is empty, now if it is."""

    room: Room


class StandingGiven(msgspec.Struct, frozen=True):
    """An account has a rank in a registered room whenever it comes in; 0: none any more."""

    room: Room
    identity: IdentityId
    rank: int


class TopicSet(msgspec.Struct, frozen=True):
    """A room got a topic; an empty one takes it away."""

    room: Room
    topic: str
    by: str
    at_ms: int


class RankChanged(msgspec.Struct, frozen=True):
    """A member was given a rank or lost it."""

    room: Room
    person: Person
    rank: int
    given: bool


class FlagChanged(msgspec.Struct, frozen=True):
    """A flag of a room was set or taken away."""

    room: Room
    letter: str
    adding: bool


class KeySet(msgspec.Struct, frozen=True):
    """A room got a key; an empty one takes it away."""

    room: Room
    key: str


class LimitSet(msgspec.Struct, frozen=True):
    """A room got a most number of members; 0 takes it away."""

    room: Room
    limit: int


class VisibleSet(msgspec.Struct, frozen=True):
    """A room's hosts chose how much of it newcomers may fetch, in seconds; None: what the server chose.

    What was said before `from_ms` stays as closed as it was when it was said.
    """

    room: Room
    seconds: int | None
    from_ms: int


class MaskListed(msgspec.Struct, frozen=True):
    """A mask was put on a room's list."""

    room: Room
    entry: ListMask


class MaskUnlisted(msgspec.Struct, frozen=True):
    """A mask was taken off a room's list."""

    room: Room
    kind: str
    mask: str


class Invited(msgspec.Struct, frozen=True):
    """Somebody was invited into a room: they may join it once although it is closed."""

    room: Room
    person: Person


class UserModesSet(msgspec.Struct, frozen=True):
    """Somebody's own modes changed."""

    person: Person
    modes: int


class AwaySet(msgspec.Struct, frozen=True):
    """Somebody went away with a word, or came back with an empty one."""

    person: Person
    message: str


class HostChanged(msgspec.Struct, frozen=True):
    """The user or the host that others see of somebody changed."""

    person: Person
    user: str
    host: str


class SilenceSet(msgspec.Struct, frozen=True):
    """An identity chose whom it reads nothing from; without masks: it reads everybody."""

    identity: IdentityId
    masks: tuple[str, ...]


class WriterAccepted(msgspec.Struct, frozen=True):
    """Somebody lets a guest write to them although they read accounts alone (R), or no longer does.

    `nick` is what the guest was called then.
    """

    reader: SessionId
    writer: IdentityId
    nick: str
    is_accepted: bool


class RealNameSet(msgspec.Struct, frozen=True):
    """Somebody changed their real name."""

    person: Person
    real_name: str


class ServerBanned(msgspec.Struct, frozen=True):
    """Staff decided a sanction of the whole server."""

    ban: ServerBan


class ServerBanEnded(msgspec.Struct, frozen=True):
    """A sanction of the whole server was lifted, or its time is over."""

    ban: ServerBan


class DefenceSet(msgspec.Struct, frozen=True):
    """Staff set the level of defence; None: it is the normal one again."""

    defence: Defence | None


class Restricted(msgspec.Struct, frozen=True):
    """Moderation decided about somebody, and it is in force."""

    decision: Decision


class Unrestricted(msgspec.Struct, frozen=True):
    """A decision has ended, or was undone."""

    decision: Decision


class MetadataSet(msgspec.Struct, frozen=True):
    """What is said beside a person or a room changed: one key of it; an empty value takes the key away."""

    owner: bytes
    """An account, the session of a guest, or a room."""
    key: str
    value: str

    def __repr__(self) -> str:
        """Give the owner's id and the key alone: values stay out of logs."""
        return f"MetadataSet({self.owner.hex()}, {self.key})"


Event = (
    Entered
    | Left
    | Renamed
    | CarriedOver
    | AccountKept
    | AccountDeleted
    | PendingKept
    | PendingEnded
    | LoggedIn
    | LoggedOut
    | Joined
    | Parted
    | RoomOpened
    | RoomRestored
    | RoomRegistered
    | RoomGiven
    | RoomDropped
    | StandingGiven
    | TopicSet
    | RankChanged
    | FlagChanged
    | KeySet
    | LimitSet
    | VisibleSet
    | MaskListed
    | MaskUnlisted
    | Invited
    | UserModesSet
    | AwaySet
    | HostChanged
    | SilenceSet
    | WriterAccepted
    | RealNameSet
    | ServerBanned
    | ServerBanEnded
    | DefenceSet
    | Restricted
    | Unrestricted
    | MetadataSet
)
