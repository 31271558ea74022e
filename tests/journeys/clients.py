"""The clients that people use, driven from outside: what they are told to do, and what they themselves recorded.

irssi is typed at through a terminal and read through its own logs; WeeChat is given commands by a signal and read
through its own logs (`terminals.py`). The libraries that bots are written with run in threads or in a process of
their own and write down each event they were given (`bots.py`, `web.py`).
"""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

ROOM = "#green"
PATIENCE_S = 30.0
"""How long a client may take to record something; it is waited for, never slept for."""


@dataclass(frozen=True, slots=True)
class Login:
    """An account, as a client is told of it."""

    account: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """How a client comes to the server.

    Attributes:
        port: Where, on this machine.
        certificate: Over TLS, and this is whom the client trusts; None: plain.
        login: The account that it logs in to while it connects; None: a guest.
    """

    port: int
    certificate: Path | None = None
    login: Login | None = None

    @property
    def host(self) -> str:
        """Give the name of the server: the one in its certificate where it shows one."""
        return "localhost" if self.certificate else "127.0.0.1"


class Client:
    """Somebody at a client.

    Attributes:
        FORMS: How the client records what happened: a pattern per kind, with the names of its parts.
    """

    FORMS: ClassVar[dict[str, str]]

    def __init__(self, nick: str) -> None:
        """Sit down under a name."""
        self.nick = nick

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Go home."""
        raise NotImplementedError

    def record(self, what: str = "") -> str:
        """Give what the client has written down, where it notes a kind of event; without one: everything."""
        raise NotImplementedError

    def times(self, what: str, **parts: str) -> int:
        """Count how often the client has recorded something."""
        pattern = self.FORMS[what].format(**{name: re.escape(part) for name, part in parts.items()})
        return len(re.findall(pattern, self.record(what), re.MULTILINE))

    def sees(self, what: str, times: int = 1, **parts: str) -> None:
        """Wait until the client has recorded something as often as it happened, and no oftener."""
        end_s = time.monotonic() + PATIENCE_S
        while (found := self.times(what, **parts)) < times:
            assert time.monotonic() < end_s, f"{self.nick} has not seen: {what} {parts}\n{self.record()}"
            time.sleep(0.02)
        assert found == times

    def join(self) -> None:
        """Come into the room (again)."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Say something to the room."""
        raise NotImplementedError

    def tell(self, nick: str, text: str) -> None:
        """Say something to one person."""
        raise NotImplementedError

    def act(self, text: str) -> None:
        """Do something (`/me`)."""
        raise NotImplementedError

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        raise NotImplementedError

    def make_host(self, nick: str) -> None:
        """Make somebody a host of the room."""
        raise NotImplementedError

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out of the room."""
        raise NotImplementedError

    def quit(self, reason: str) -> None:
        """Leave the server."""
        raise NotImplementedError


class Noting(Client):
    """A client that writes down each event as a line; kinds and their parts apart by tabs."""

    FORMS: ClassVar[dict[str, str]] = {
        "said": r"^said\t{who}\t{text}$",
        "told": r"^told\t{who}\t{text}$",
        "did": r"^did\t{who}\t{text}$",
        "topic": r"^topic\t{who}\t{text}$",
        "host": r"^mode\t{who}\t\+o {whom}$",
        "kick": r"^kick\t{who}\t{whom}\t{text}$",
        "quit": r"^quit\t{who}\tQuit: {text}$",
        "joined": r"^joined\t{who}$",
        "came as": r"^came as\t{who}\t{account}$",
        "logged in": r"^logged in\t{account}$",
        "registered": r"^registered\t{outcome}\t{account}\t",
        "refused": r"^refused\t",
    }

    def __init__(self, nick: str) -> None:
        """Begin with an empty page."""
        super().__init__(nick)
        self._noted: list[str] = []

    def note(self, *parts: str) -> None:
        """Write an event down."""
        self._noted.append("\t".join(parts))

    def record(self, what: str = "") -> str:
        """Give what was written down."""
        return "\n".join(self._noted)
