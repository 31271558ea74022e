"""What the HTTP pages show of the running server: a few facts, and no way to change anything."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from parvis.legal.retention import Schedule


class OpenRoom(msgspec.Struct, frozen=True):
    """A room that anyone may see in a list; hidden rooms are never given to a page."""

    name: str
    topic: str
    people: int


class Metric(msgspec.Struct, frozen=True):
    """One number for whoever watches the server. Its name and help are ours, never a person's or a room's."""

    name: str
    """As Prometheus wants it, unit last, without `_total`: `parvis_messages_sealed`."""
    help: str
    value: float
    counts: bool
    """True: it only grows while the process lives. False: it goes up and down."""


class ServerView(Protocol):
    """What a page may ask. Every call is quick, does not wait, and is made on the event loop."""

    @property
    def network(self) -> str:
        """Name the network, as the operator wrote it."""

    @property
    def contact(self) -> str:
        """Say how those who run the server are reached, as they wrote it; empty: they said nothing."""

    @property
    def schedule(self) -> Schedule:
        """Say what is kept for how long, with the terms that the configuration says put in."""

    @property
    def addresses(self) -> Sequence[str]:
        """Name where to connect, as URLs (`ircs://chat.example.org:6697`, `wss://chat.example.org/irc`), best first."""

    @property
    def people(self) -> int:
        """Count the people who are here now."""

    def rooms(self) -> Sequence[OpenRoom]:
        """List the rooms that anyone may see, in any order."""

    def not_ready(self) -> str | None:
        """Say why nobody should be sent here (the archive cannot seal, the server is stopping); None: all is well.

        Words for the operator, without any content, name or address.
        """

    def metrics(self) -> Sequence[Metric]:
        """Give the numbers of this moment; always the same names."""
