"""HTTP beside the chat: loaded when the chat already listens, since it takes longest to load.

Pages see the chat through `Square` alone, which can change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from parvis.app.config import Kind
from parvis.app.listeners import Listeners, gate_for
from parvis.app.retention import schedule_of
from parvis.app.wiring import Parts
from parvis.legal.retention import Schedule
from parvis.net.gate import Gate
from parvis.net.websocket import WebSocketConnection
from parvis.ports.view import Metric, OpenRoom

if TYPE_CHECKING:
    from parvis.net.address import Address
    from parvis.net.http.server import HttpServer

LOOK_EVERY_S: Final = 1.0
"""How old what a page shows may be, when there is something newer that is durable."""
STOP_WAIT_S: Final = 2.0
"""Longest wait for HTTP answers that are being sent when the server stops."""


class _Seen(msgspec.Struct, frozen=True):
    """The world at a moment when all of it was durable."""

    rooms: tuple[OpenRoom, ...] = ()
    people: int = 0


class Square:
    """What pages may know of the chat: a `parvis.ports.view.ServerView`.

    A page is a door like any other: it shows rooms and counts as they were when nothing waited to be sealed.
    """

    def __init__(self, parts: Parts, listeners: Listeners) -> None:
        """Look at a running chat."""
        self._parts = parts
        self._listeners = listeners
        self._seen = _Seen()
        self._looked_at_s = -LOOK_EVERY_S
        parts.turn.when_quiet = self._look
        if parts.turn.is_quiet:
            self._look()

    def _look(self) -> None:
        now_s = self._parts.chat.clock.steady_s()
        if now_s - self._looked_at_s < LOOK_EVERY_S:
            return
        self._looked_at_s = now_s
        rooms = tuple(
            OpenRoom(room.name, room.topic, len(room.members))
            for room in self._parts.chat.world.rooms.values()
            if "s" not in room.flags
        )
        self._seen = _Seen(rooms, self._parts.chat.people_count)

    def _now(self) -> _Seen:
        if self._parts.turn.is_quiet:
            self._look()
        return self._seen

    @property
    def network(self) -> str:
        """Name the network."""
        return self._parts.chat.settings.network

    @property
    def contact(self) -> str:
        """Say how those who run the server are reached."""
        return self._parts.chat.settings.contact

    @property
    def schedule(self) -> Schedule:
        """Say what is kept for how long."""
        return schedule_of(self._parts.office.config)

    @property
    def addresses(self) -> Sequence[str]:
        """Name where to connect, encrypted addresses first."""
        urls = [listening.url_of_chat() for listening in self._listeners.all]
        return sorted(urls, key=lambda url: not url.startswith(("ircs:", "wss:")))

    @property
    def people(self) -> int:
        """Count the people who are here."""
        return self._now().people

    def rooms(self) -> Sequence[OpenRoom]:
        """List the rooms that anyone may see: those without mode s."""
        return self._now().rooms

    def not_ready(self) -> str | None:
        """Say why nobody should be sent here."""
        if self._parts.chat.draining:
            return "the server is stopping"
        if self._parts.turn.failing_since_s is not None:
            return "the archive cannot be written, and nothing is delivered until it can"
        return None

    def metrics(self) -> Sequence[Metric]:
        """Give the numbers of this moment."""
        turn, doors = self._parts.turn, self._parts.doors
        return [
            Metric("parvis_people", "People present.", self.people, False),
            Metric("parvis_connections", "Open chat connections.", doors.open_connections, False),
            Metric("parvis_rooms", "Rooms that anyone may see.", len(self.rooms()), False),
            Metric("parvis_records_sealed", "Records made durable.", turn.records_sealed, True),
            Metric("parvis_batches_sealed", "Commits made durable.", turn.batches_sealed, True),
            Metric("parvis_records_waiting", "Records that wait for a commit.", turn.waiting_records, False),
            Metric("parvis_seal_seconds", "How long the last commit took.", turn.last_seal_s, False),
            Metric("parvis_lines_delivered", "Lines delivered to people.", turn.deliveries, True),
            Metric("parvis_connections_accepted", "Chat connections let in.", doors.accepted, True),
            Metric("parvis_connections_turned_away", "Chat connections over a limit.", doors.turned_away, True),
            Metric("parvis_ready", "1 while people may be sent here.", self.not_ready() is None, False),
        ]


class Web:
    """The HTTP servers of the configuration's listeners."""

    def __init__(self) -> None:
        """Serve nothing yet."""
        self._servers: list[HttpServer] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def serve(self, parts: Parts, listeners: Listeners) -> None:
        """Load the application in a thread, then let browsers in."""
        http = [listening for listening in listeners.all if listening.listener.kind is Kind.HTTP]
        if not http:
            return
        make_app, make_uvicorn = await asyncio.to_thread(_load)
        app = make_app(Square(parts, listeners), parts.exports)
        for listening in http:
            gate = gate_for(parts, listening)
            server = make_uvicorn(
                app,
                partial(WebSocketConnection, gate),
                listening.listener.trusted_proxies,
                STOP_WAIT_S,
                gate.knock_at_http,
            )
            self._servers.append(server)
            self._tasks.append(asyncio.create_task(server.run()))
            await listeners.serve_one(listening, gate, partial(_connect, server))

    async def close(self) -> None:
        """Let answers end, in bounded time."""
        for server in self._servers:
            server.stop()
        await asyncio.gather(*self._tasks)


def _connect(server: HttpServer, _gate: Gate, peer: Address | None) -> asyncio.Protocol:
    return server.connect(peer)


def _load():  # type: ignore[no-untyped-def]
    from parvis.net.http.app import make_app
    from parvis.net.http.server import make_uvicorn

    return make_app, make_uvicorn
