"""What a connection needs of the chat. One value per listener, shared by its connections."""

import structlog

from parvis.chat.client import Client
from parvis.chat.doors import Doors
from parvis.chat.intake import Intake
from parvis.chat.service import Chat

log = structlog.get_logger()


class Gate:
    """The chat behind a listener."""

    __slots__ = ("chat", "doors", "encrypted", "intake")

    def __init__(self, chat: Chat, intake: Intake, doors: Doors, *, encrypted: bool) -> None:
        """Join the parts; `encrypted` says that bytes must go through the transport."""
        self.chat = chat
        self.intake = intake
        self.doors = doors
        self.encrypted = encrypted

    def too_slow(self, client: Client) -> None:
        """Close a connection that does not read: its room is told, and nobody waits for it."""
        log.info("reader too slow", session=client.session.hex(), limit_bytes=self.chat.settings.send_queue_bytes)
        self.chat.turn.begin()
        self.chat.leave(client, "Send queue exceeded", told=None)
