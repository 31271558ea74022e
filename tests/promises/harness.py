"""The whole chat core without a socket: a clock that is turned by hand, clients that keep what they are sent, and the
archive's twin in memory, whose commits fail, hang or are held when a test says so.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TypeVar

from msgspec.structs import replace
from tests.rights import Duties

from parvis.app.vault_recovery import recover
from parvis.app.verifiers import Verifiers
from parvis.app.wiring import open_rooms, restore, restore_duties
from parvis.app.wording import FluentWording
from parvis.archive.sealing import Wrapping
from parvis.archive.terms import DEFAULT_TERMS
from parvis.chat.chance import Chance
from parvis.chat.client import Client
from parvis.chat.cloaks import conversation_of_pair
from parvis.chat.doors import Doors
from parvis.chat.intake import Intake
from parvis.chat.outside import Outside
from parvis.chat.service import Chat
from parvis.chat.settings import Operator, Settings
from parvis.chat.turn import Turn
from parvis.irc.capabilities import STREAM
from parvis.model.accounts import Account
from parvis.model.kept import Keep, KeptKind
from parvis.ports.clock import Timer
from parvis.store.beginning import TermBook
from parvis.store.memory import Fault, MemoryArchive, MemoryStore
from parvis.store.memory_history import MemoryHistory
from parvis.store.memory_sealed import MemorySealed

T = TypeVar("T")

NOON_MS = 1_800_000_000_000
"""When every test begins."""
OPERATOR_PASSWORD = "correct"
"""With it, any name logs in as an operator."""


class Ring:
    """A call that waits on the clock."""

    def __init__(self, at_s: float, call: Callable[[], None]) -> None:
        """Wait until a moment."""
        self.at_s = at_s
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forget it."""
        self.call = None


class HandClock:
    """A clock that moves when a test says so. A turn ends when the test lets it."""

    def __init__(self, began_s: float = 0.0) -> None:
        """Begin at noon, or so many seconds after it."""
        self._s = began_s
        self._soon: list[Callable[[], None]] = []
        self._rings: list[Ring] = []

    def now_ms(self) -> int:
        """Give the time of day."""
        return NOON_MS + int(self._s * 1000)

    def steady_s(self) -> float:
        """Give seconds since noon."""
        return self._s

    def later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Call once after a delay."""
        ring = Ring(self._s + delay_s, call)
        self._rings.append(ring)
        return ring

    def soon(self, call: Callable[[], None]) -> None:
        """Call once at the end of the turn."""
        self._soon.append(call)

    def end_turn(self) -> None:
        """Do what was to be done soon, and what that asks for."""
        while self._soon:
            calls, self._soon = self._soon, []
            for call in calls:
                call()

    def go_on(self, seconds: float) -> None:
        """Let time pass, ringing what is due in its order."""
        self.end_turn()
        end_s = self._s + seconds
        while due := [ring for ring in self._rings if ring.at_s <= end_s]:
            ring = min(due, key=lambda each: each.at_s)
            self._rings.remove(ring)
            self._s = max(self._s, ring.at_s)
            if ring.call is not None:
                ring.call()
            self.end_turn()
        self._s = end_s


class HeardClient(Client):
    """A client that keeps what it is sent."""

    def __init__(self, square: "Square", address: str) -> None:
        """Make a connection to a square."""
        super().__init__((address, 50000), STREAM)
        self._square = square
        self.writes: list[tuple[int, bytes]] = []
        """Every write, with the number of batches that were delivered before it."""
        self.read_writes = 0
        self.hung_up = False

    def send(self, data: bytes) -> None:
        """Keep the bytes."""
        if not self.hung_up:
            self.writes.append((self._square.turn.delivered_serial, data))

    def send_later(self, data: bytes) -> None:
        """Keep the bytes."""
        self.send(data)

    def hang_up(self) -> None:
        """Hear nothing more."""
        self.hung_up = True

    def give_up(self) -> None:
        """Close at once."""
        self.hang_up()

    def stop_reading(self) -> None:
        """Have nothing more read."""
        self.stopped = True

    def go_on_reading(self) -> None:
        """Be read again."""
        self.stopped = False

    # What tests do with it.

    def is_stopped(self) -> bool:
        """Tell whether nothing is read from it."""
        return self.stopped

    def is_hung_up(self) -> bool:
        """Tell whether it was told to close."""
        return self.hung_up

    def says(self, *lines: str) -> None:
        """Send lines; the turn stays open."""
        self._square.intake.receive(self, [line.encode() for line in lines])

    def hears(self) -> list[str]:
        """Give the lines that have come since the last call."""
        data = b"".join(data for _, data in self.writes[self.read_writes :])
        self.read_writes = len(self.writes)
        return data.decode().split("\r\n")[:-1]

    def all_heard(self) -> list[str]:
        """Give every line that has come."""
        return b"".join(data for _, data in self.writes).decode().split("\r\n")[:-1]


class Square:
    """A chat with its archive in memory."""

    def __init__(
        self,
        *,
        commit_queue_records: int = 4096,
        exempt: bool = True,
        store: MemoryStore | None = None,
        server: str = "square.test",
        commit_queue_bytes: int = 33_554_432,
        rooms_per_session: int = 50,
        chosen: dict[str, object] | None = None,
        began_s: float = 0.0,
    ) -> None:
        """Open it, with the default rooms or those that a store has kept, and with settings that a test chooses."""
        self.passwords_checked = 0
        self.reloads = 0
        self.reload_works = True
        self.clock = HandClock(began_s)
        self.archive = MemoryArchive(store)
        self.stopped_because: list[str] = []
        opened = self.archive.open(self.clock.now_ms())
        self.turn = Turn(
            self.archive,
            self.clock,
            fan_out,
            self.stopped_because.append,
        )
        self.turn.follow(opened)
        settings = Settings(
            server=server,
            network="Square",
            version="parvis-test",
            commit_queue_records=commit_queue_records,
            commit_queue_bytes=commit_queue_bytes,
            rooms_per_session=rooms_per_session,
            exempt_loopback=exempt,
        )
        if chosen:
            settings = replace(settings, **chosen)
        # The same ids each time a test is done, and none twice.
        chance = Chance(Random(opened.run).randbytes)
        self.check_takes_s = 0.05
        # As a server's own, but for what a check costs.
        passwords = Verifiers(self.archive.keys.derived(b"accounts"), memory_kib=8, passes=1, iterations=2)
        self.history = MemoryHistory(self.archive.store, partial(conversation_of_pair, bytes(32)))
        self.duties = Duties(self.archive, self.turn, self.clock, self.end_turn, self.history.hide)
        outside = Outside(
            work=self._work,
            history=self.history,
            history_work=self._work,
            find_operator=self._find_operator,
            wrapping=Wrapping(TermBook(self.archive.keys, os.urandom, DEFAULT_TERMS).covering, self.archive.custodian),
            passwords=passwords,
            rights=self.duties.rights,
            wording=FluentWording(),
            reload=self._reload,
        )
        self.chat = Chat(settings, bytes(32), chance, self.clock, self.turn, outside)
        self.intake = Intake(self.chat)
        self.doors = Doors(self.chat, self.intake)
        open_rooms(self.chat, opened.rooms)
        restore(self.chat, opened.kept)
        recover(self.chat.vault, opened, MemorySealed(self.archive.store))
        restore_duties(self.duties.holds, self.duties.erasures, opened.kept)
        self.end_turn()

    def _work(self, task: Callable[[], T], done: Callable[[T | None], None]) -> None:
        self.clock.later(self.check_takes_s, lambda: done(task()))

    def _reload(self) -> bool:
        self.reloads += 1
        return self.reload_works

    def _find_operator(self, _name: str, password: str) -> Operator | None:
        self.passwords_checked += 1
        return Operator("operator", "server-admin") if password == OPERATOR_PASSWORD else None

    def connects(self, address: str = "127.0.0.1") -> HeardClient:
        """Open a connection."""
        client = HeardClient(self, address)
        self.doors.opened(client)
        return client

    def enters(
        self,
        nick: str,
        *capabilities: str,
        rooms: Sequence[str] = (),
        address: str = "127.0.0.1",
        account: Account | None = None,
    ) -> HeardClient:
        """Have somebody come in, logged in to an account perhaps, and into rooms; what they are told is not kept."""
        client = self.connects(address)
        if account is not None and client.greeting is not None:
            client.greeting.account, client.greeting.proved_by = account.id, account.password
        if capabilities:
            client.says(f"CAP REQ :{' '.join(capabilities)}", "CAP END")
        client.says(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        for room in rooms:
            client.says(f"JOIN {room}")
        self.end_turn()
        client.hears()
        return client

    def loses(self, client: HeardClient) -> None:
        """Have a connection break."""
        client.hang_up()
        self.doors.closed(client, "Connection lost")

    def end_turn(self) -> None:
        """Let the turn end."""
        self.clock.end_turn()

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.go_on(seconds)

    def commits_fail(self, times: int, fault: Fault = Fault.FAILS) -> None:
        """Let the next commits fail."""
        self.archive.faults.extend([fault] * times)

    def commits_work(self) -> None:
        """Let commits work again."""
        self.archive.faults.clear()

    def values(self) -> dict[tuple[KeptKind, bytes], Keep]:
        """Give what is kept beside rooms and records, without how far the vault has come."""
        kept = self.archive.store.kept
        return {place: value for place, value in kept.items() if place[0] is not KeptKind.VAULT}

    def kept(self, *, undelivered: bool = False) -> list[str]:
        """Give the lines in the archive, in order, without what the server says of its runs."""
        return [
            record.line.decode()
            for record in self.archive.store.opened_records()
            if record.line and record.undelivered is undelivered
        ]


def fan_out(clients: Sequence[Client], data: bytes) -> None:
    """Send the same bytes to each, as the adapter does."""
    for client in clients:
        client.send(data)
