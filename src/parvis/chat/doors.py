"""Connections that come, stay silent, and go: limits per address, time-outs, PING.

One sweep over all connections every `SWEEP_S` stands for a timer per connection.
"""

from collections.abc import Callable
from math import inf
from typing import Final

from parvis.chat import naming
from parvis.chat.client import Client
from parvis.chat.cloaks import is_loopback, network_of
from parvis.chat.intake import Intake
from parvis.chat.service import Chat
from parvis.irc.wire import frame
from parvis.model.verdicts import Refused
from parvis.policy import gates

SWEEP_S: Final = 5.0
"""Between two looks at all connections; ours."""
NAMES_SWEEP_S: Final = 86_400.0
"""Between two looks at all guests and retired names; ours."""
HANDSHAKE_S: Final = 10.0
"""How long a connection may take to ask for a WebSocket; ours."""
UNLIMITED: Final = inf
"""The credit of a connection that no pace holds back."""


class Doors:
    """Lets connections in and sees to those that have fallen silent."""

    def __init__(self, chat: Chat, intake: Intake) -> None:
        """Serve one chat."""
        self._chat = chat
        self._intake = intake
        self._open: dict[str, int] = {}
        self._opened_this_minute: dict[str, int] = {}
        self._minute_began_s = 0.0
        self._swept_names_s = 0.0
        self._connections: dict[Client, None] = {}
        """Every connection that is not closed yet, those that were told to go included."""
        self._shaking: dict[Client, float] = {}
        """Connections that have not finished their opening handshake, and since when, by the steady clock."""
        self._when_empty: Callable[[], None] | None = None
        self.accepted = 0
        self.turned_away = 0

    def start(self) -> None:
        """Begin to sweep."""
        self._minute_began_s = self._swept_names_s = self._chat.clock.steady_s()
        self._chat.turn.begin()
        naming.sweep(self._chat)
        self._chat.clock.later(SWEEP_S, self._sweep)

    def arrived(self, client: Client) -> None:
        """Note a connection that has to finish a handshake before it is let in."""
        self._shaking[client] = self._chat.clock.steady_s()

    def opened(self, client: Client) -> None:
        """Take in a new connection, or tell it why not."""
        chat = self._chat
        now_s = chat.clock.steady_s()
        client.heard_at = client.credit_at = now_s
        client.credit = float(chat.settings.commands_burst)
        chat.turn.begin()
        self._connections[client] = None
        self._shaking.pop(client, None)
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
        else:
            key = network_of(address)
            verdict = gates.connect(
                self._open.get(key, 0),
                self._opened_this_minute.get(key, 0),
                chat.settings.connections_per_address,
                chat.settings.new_connections_per_minute,
            )
            if isinstance(verdict, Refused):
                self.turned_away += 1
                chat.leave(client, "", told=verdict.told)
                return
            client.address_key = key
            self._open[key] = self._open.get(key, 0) + 1
            self._opened_this_minute[key] = self._opened_this_minute.get(key, 0) + 1
        self.accepted += 1

    def closed(self, client: Client, reason: str) -> None:
        """Let go of a connection that is lost; who was on it has left."""
        self._shaking.pop(client, None)
        if client not in self._connections:
            return
        del self._connections[client]
        self._chat.turn.begin()
        self._chat.leave(client, reason, told=None)
        self._intake.forget(client)
        self._tell_empty()
        key = client.address_key
        if key:
            client.address_key = ""
            left = self._open[key] - 1
            if left:
                self._open[key] = left
            else:
                del self._open[key]

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

        chat.turn.when_idle(end)

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
        if now_s - self._swept_names_s >= NAMES_SWEEP_S:
            self._swept_names_s = now_s
            naming.sweep(chat)
        chat.departed.forget_before(chat.now_ms - settings.whowas_minutes * 60_000)
        for client in [client for client, since_s in self._shaking.items() if now_s - since_s > HANDSHAKE_S]:
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
        chat.clock.later(SWEEP_S, self._sweep)
