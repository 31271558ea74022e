"""Connections that come, stay silent, and go: limits per address, time-outs, PING.

One sweep over all connections every `SWEEP_S` stands for a timer per connection.
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf
from typing import Final

from parvis.chat import naming, sanctions, signals
from parvis.chat.client import Address, Client
from parvis.chat.cloaks import is_loopback, network_of
from parvis.chat.commands import batch, cap, isupport
from parvis.chat.intake import Intake
from parvis.chat.roll_call import RollCalls
from parvis.chat.service import Chat
from parvis.chat.settings import Settings
from parvis.irc.wire import frame
from parvis.model.verdicts import Refused
from parvis.policy import defence, gates

SWEEP_S: Final = 5.0
"""Between two looks at all connections; ours."""
NAMES_SWEEP_S: Final = 86_400.0
"""Between two looks at all guests and retired names; ours."""
HANDSHAKE_S: Final = 10.0
"""How long a connection may take to ask for a WebSocket; ours."""
UNLIMITED: Final = inf
"""The credit of a connection that no pace holds back."""


class Stage(StrEnum):
    """What a connection does before it may chat."""

    ENCRYPTING = "encrypting"
    """A TLS handshake, after a PROXY header."""
    SHAKING = "shaking"
    """The opening handshake of a WebSocket."""
    ASKING = "asking"
    """HTTP."""


_AT_A_STAGE: Final = {Stage.ENCRYPTING: 1, Stage.SHAKING: 1, Stage.ASKING: 4}
"""How many times as many connections of one address may be at a stage as may chat; ours: a browser opens six for a
page, and several people share an address."""

Leave = Callable[[], None]
"""Told that a connection has left its stage. May be called twice."""


class Doors:
    """Lets connections in and sees to those that have fallen silent."""

    def __init__(self, chat: Chat, intake: Intake) -> None:
        """Serve one chat."""
        self._chat = chat
        chat.move = self.move
        self._intake = intake
        self._open: dict[str, int] = {}
        self._knocking: dict[tuple[Stage, str], int] = {}
        """Connections that may not chat yet, by stage and address."""
        self._opened_this_minute: dict[str, int] = {}
        self._minute_began_s = 0.0
        self._swept_names_s = 0.0
        self._connections: dict[Client, None] = {}
        """Every connection that is not closed yet, those that were told to go included."""
        self._shaking: dict[Client, tuple[float, Leave]] = {}
        """Connections that have not finished their opening handshake: since when, by the steady clock, and their
        place."""
        self._when_empty: Callable[[], None] | None = None
        self._roll_calls = RollCalls()
        self.accepted = 0
        self.turned_away = 0

    def start(self) -> None:
        """Begin to sweep."""
        self._minute_began_s = self._swept_names_s = self._chat.clock.steady_s()
        self._chat.turn.begin()
        naming.sweep(self._chat)
        self._chat.clock.later(SWEEP_S, self._sweep)

    def reconfigure(self, settings: Settings) -> None:
        """Take what a reload may change; who is connected stays, and is told what of it concerns them."""
        chat = self._chat
        offers, tokens = chat.offers, chat.tokens
        connections = list(self._connections)
        chat.turn.begin()
        chat.reconfigure(settings)
        cap.tell_changes(chat, connections, offers)
        isupport.tell_changes(chat, connections, tokens)

    def knock(self, stage: Stage, host: str, *, is_told: bool = True) -> Leave | None:
        """Count a connection that may not chat yet, from its acceptance on; None: its address has too many such.

        Args:
            stage: What it does.
            host: Its address; who has none, as the peer is gone already, is not counted.
            is_told: Whether the address is the peer's own.
        """
        settings = self._chat.settings
        if not host or (settings.exempt_loopback and is_told and is_loopback(host)):
            return _leave_nothing
        place = (stage, network_of(host))
        if self._knocking.get(place, 0) >= _AT_A_STAGE[stage] * settings.connections_per_address:
            self.turned_away += 1
            return None
        self._knocking[place] = self._knocking.get(place, 0) + 1
        is_there = True

        def leave() -> None:
            nonlocal is_there
            if is_there:
                is_there = False
                self._knocking[place] -= 1
                if not self._knocking[place]:
                    del self._knocking[place]

        return leave

    def arrived(self, client: Client, *, is_counted: bool = True) -> None:
        """Take note of a connection that has to finish a handshake before it is let in, or close it.

        A proxy that will say whom it speaks for is not counted: its word comes with the handshake.
        """
        leave = self.knock(Stage.SHAKING, client.address[0], is_told=client.is_told) if is_counted else _leave_nothing
        if leave is None:
            client.gone = True
            client.hang_up()
            return
        self._shaking[client] = (self._chat.clock.steady_s(), leave)

    def _shaken(self, client: Client) -> None:
        since = self._shaking.pop(client, None)
        if since is not None:
            since[1]()

    def opened(self, client: Client) -> None:
        """Take in a new connection, or tell it why not."""
        chat = self._chat
        now_s = chat.clock.steady_s()
        client.heard_at = client.credit_at = now_s
        client.credit = float(chat.settings.commands_burst)
        chat.turn.begin()
        self._connections[client] = None
        self._shaken(client)
        chat.strangers += 1
        if client.greeting is not None:
            client.greeting.began_s = now_s
        if chat.draining:
            chat.leave(client, "", told="Closing link: the server is stopping. Try again in a moment")
            return
        address = client.address[0]
        if not address:
            # The peer was gone before the socket could be asked: there is nobody to count, and nobody to tell.
            chat.leave(client, "", told=None)
            return
        if chat.settings.exempt_loopback and client.is_told and is_loopback(address):
            client.credit = UNLIMITED
        elif not self._count(client):
            return
        if sanctions.at_door(chat, client):
            self.accepted += 1

    def move(self, client: Client, address: Address) -> None:
        """Count a connection for whom its gateway speaks for, and no longer for the gateway; or turn it away.

        What loopback is exempt from, those who come through a gateway there are not.
        """
        key = client.address_key
        self._uncount(client)
        if key in self._opened_this_minute:
            self._opened_this_minute[key] -= 1
        client.address, client.is_told = address, True
        if client.credit == UNLIMITED:
            client.credit = float(self._chat.settings.commands_burst)
            client.credit_at = self._chat.clock.steady_s()
        if self._count(client):
            sanctions.at_door(self._chat, client)

    def _count(self, client: Client) -> bool:
        """Count a connection for its address, or turn it away."""
        chat = self._chat
        key = network_of(client.address[0])
        step = sanctions.step(chat)
        verdict = gates.connect(
            self._open.get(key, 0),
            self._opened_this_minute.get(key, 0),
            defence.per_address(chat.settings.connections_per_address, step),
            defence.per_address(chat.settings.new_connections_per_minute, step),
        )
        if isinstance(verdict, Refused):
            self.turned_away += 1
            chat.leave(client, "", told=chat.words(verdict.told))
            return False
        client.address_key = key
        self._open[key] = self._open.get(key, 0) + 1
        self._opened_this_minute[key] = self._opened_this_minute.get(key, 0) + 1
        return True

    def _uncount(self, client: Client) -> None:
        key = client.address_key
        if key:
            client.address_key = ""
            left = self._open[key] - 1
            if left:
                self._open[key] = left
            else:
                del self._open[key]

    def closed(self, client: Client, reason: str) -> None:
        """Let go of a connection that is lost; who was on it has left."""
        self._shaken(client)
        if client not in self._connections:
            return
        del self._connections[client]
        self._chat.turn.begin()
        self._chat.leave(client, reason, told=None)
        self._intake.forget(client)
        self._tell_empty()
        self._uncount(client)

    @property
    def open_connections(self) -> int:
        """Count the connections that are not closed yet."""
        return len(self._connections)

    def drain(self, done: Callable[[], None]) -> None:
        """Let nobody in, read nothing more; once what was decided is durable and delivered, say goodbye to all.

        `done` is called once, when the last connection is closed.
        The next run's first record ends every session of this one: no record per person is needed.
        """
        chat = self._chat
        chat.draining = True
        for client in self._connections:
            client.stop_reading()

        def end() -> None:
            self.say_goodbye()
            self._when_empty = done
            self._tell_empty()

        def end_vault() -> None:
            chat.vault.end()
            chat.turn.when_idle(end)

        chat.turn.when_idle(end_vault)

    def say_goodbye(self) -> None:
        """Tell everybody who is still there that the server stops, and hang up."""
        for client in list(self._connections):
            if not client.gone:
                client.gone = True
                client.send(frame(b"ERROR :Closing link: the server is stopping", client.signature))
                client.hang_up()

    def _tell_empty(self) -> None:
        if self._when_empty is not None and not self._connections:
            call, self._when_empty = self._when_empty, None
            call()

    def _sweep(self) -> None:
        chat, settings = self._chat, self._chat.settings
        now_s = chat.clock.steady_s()
        if now_s - self._minute_began_s >= 60:
            self._minute_began_s = now_s
            self._opened_this_minute.clear()
        chat.turn.begin()
        chat.vault.sweep(self._connections)
        sanctions.sweep(chat)
        signals.sweep(chat)
        batch.sweep(chat, now_s)
        if now_s - self._swept_names_s >= NAMES_SWEEP_S:
            self._swept_names_s = now_s
            naming.sweep(chat)
        chat.departed.forget_before(chat.now_ms - settings.whowas_minutes * 60_000)
        for client in [client for client, (since_s, _) in self._shaking.items() if now_s - since_s > HANDSHAKE_S]:
            client.hang_up()
        for client in [client for client in self._connections if not client.gone]:
            if client in chat.turn.stopped:
                # It is we who do not read it.
                continue
            silent_s = now_s - client.heard_at
            if client.greeting is not None:
                if now_s - client.greeting.began_s > settings.registration_timeout_s:
                    chat.leave(client, "", told="Closing link: you did not say who you are in time")
            elif client.pinged:
                if silent_s > settings.ping_interval_s + settings.ping_timeout_s:
                    reason = f"Ping timeout: {int(silent_s)} seconds"
                    chat.leave(client, reason, told=f"Closing link: {reason}")
            elif silent_s > settings.ping_interval_s:
                client.pinged = True
                chat.ping(client)
        self._roll_calls.call_if_due(chat)
        chat.clock.later(SWEEP_S, self._sweep)


def _leave_nothing() -> None:
    """Let go of a place that was not counted."""
