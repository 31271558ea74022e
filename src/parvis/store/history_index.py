"""An index in memory over the headers of the log: which records a conversation has, and who was where when.

Rule 1: it is fed every record from a beginning on, in order, and knows only what headers and roll calls say.
Rule 2: who was in a room is known by record numbers, not by times: many records bear the same millisecond.
Rule 3: what is older than the window is forgotten, and beyond `ENTRIES_MAX` the oldest are forgotten first.

A conversation costs 48 bytes per record in five arrays. Source: docs/adr/0013-history-from-the-sealed-log.md.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from parvis.archive.record import HEADER_V1
from parvis.archive.roll_call import Presence, read_roll_call
from parvis.irc.references import raw_message_id
from parvis.model.ids import (
    MESSAGE_ID_BYTES,
    NO_SESSION,
    OPAQUE_ID_BYTES,
    PRESENCE,
    ConversationId,
    IdentityId,
    SessionId,
)
from parvis.model.records import RecordKind

ENTRIES_MAX: Final = 1_000_000
"""Most records in the index: some 50 MB; ours."""
SITTING_SIZE: Final = 10
"""How many records take as much memory as one session with its rooms."""
IDENTITIES_MAX: Final = 32
"""Most identities that one session is known by: who logs in and out again and again is known by the first; ours."""
GONE: Final = 0x40
"""Set on the kind of a message that was taken back."""
UNKEPT: Final = 0x20
"""Set on the kind of a TAGMSG that is no part of history."""
OPENED: Final = frozenset({RecordKind.TAG_MESSAGE, RecordKind.REDACTED, RecordKind.ROLL_CALL})
"""Kinds whose content the index has to see."""
_MILESTONE_EVERY: Final = 1024
_IN_CONVERSATION: Final = frozenset(
    {
        *(RecordKind.JOINED, RecordKind.PARTED, RecordKind.KICKED, RecordKind.MESSAGE, RecordKind.NOTICE),
        *(RecordKind.TAG_MESSAGE, RecordKind.TOPIC, RecordKind.MODE, RecordKind.REDACTED),
    }
)


class Log:
    """The records of one conversation, in order."""

    __slots__ = ("authors", "ids", "kinds", "messages", "times", "who")

    def __init__(self) -> None:
        """Begin empty."""
        self.ids = array("q")
        self.times = array("q")
        self.kinds = bytearray()
        """`RecordKind`, with `GONE` or `UNKEPT`."""
        self.messages = bytearray()
        self.authors = bytearray()
        self.who: tuple[IdentityId, ...] = ()
        """The first authors it has had, three at most: more than two are no private conversation."""

    def __len__(self) -> int:
        """Count the records."""
        return len(self.ids)

    def add(self, number: int, time_ms: int, kind: int, message_id: bytes, author: bytes) -> None:
        """Put a record at the end."""
        self.ids.append(number)
        self.times.append(time_ms)
        self.kinds.append(kind)
        self.messages += message_id
        self.authors += author
        if len(self.who) < 3 and author not in self.who:
            self.who = (*self.who, IdentityId(author))

    def place_of(self, message_id: bytes) -> int | None:
        """Find the record with a message id."""
        at = self.messages.find(message_id)
        while at >= 0:
            place, rest = divmod(at, MESSAGE_ID_BYTES)
            if not rest:
                return place
            at = self.messages.find(message_id, at + 1)
        return None

    def message_id(self, place: int) -> bytes:
        """Give the message id of a record."""
        return bytes(self.messages[place * MESSAGE_ID_BYTES : (place + 1) * MESSAGE_ID_BYTES])

    def author(self, place: int) -> IdentityId:
        """Give the author of a record."""
        return IdentityId(bytes(self.authors[place * OPAQUE_ID_BYTES : (place + 1) * OPAQUE_ID_BYTES]))

    def without(self, author: bytes) -> "Log | None":
        """Give the log as if an author had never written; None: they have written nothing here."""
        if author not in self.who and self.authors.find(author) < 0:
            return None
        left = Log()
        for place in range(len(self)):
            if self.author(place) != author:
                left.add(
                    self.ids[place], self.times[place], self.kinds[place], self.message_id(place), self.author(place)
                )
        return left

    def forget(self, count: int) -> None:
        """Drop the oldest records."""
        del self.ids[:count], self.times[:count], self.kinds[:count]
        del self.messages[: count * MESSAGE_ID_BYTES], self.authors[: count * OPAQUE_ID_BYTES]


class Sitting:
    """One session: whose it was, and when it was in which rooms."""

    __slots__ = ("ended_ms", "identities", "rooms")

    def __init__(self, identity: IdentityId) -> None:
        """Begin with one identity and no room."""
        self.identities = {identity}
        self.rooms: dict[ConversationId, list[int]] = {}
        """Numbers of records, by turns the one that brought it in and the one that took it out; both are seen."""
        self.ended_ms: int | None = None

    def open_rooms(self) -> list[ConversationId]:
        """List the rooms that the session is in."""
        return [room for room, ends in self.rooms.items() if len(ends) % 2]

    def come(self, room: ConversationId, number: int) -> None:
        """Note that it came into a room. A stay that nothing ended was over by then, and counts for nothing."""
        ends = self.rooms.setdefault(room, [])
        if len(ends) % 2:
            ends[-1] = number
        else:
            ends.append(number)

    def stay(self, room: ConversationId, number: int) -> None:
        """Note that it is in a room, as it was before or at least from a record on."""
        ends = self.rooms.setdefault(room, [])
        if not len(ends) % 2:
            ends.append(number)

    def go(self, room: ConversationId, number: int) -> None:
        """Note that it is out of a room after a record."""
        ends = self.rooms.get(room)
        if ends is not None and len(ends) % 2:
            ends.append(number)


class Index:
    """Every conversation of the window, and who was where."""

    def __init__(self, open_line: Callable[[bytes, bytes], bytes | None]) -> None:
        """Begin empty.

        Args:
            open_line: Opens a record by header and ciphertext and gives its line; None when its key is closed.
        """
        self.logs: dict[ConversationId, Log] = {}
        self.sessions: dict[SessionId, Sitting] = {}
        self._of_identity: dict[IdentityId, dict[SessionId, None]] = {}
        self._open_line = open_line
        self._milestones: deque[tuple[int, int]] = deque()
        self._killed: tuple[int, int, bytes, bytes] | None = None
        self._fed = 0
        self.last = 0
        """Number of the last record it was fed."""
        self.entries = 0
        self.hidden: set[bytes] = set()
        """Whose records are part of nothing any more."""

    @property
    def size(self) -> int:
        """Say how large it is, in records."""
        return self.entries + SITTING_SIZE * len(self.sessions)

    def sittings(self, identity: IdentityId, session: SessionId) -> Iterator[Sitting]:
        """Give the sessions that somebody is or was, their present one included."""
        own = {**self._of_identity.get(identity, {}), session: None}
        for each in own:
            sitting = self.sessions.get(each)
            if sitting is not None:
                yield sitting

    def hide(self, author: IdentityId) -> None:
        """Leave out everything of an author, from here on and before; what they took back stays taken back."""
        self.hidden.add(author)
        for conversation, log in list(self.logs.items()):
            left = log.without(author)
            if left is not None:
                self.entries -= len(log) - len(left)
                if len(left):
                    self.logs[conversation] = left
                else:
                    del self.logs[conversation]

    def feed(self, number: int, header: bytes, ciphertext: bytes | None, kept_tags: frozenset[str]) -> None:
        """Take in the next record.

        Args:
            number: Its number.
            header: Its header, of version 1.
            ciphertext: Its ciphertext if its kind is one of `OPENED`.
            kept_tags: Tags that make a TAGMSG part of history.
        """
        _, kind, _, _, _, time_ms, author, session, conversation, _, message_id = HEADER_V1.unpack(header)
        self.last = number
        self._fed += 1
        if not self._fed % _MILESTONE_EVERY:
            self._milestones.append((time_ms, number))
        if author in self.hidden:
            # As if its rows were gone, whether they are or not; words that were taken back do not come back.
            line = self._open_line(header, ciphertext) if kind == RecordKind.REDACTED and ciphertext else None
            if line is not None:
                self._take_back(conversation, line)
            return
        if session != NO_SESSION:
            sitting = self.sessions.get(session)
            if sitting is not None and author not in sitting.identities and len(sitting.identities) < IDENTITIES_MAX:
                # Whoever logs in stays who they were: what the session has seen, the account has.
                sitting.identities.add(author)
                self._of_identity.setdefault(author, {})[session] = None
        if conversation != PRESENCE:
            if kind not in _IN_CONVERSATION:
                return
            line = self._open_line(header, ciphertext) if kind in OPENED and ciphertext is not None else None
            if kind == RecordKind.TAG_MESSAGE and not _is_kept(line, kept_tags):
                kind |= UNKEPT
            elif kind == RecordKind.REDACTED and line is not None:
                self._take_back(conversation, line)
            self._add(conversation, number, time_ms, kind, message_id, author)
            if kind == RecordKind.JOINED:
                self._sit(session, author).come(conversation, number)
            elif kind == RecordKind.PARTED:
                self._sit(session, author).go(conversation, number)
            return
        match kind:
            case RecordKind.RUN_STARTED:
                for each in self.sessions.values():
                    self._end(each, number, time_ms)
            case RecordKind.NAMED | RecordKind.QUIT:
                sitting = self.sessions.get(session)
                if sitting is not None:
                    for room in sitting.open_rooms():
                        self._add(room, number, time_ms, kind, message_id, author)
                    if kind == RecordKind.QUIT:
                        self._end(sitting, number, time_ms)
            case RecordKind.KILLED:
                self._killed = (number, time_ms, message_id, author)
            case RecordKind.ROLL_CALL:
                line = self._open_line(header, ciphertext) if ciphertext is not None else None
                if line is not None:
                    for entry in read_roll_call(line).entries:
                        self._place(entry, number, time_ms)

    def forget(self, before_ms: int) -> None:
        """Forget what is older than a moment, and what is too much."""
        while self.size > ENTRIES_MAX and self._milestones:
            # Half of what there is goes, so that this is not done for every record.
            before_ms = max(before_ms, self._milestones[(len(self._milestones) - 1) // 2][0] + 1)
            self._forget(before_ms, at_once=True)
        self._forget(before_ms, at_once=False)

    def _forget(self, before_ms: int, *, at_once: bool) -> None:
        """Drop what is older; a little of a long conversation is dropped later, with more of it, unless at once."""
        floor = 0
        while self._milestones and self._milestones[0][0] < before_ms:
            floor = self._milestones.popleft()[1]
        for conversation, log in list(self.logs.items()):
            count = bisect_left(log.times, before_ms)
            if count == len(log):
                del self.logs[conversation]
                self.entries -= count
            elif count * 2 > len(log) or (at_once and count):
                log.forget(count)
                self.entries -= count
        for session, sitting in list(self.sessions.items()):
            if sitting.ended_ms is not None and sitting.ended_ms < before_ms:
                del self.sessions[session]
                for identity in sitting.identities:
                    held = self._of_identity.get(identity, {})
                    held.pop(session, None)
                    if not held:
                        self._of_identity.pop(identity, None)
                continue
            for room, ends in list(sitting.rooms.items()):
                old = bisect_right(ends, floor) // 2 * 2
                if old:
                    del ends[:old]
                if not ends:
                    del sitting.rooms[room]

    def _add(
        self, conversation: ConversationId, number: int, time_ms: int, kind: int, message_id: bytes, author: bytes
    ) -> None:
        log = self.logs.get(conversation)
        if log is None:
            log = self.logs[conversation] = Log()
        log.add(number, time_ms, kind, message_id, author)
        self.entries += 1

    def _sit(self, session: SessionId, identity: IdentityId) -> Sitting:
        sitting = self.sessions.get(session)
        if sitting is None:
            sitting = self.sessions[session] = Sitting(identity)
            self._of_identity.setdefault(identity, {})[session] = None
        return sitting

    def _end(self, sitting: Sitting, number: int, time_ms: int) -> None:
        for room in sitting.open_rooms():
            sitting.go(room, number)
        if sitting.ended_ms is None:
            sitting.ended_ms = time_ms

    def _place(self, entry: Presence, number: int, time_ms: int) -> None:
        """Believe a roll call: the session is in these rooms and in no others."""
        sitting = self._sit(entry.session, entry.identity)
        rooms = set(entry.rooms)
        for room in sitting.open_rooms():
            if room not in rooms:
                if self._killed is not None and self._killed[0] == number - 1:
                    killed, killed_ms, message_id, author = self._killed
                    self._add(room, killed, killed_ms, RecordKind.KILLED, message_id, author)
                sitting.go(room, number)
        for room in entry.rooms:
            sitting.stay(room, number)
        if self._killed is not None and self._killed[0] == number - 1:
            sitting.ended_ms = time_ms

    def _take_back(self, conversation: ConversationId, line: bytes) -> None:
        log = self.logs.get(conversation)
        named = redacted_id(line)
        place = None if log is None or named is None else log.place_of(named)
        if log is not None and place is not None:
            log.kinds[place] |= GONE


def redacted_id(line: bytes) -> bytes | None:
    """Give the message id that a REDACT line takes back: `:source REDACT target id :reason`."""
    words = line.split(b" ", 4)
    return raw_message_id(words[3].decode(errors="replace")) if len(words) > 3 else None


def _is_kept(line: bytes | None, kept_tags: frozenset[str]) -> bool:
    if line is None or not line.startswith(b"@"):
        return False
    tags = line[1:].split(b" ", 1)[0].decode(errors="replace")
    return any(tag.partition("=")[0] in kept_tags for tag in tags.split(";"))
