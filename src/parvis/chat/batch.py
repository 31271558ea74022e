"""What one commit makes durable, and the lines that wait for it.

A batch is cut into runs by fences. Within a run no membership, no name and no wire signature changes, so that its
lines can be grouped by audience and each group joined once (`chat/delivery.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from parvis.archive import vault
from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.irc import multiline
from parvis.irc.capabilities import MESSAGE_TAGS
from parvis.irc.wire import render
from parvis.model.ids import ConversationId
from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom, RecordKind, Unsealed
from parvis.ports import archive

TEXTS: Final = frozenset({RecordKind.MESSAGE, RecordKind.NOTICE, RecordKind.TAG_MESSAGE})
"""Kinds of records that change no state: they can be refused after all when sealing keeps failing."""


class Said:
    """One line for an audience. Its bytes are made once per wire signature."""

    __slots__ = (
        "_bytes",
        "_signature",
        "account",
        "audience",
        "body",
        "client_tags",
        "is_staff",
        "label",
        "message_id",
        "own",
        "record",
        "sender",
        "tags_only",
        "time_ms",
    )

    def __init__(
        self,
        audience: Audience,
        body: bytes,
        time_ms: int,
        message_id: str,
        client_tags: str,
        sender: Client | None,
        own: bytes | None,
        record: Unsealed | None,
        label: str | None,
        tags_only: bool,
        account: str = "",
        is_staff: bool = False,
    ) -> None:
        """Make a line.

        Args:
            audience: Who gets it, of the moment it was decided.
            body: The line without tags and CR LF.
            time_ms: When it was decided.
            message_id: Its id as the wire shows it, or the empty string.
            client_tags: Client-only tags as the wire shows them, or the empty string.
            sender: Whose act it is; gets `own` in its place and never the common bytes.
            own: What the sender gets, framed; None for nothing.
            record: The record that makes it durable; None when it is part of another line's record.
            label: The label of the sender's command, for telling that it was refused after all.
            tags_only: A TAGMSG: who has no message-tags gets nothing.
            account: The account of whoever speaks; empty: a guest, or the server.
            is_staff: Whoever speaks is an operator of the server.
        """
        self.account = account
        self.is_staff = is_staff
        self.audience = audience
        self.body = body
        self.time_ms = time_ms
        self.message_id = message_id
        self.client_tags = client_tags
        self.sender = sender
        self.own = own
        self.record = record
        self.label = label
        self.tags_only = tags_only
        self._signature = -1
        self._bytes = b""

    def render(self, signature: int) -> bytes:
        """Write it for a signature; nothing for a TAGMSG where tags are not understood."""
        if signature != self._signature:
            if self.tags_only and not signature & MESSAGE_TAGS:
                return b""
            self._bytes = self._write(signature)
            self._signature = signature
        return self._bytes

    def _write(self, signature: int) -> bytes:
        return render(
            signature, self.body, self.time_ms, self.message_id, self.client_tags, self.account, self.is_staff
        )


class SaidLines(Said):
    """A message of several lines: `body` is its canonical form (`irc/multiline.py`)."""

    __slots__ = ()

    def _write(self, signature: int) -> bytes:
        return multiline.render(
            signature, self.body, self.time_ms, self.message_id, self.client_tags, self.account, self.is_staff
        )


Told = tuple[Client, bytes, Unsealed | None, Client | None, str | None]
"""Framed bytes for one client; the record they wait for if it is a text, whose text it is, and its label."""


class Run:
    """Lines between two fences."""

    __slots__ = ("entries", "groups", "special")

    def __init__(self) -> None:
        """Begin empty."""
        self.entries: list[Said | Told] = []
        """Every line, in the order of decision."""
        self.groups: dict[Audience, list[Said]] = {}
        """The lines of each audience, in the order of decision."""
        self.special: dict[Client, list[bytes]] = {}
        """Who gets its lines one by one in exact order: whoever has a line of their own in this run, and senders."""


class Batch:
    """Records of one commit, the rooms they change, and the runs of lines that wait for it."""

    __slots__ = (
        *("closing", "durable", "kept", "records", "rooms", "run", "runs", "serial", "told_bytes", "upkeep", "vault"),
    )

    def __init__(self, serial: int) -> None:
        """Begin empty, with one run."""
        self.serial = serial
        self.records: list[Unsealed] = []
        self.rooms: dict[ConversationId, KeptRoom | None] = {}
        """Registered rooms that it changes; None: the room is kept no longer."""
        self.kept: dict[tuple[KeptKind, bytes], Keep] = {}
        self.upkeep: list[archive.Upkeep] = []
        self.vault: list[vault.Entry] = []
        """What the identification vault is told with it; sealed as upkeep when the batch is (`chat/vault.py`)."""
        self.durable: list[Callable[[], None]] = []
        """Called once all of it is durable, before anybody reads of it."""
        self.run = Run()
        self.runs = [self.run]
        self.told_bytes = 0
        """Bytes of answers and private lines that wait in it."""
        self.closing: list[Client] = []
        """Who is hung up on after delivery: they have quit."""

    def fence(self) -> None:
        """Begin a new run: what follows changes membership, a name or a wire signature."""
        if self.run.entries:
            self.run = Run()
            self.runs.append(self.run)

    def say(self, said: Said) -> None:
        """Add a line for an audience."""
        run = self.run
        run.entries.append(said)
        group = run.groups.get(said.audience)
        if group is None:
            run.groups[said.audience] = [said]
        else:
            group.append(said)
        sender = said.sender
        if sender is not None and sender not in run.special:
            run.special[sender] = []

    def tell(self, told: Told) -> None:
        """Add bytes for one client."""
        run = self.run
        self.told_bytes += len(told[1])
        run.entries.append(told)
        if told[0] not in run.special:
            run.special[told[0]] = []

    def to_seal(self) -> archive.Batch:
        """Give what the archive makes durable of it."""
        return archive.Batch(
            self.records,
            [room for room in self.rooms.values() if room is not None],
            list(self.kept.values()),
            [room_id for room_id, room in self.rooms.items() if room is None],
            self.upkeep,
        )

    @property
    def needs_sealing(self) -> bool:
        """Tell whether its lines have to wait for a commit."""
        return bool(self.records or self.rooms or self.kept or self.upkeep or self.vault)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits in it."""
        return not (self.needs_sealing or self.closing or self.run.entries or len(self.runs) > 1)
