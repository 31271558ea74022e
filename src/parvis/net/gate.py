"""What a connection needs of the chat and of its listener."""

from collections.abc import Callable, Sequence

import structlog

from parvis.chat.client import Client
from parvis.chat.doors import Doors, Leave, Stage
from parvis.chat.intake import Intake
from parvis.chat.service import Chat
from parvis.net.address import Address, Network, is_within

log = structlog.get_logger()


class Gate:
    """The chat behind one listener, and what that listener allows. Shared by its connections."""

    __slots__ = ("allowed_origins", "chat", "doors", "has_header", "intake", "is_path", "listener", "trusted")

    def __init__(
        self,
        chat: Chat,
        intake: Intake,
        doors: Doors,
        *,
        any_path: bool = False,
        allowed_origins: Sequence[str] = (),
        trusted: Sequence[Network] = (),
        listener: str = "",
        has_header: bool = False,
    ) -> None:
        """Join the parts.

        Args:
            chat: Who is where.
            intake: Handles lines.
            doors: Lets connections in.
            any_path: A WebSocket may open at any path, not at `/irc` alone.
            allowed_origins: Pages whose browsers may connect (`net/handshake.py`).
            trusted: Networks whose `Forwarded` header is taken (`net/forwarded.py`).
            listener: Its own address, for the identification vault.
            has_header: Whether a PROXY header says who comes.
        """
        self.chat = chat
        self.intake = intake
        self.doors = doors
        self.is_path: Callable[[str], bool] = _any_path if any_path else _is_irc
        self.allowed_origins = allowed_origins
        self.trusted = trusted
        self.listener = listener
        self.has_header = has_header

    def knock_at_http(self, peer: Address) -> Leave | None:
        """Count an HTTP connection from its first moment; None: its address has too many.

        A trusted proxy is not counted: it speaks for many.
        """
        if is_within(peer.host, self.trusted):
            return lambda: None
        return self.doors.knock(Stage.ASKING, peer.host, is_told=peer.told)

    def too_slow(self, client: Client) -> None:
        """Close a connection that does not read, with a reason: its rooms are told, and nobody waits for it."""
        log.info("reader too slow", session=client.session.hex(), limit_bytes=self.chat.settings.send_queue_bytes)
        self.chat.turn.begin()
        told = "Closing link: more waits to be read by you than may be kept"
        self.chat.leave(client, "Send queue exceeded", told=told, waits=False)


def _is_irc(path: str) -> bool:
    return path == "/irc"


def _any_path(path: str) -> bool:  # noqa: ARG001 - that is its answer
    return True
