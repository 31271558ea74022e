"""Somebody on a connection of this process: the person, the protocol's state, and what waits to be read or sent.

One object per connection is the adapter's protocol, the client and the person at once (`net/tcp.py` and
`net/websocket.py` inherit from `Client`): an idle connection costs no task, no queue and no timer.
"""

from abc import abstractmethod
from math import inf
from typing import Literal

from parvis.irc.connection import Greeting
from parvis.model.person import Person

Address = tuple[str, int]
"""Where a connection comes from: address and source port, after PROXY and Forwarded."""

Via = Literal["direct", "proxy", "forwarded", "webirc"]
"""Who says where a connection comes from: its socket, a PROXY header, a Forwarded header, or a gateway."""

NO_LINES: list[bytes] = []
"""What `Client.waiting` is while nothing waits. Shared: it is replaced, never written to."""


NO_DEVICES: tuple["Client", ...] = ()
"""What `Client.devices` is of somebody with one device. Shared."""


class Client(Person):
    """A connection and who is on it.

    A person with several devices has several connections. The first of them carries the person: it is what rooms and
    the world hold, and `devices` lists the others, whose `carrier` it is. When it goes, the next carries the person
    (`CarriedOver`).

    `greeting` is there until the connection is registered; `gone` is true from the moment it is told to close.
    """

    __slots__ = (
        "acted",
        "address",
        "address_key",
        "capabilities",
        "carrier",
        "certificate",
        "connection_id",
        "credit",
        "credit_at",
        "devices",
        "direct",
        "gone",
        "greeting",
        "heard_at",
        "is_secure",
        "is_told",
        "listener",
        "parked",
        "pending",
        "pinged",
        "signature",
        "stopped",
        "transport_kind",
        "unread",
        "via",
        "waiting",
    )

    def __init__(self, address: Address, transport_kind: int) -> None:
        """Make the client of a new connection; `transport_kind` is its part of the wire signature."""
        super().__init__()
        self.address = address
        self.is_told = True
        """Whether the address is the peer's own; false for that of a proxy which did not say whom it speaks for."""
        self.via: Via = "direct"
        """Who said the address."""
        self.listener = ""
        """Where it came in: our own address; empty when not known."""
        self.connection_id = b""
        """Its id in the identification vault, once it has entered, logged in or registered (`chat/vault.py`)."""
        self.address_key = ""
        """Under what limits per address count this connection; empty when they do not."""
        self.is_secure = False
        """Whether nobody between the peer and the server can read along: TLS."""
        self.certificate = ""
        """SHA-256 of the certificate that the peer has shown and proved, in hexadecimal; empty: none."""
        self.carrier: Client | None = None
        """The connection that carries the person, when it is another one."""
        self.devices: tuple[Client, ...] = NO_DEVICES
        """The other connections of the person that this one carries."""
        self.transport_kind = transport_kind
        self.signature = transport_kind
        self.capabilities = 0
        self.greeting: Greeting | None = Greeting()
        self.credit: float = 0.0
        """Commands that it may send at once."""
        self.credit_at: float = 0.0
        """When the credit was last counted, in seconds of the loop's clock."""
        self.heard_at: float = 0.0
        """When it last sent anything, in seconds of the loop's clock."""
        self.acted = 0
        """Serial number of the last batch that holds an act or an answer of its own."""
        self.gone = False
        self.direct = -1
        """The descriptor that may be written to directly; -1 when bytes go through the transport."""
        self.parked = False
        """A command of its waits for a thread; later lines stay unread."""
        self.stopped = False
        """Reading from it is stopped."""
        self.pinged = False
        self.unread = b""
        """The start of a line (or frame) whose end has not arrived."""
        self.waiting: list[bytes] = NO_LINES
        """Whole lines that wait: the pace or a parked command holds them back."""
        self.pending: bytes | list[bytes] | None = None
        """What a delivery has gathered for it; used by `chat/delivery.py` alone."""

    @property
    def person(self) -> "Client":
        """Give the connection that carries the person whose connection this is: itself, mostly."""
        return self.carrier or self

    @property
    def shown_nick(self) -> str:
        """Give what numerics call it: the pseudonym of its person, the one it asks for while it has none, or `*`."""
        return self.person.nick or (self.greeting.nick if self.greeting is not None else "") or "*"

    @property
    def connections(self) -> tuple["Client", ...]:
        """List every connection of the person that this one carries."""
        return (self, *self.devices)

    @property
    def is_exempt(self) -> bool:
        """Tell whether no limit of pace holds for it."""
        return self.credit == inf

    @property
    def is_registered(self) -> bool:
        """Tell whether it has entered."""
        return self.greeting is None

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes now, or keep them until the peer reads; close it when too much is kept. Never raises."""

    @abstractmethod
    def send_later(self, data: bytes) -> None:
        """Keep bytes that a direct write did not take. Never raises."""

    @abstractmethod
    def hang_up(self) -> None:
        """Close the connection once what was sent is out. May be called twice."""

    @abstractmethod
    def give_up(self) -> None:
        """Close the connection at once: its peer is gone. May be called twice; who was on it leaves in a later turn."""

    @abstractmethod
    def stop_reading(self) -> None:
        """Read nothing more for now. May be called twice."""

    @abstractmethod
    def go_on_reading(self) -> None:
        """Read again."""
