"""Who gets a line, by wire signature.

An audience never changes: a change of members or of a member's signature makes the room forget its audience, and
the next line makes a new one. So a line keeps the recipients of the moment it was decided by keeping a reference.
"""

from collections.abc import Iterable
from typing import cast

from parvis.chat.client import Client
from parvis.model.person import Person
from parvis.model.room import HOST, Room

Groups = list[tuple[int, list[Client]]]
"""Clients by wire signature."""


class Audience:
    """The clients of this process that get a line, grouped by the bytes they get."""

    __slots__ = ("_members", "_others", "groups")

    def __init__(
        self, people: Iterable[Person], capability: int = 0, further: Iterable[Client] = (), without: int = 0
    ) -> None:
        """Group every connection of some people; who is here through another process has none and is left out.

        Args:
            people: Who gets the lines.
            capability: Only connections that asked for all of these do.
            further: Connections that get them besides, each once although it may be of one of the people.
            without: Connections that asked for any of these do not.
        """
        groups: dict[int, list[Client]] = {}
        for person in people:
            if isinstance(person, Client):
                for client in person.connections if person.devices else (person,):
                    if client.capabilities & capability != capability or client.capabilities & without:
                        continue
                    group = groups.get(client.signature)
                    if group is None:
                        groups[client.signature] = [client]
                    else:
                        group.append(client)
        if further:
            known = {client for group in groups.values() for client in group}
            for client in further:
                if client not in known:
                    groups.setdefault(client.signature, []).append(client)
        self.groups: Groups = list(groups.items())
        self._members: dict[Client, int] | None = None
        self._others: tuple[frozenset[Client], Groups] | None = None

    def groups_without(self, left_out: frozenset[Client]) -> Groups:
        """Give the groups without some clients. The last answer is kept: the same few speak again and again."""
        if self._others is None or self._others[0] != left_out:
            groups = [
                (signature, [client for client in group if client not in left_out]) for signature, group in self.groups
            ]
            self._others = (left_out, groups)
        return self._others[1]

    @property
    def members(self) -> dict[Client, int]:
        """Everybody in it, and the wire signature they had then. Made when first asked for: most are never asked."""
        if self._members is None:
            self._members = {client: signature for signature, group in self.groups for client in group}
        return self._members


def of_room(room: Room) -> Audience:
    """Give the audience of a room as it is now."""
    audience = room.audience
    if audience is None:
        audience = room.audience = Audience(room.members)
    return cast("Audience", audience)


# Who sees whom in a room. Every list of members and every line that says who is there asks here.


def sees(viewer: Person, person: Person, room: Room) -> bool:
    """Tell whether somebody may know that a member is in a room: in an auditorium (u), by rank and of oneself."""
    if "u" not in room.flags or viewer is person:
        return True
    return bool(room.members.get(person, 0)) or bool(room.members.get(viewer, 0) & HOST)


def visible_members(room: Room, viewer: Person) -> Iterable[Person]:
    """List the members of a room that somebody may know of."""
    return room.members if "u" not in room.flags else [each for each in room.members if sees(viewer, each, room)]


def witnesses(room: Room, person: Person) -> Iterable[Person]:
    """List the members of a room that may know of one of them: who reads of their coming, going and names."""
    return room.members if "u" not in room.flags else [each for each in room.members if sees(each, person, room)]


def of_witnesses(room: Room, person: Person) -> Audience:
    """Give the audience of what a member of a room does that is not said."""
    return of_room(room) if "u" not in room.flags else Audience(witnesses(room, person))


def neighbours(person: Person) -> dict[Person, None]:
    """List everybody who shares a room with a person and may know of them there, the person among them, each once."""
    people: dict[Person, None] = {}
    for room in person.rooms:
        people.update(dict.fromkeys(witnesses(room, person)))
    return people


def forget(client: Client) -> None:
    """Let the rooms of a person make their audiences anew: a connection or its wire signature has changed."""
    for room in client.person.rooms:
        room.audience = None


def with_capability(people: Iterable[Person], capability: int, but: Person) -> Audience:
    """Give those connections of some people that asked for a capability, without one person's."""
    return Audience((person for person in people if person is not but), capability)
