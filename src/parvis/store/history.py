"""Answers to who asks to read again: the same for every adapter.

Rule 1: a reader's own ranges of records are found first (`_ranges`), and everything else (references, counts, limits)
is looked for within them alone: what is outside is told by no number and no error.
Rule 2: the newest record that is looked at is the one the reader named; the index may know later ones.
Rule 3: who may not be told of a conversation reads what is read of one that does not exist.
Rule 4: what somebody wrote who is being erased is part of no answer, whether its rows are there still or not.

Source: docs/adr/0013-history-from-the-sealed-log.md; IRCv3 draft/chathistory.
"""

import sqlite3
import threading
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import structlog

from parvis.archive.content_keys import UnopenedKey
from parvis.archive.reading import OpenedRecord
from parvis.archive.record import MalformedRecord, UnopenedRecord
from parvis.irc import masks
from parvis.irc.casemapping import fold
from parvis.irc.references import Reference
from parvis.irc.tags import FOR_HOSTS_TAG
from parvis.model.ids import ConversationId, IdentityId
from parvis.model.records import RecordKind
from parvis.ports.archive import ArchiveError
from parvis.ports.history import (
    Page,
    Place,
    Played,
    Reader,
    Span,
    Spoken,
    Target,
    Targets,
    TargetsWish,
    Trouble,
    Wish,
)
from parvis.store.history_index import ENTRIES_MAX, GONE, UNKEPT, Index, Log

SKIPPED_MAX: Final = 1000
"""Most records that one answer opens and leaves out (words to hosts alone, what was erased), so that it ends; ours."""
PAGE_BYTES_MAX: Final = 262_144
"""Most bytes of the lines of one answer, tags included; who asks for more goes on from its last line; ours."""
FORGET_EVERY_MS: Final = 60_000
"""Between two looks at what is older than the window; ours."""
TOO_LATE_MS: Final = 600_000
"""How long the index holds what nobody may fetch any more, so that who takes it back is told it is too late."""

Row = tuple[int, bytes, bytes | None]
"""Number, header and, where the index has to see it, ciphertext of a record."""
PairOf = Callable[[IdentityId, IdentityId], ConversationId]
"""Gives the conversation of two identities (`chat/cloaks.py`)."""
Range = tuple[Log, int, int]
"""Records of a log from a place to before another."""

_STORE_FAULTS: Final = (OSError, sqlite3.Error, ArchiveError)
_RECORD_FAULTS: Final = (MalformedRecord, UnopenedRecord, UnopenedKey)
_MESSAGES: Final = frozenset({RecordKind.MESSAGE, RecordKind.NOTICE, RecordKind.TAG_MESSAGE})
_IN_PRESENCE: Final = frozenset({RecordKind.QUIT, RecordKind.NAMED, RecordKind.KILLED})
_STATUS_MARKS: Final = ("@", "+")

T = TypeVar("T")

log = structlog.get_logger()


class IndexedHistory(ABC):
    """A :class:`parvis.ports.history.History` over an index in memory; an adapter says where records come from."""

    def __init__(self, pair_of: PairOf) -> None:
        """Know nothing before the first question.

        Args:
            pair_of: Gives the conversation of two identities.
        """
        self._pair_of = pair_of
        self._lock = threading.Lock()
        self._hidden: frozenset[IdentityId] = frozenset()
        self._index: Index | None = None
        self._from_ms = 0
        self._forget_at_ms = 0

    # What an adapter says.

    @abstractmethod
    def _beginning(self, from_ms: int, head: int) -> int:
        """Give the number after which to read so that everything from a moment on, and who was where, is known."""

    @abstractmethod
    def _rows(self, after: int, head: int) -> Iterator[Row]:
        """Give the records after a number, up to another, without those that are marked undelivered."""

    @abstractmethod
    def _open(self, number: int) -> OpenedRecord | None:
        """Open a record; None when it was erased or its key is gone."""

    @abstractmethod
    def _open_line(self, header: bytes, ciphertext: bytes) -> bytes | None:
        """Open a record that was just read; None when its key is gone."""

    @abstractmethod
    def _drop(self) -> None:
        """Let go of what may be broken; the next question opens it anew."""

    @abstractmethod
    def _forget_keys(self) -> None:
        """Let go of every content key that is open."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; for the end of the program, before the archive is closed."""

    def forget_keys(self) -> None:
        """Hold no key of what ended: whoever destroys term keys calls this. Waits for a question that is answered."""
        with self._lock:
            self._forget_keys()

    def hide(self, identity: IdentityId) -> None:
        """Show nothing more of what an identity wrote, from the next answer on. Does not wait for one that is made."""
        self._hidden |= {identity}

    # What the port says.

    def page(self, wish: Wish) -> Page | Trouble:
        """Give the lines of a wish that its reader may fetch, and no others."""
        return self._asked(wish.reader, lambda index: self._page(index, wish))

    def targets(self, wish: TargetsWish) -> Targets | Trouble:
        """Give the conversations that a reader may fetch something of."""
        return self._asked(wish.reader, lambda index: self._targets(index, wish))

    def find(self, reader: Reader, place: Place, message_id: bytes) -> Spoken | Trouble:
        """Find a message of a conversation that was not taken back, for whoever may take it back."""
        return self._asked(reader, lambda index: self._find(index, reader, place, message_id))

    def _asked(self, reader: Reader, answer: Callable[[Index], T]) -> T | Trouble:
        with self._lock:
            try:
                index = self._caught_up(reader)
            except (*_STORE_FAULTS, *_RECORD_FAULTS) as fault:
                return self._failed(fault, made_anew=True)
            try:
                return answer(index)
            except _STORE_FAULTS as fault:
                return self._failed(fault, made_anew=True)
            except _RECORD_FAULTS as fault:
                # One record is damaged: what is known of the others still holds.
                return self._failed(fault, made_anew=False)

    def _failed(self, fault: Exception, *, made_anew: bool) -> Trouble:
        log.error("history could not be read", kind=type(fault).__name__, then="run: parvis archive verify")
        if made_anew:
            self._index = None
            self._drop()
        return Trouble.UNREADABLE

    def _caught_up(self, reader: Reader) -> Index:
        """Feed the index what is new up to the reader's head."""
        index = self._index
        if index is None or reader.from_ms < self._from_ms:
            index = self._index = Index(self._open_line)
            index.last = self._beginning(reader.from_ms, reader.head)
            self._from_ms = reader.from_ms
        for identity in self._hidden - index.hidden:
            index.hide(identity)
        if reader.head > index.last:
            for number, header, ciphertext in self._rows(index.last, reader.head):
                index.feed(number, header, ciphertext, reader.kept_tags)
                if index.size > 2 * ENTRIES_MAX:
                    index.forget(reader.from_ms)
            index.last = reader.head
        if reader.now_ms >= self._forget_at_ms:
            self._forget_at_ms = reader.now_ms + FORGET_EVERY_MS
            self._from_ms = max(self._from_ms, reader.from_ms - TOO_LATE_MS)
            index.forget(self._from_ms)
        return index

    # Which records a reader may fetch.

    def _ranges(self, index: Index, reader: Reader, place: Place) -> list[Range] | None:
        """Give the records of a conversation that a reader may fetch, in order; None: there is none for them."""
        if place.is_room:
            return self._ranges_of_room(index, reader, place)
        conversation = place.conversation or self._pair_named(index, reader, place.name)
        if conversation is None:
            return None
        held = index.logs.get(conversation)
        return [] if held is None else [_from(held, reader.resume_from_ms, reader.head)]

    def _ranges_of_room(self, index: Index, reader: Reader, place: Place) -> list[Range] | None:
        ranges: list[Range] = []
        for conversation in self._left_rooms(index, reader):
            if conversation != place.conversation:
                held = _own(index, reader, conversation, inside=False)
                if held and self._name_of_room(held) == place.name:
                    ranges += held
        # A name has one room at a time: what an earlier one held was said before.
        ranges.sort(key=lambda each: each[0].ids[each[1]])
        if place.conversation is not None:
            ranges += _merged(
                [
                    *_own(index, reader, place.conversation, inside=place.inside),
                    *_visible(index, reader, place),
                ]
            )
        return ranges if ranges or place.inside else None

    def _left_rooms(self, index: Index, reader: Reader) -> dict[ConversationId, None]:
        """List the rooms that a reader was in, as far as the index knows."""
        sittings = index.sittings(reader.identity, reader.session)
        return {room: None for sitting in sittings for room in sitting.rooms}

    def _name_of_room(self, ranges: list[Range]) -> str:
        """Give the folded name of a room by the newest line that names it."""
        for held, low, high in reversed(ranges):
            for at in range(high - 1, low - 1, -1):
                if held.kinds[at] & ~GONE not in _IN_PRESENCE:
                    opened = self._open(held.ids[at])
                    if opened is not None:
                        return fold(_target_of(opened.line).lstrip("@+"))
        return ""

    def _pairs(self, index: Index, reader: Reader) -> Iterator[tuple[ConversationId, Log, IdentityId | None]]:
        """Give the private conversations of a reader that anything was said in: with whom, if they have written."""
        for conversation, held in index.logs.items():
            low = bisect_left(held.times, reader.resume_from_ms)
            if low == len(held):
                continue
            others = set(held.who) - {reader.identity}
            if len(held.who) > 2 or len(others) > 1:
                continue
            other = next(iter(others), None)
            if other is not None:
                if self._pair_of(reader.identity, other) == conversation:
                    yield conversation, held, other
            elif self._pair_of(reader.identity, reader.identity) == conversation:
                yield conversation, held, reader.identity
            else:
                yield conversation, held, None

    def _pair_named(self, index: Index, reader: Reader, name: str) -> ConversationId | None:
        """Find a reader's private conversation by the pseudonym that the other one had last."""
        newest: tuple[int, ConversationId] | None = None
        for conversation, held, _ in self._pairs(index, reader):
            if (newest is None or held.ids[-1] > newest[0]) and fold(self._name_of_other(held, reader)) == name:
                newest = (held.ids[-1], conversation)
        return None if newest is None else newest[1]

    def _name_of_other(self, held: Log, reader: Reader) -> str:
        """Give the pseudonym that the other one had in the newest line; empty where it was no pair after all."""
        opened = self._open(held.ids[-1])
        if opened is None:
            return ""
        target = _target_of(opened.line)
        if target.lstrip("@+").startswith("#"):
            return ""
        return target if opened.header.author == reader.identity else _source_of(opened.line)

    # Answers.

    def _page(self, index: Index, wish: Wish) -> Page | Trouble:
        ranges = self._ranges(index, wish.reader, wish.place)
        if ranges is None:
            return Trouble.NO_TARGET
        here = None if wish.place.conversation is None else index.logs.get(wish.place.conversation)
        total = sum(high - low for _, low, high in ranges)
        first, second = _place_of(ranges, wish.first), _place_of(ranges, wish.second)
        if first is None or second is None:
            return Trouble.NO_REFERENCE
        match wish.span:
            case Span.LATEST:
                low = 0 if wish.first is None else first[1]
                lines = self._walk(ranges, here, range(total - 1, low - 1, -1), wish, wish.limit)[::-1]
            case Span.BEFORE:
                lines = self._walk(ranges, here, range(first[0] - 1, -1, -1), wish, wish.limit)[::-1]
            case Span.AFTER:
                lines = self._walk(ranges, here, range(first[1], total), wish, wish.limit)
            case Span.BETWEEN:
                if first[0] <= second[0]:
                    lines = self._walk(ranges, here, range(first[1], second[0]), wish, wish.limit)
                else:
                    lines = self._walk(ranges, here, range(first[0] - 1, second[1] - 1, -1), wish, wish.limit)[::-1]
            case Span.AROUND:
                before = self._walk(ranges, here, range(first[0] - 1, -1, -1), wish, wish.limit // 2)[::-1]
                lines = before + self._walk(ranges, here, range(first[0], total), wish, wish.limit - len(before))
        return Page(tuple(lines))

    def _walk(self, ranges: list[Range], here: Log | None, places: range, wish: Wish, limit: int) -> list[Played]:
        """Open records in an order until so many lines are found; `here` is what bears the name now."""
        lines: list[Played] = []
        skipped = size = 0
        steps = _Steps(ranges)
        for place in places:
            if len(lines) >= limit or skipped >= SKIPPED_MAX or size >= PAGE_BYTES_MAX:
                break
            held, at = steps.at(place)
            kind = held.kinds[at]
            if kind not in wish.kinds:
                continue
            if kind in wish.kinds_here and held is not here and held.author(at) != wish.reader.identity:
                continue
            opened = self._open(held.ids[at])
            if opened is None or _is_for_hosts(opened, wish.reader.identity) or _is_silenced(opened, wish):
                skipped += 1
                continue
            header = opened.header
            size += _bytes_when_played(opened.line)
            lines.append(
                Played(
                    kind=header.kind,
                    time_ms=header.time_ms,
                    message_id=header.message_id,
                    author=header.author,
                    line=opened.line,
                )
            )
        return lines

    def _targets(self, index: Index, wish: TargetsWish) -> Targets:
        reader = wish.reader
        found: list[Target] = []
        low_ms, high_ms = sorted((wish.first_ms, wish.second_ms))

        def look(name: str, other: IdentityId | None, ranges: list[Range], *, is_room: bool) -> None:
            total = sum(high - low for _, low, high in ranges)
            asked = Wish(
                reader=reader,
                place=Place(name=name, is_room=is_room, conversation=None),
                kinds=wish.kinds,
                span=Span.LATEST,
                first=None,
                second=None,
                limit=1,
            )
            newest = self._walk(ranges, None, range(total - 1, -1, -1), asked, 1)
            if name and newest and low_ms < newest[0].time_ms < high_ms:
                found.append(Target(name, other, newest[0].time_ms))

        named = {place.name for place in wish.rooms}
        inside = {place.conversation for place in wish.rooms}
        for place in wish.rooms:
            look(place.name, None, self._ranges(index, reader, place) or [], is_room=True)
        for room in self._left_rooms(index, reader):
            held = [] if room in inside else _own(index, reader, room, inside=False)
            name = self._name_of_room(held) if held else ""
            if name and name not in named:
                named.add(name)
                place = Place(name=name, is_room=True, conversation=None)
                look(name, None, self._ranges_of_room(index, reader, place) or [], is_room=True)
        for _, log_of_pair, other in list(self._pairs(index, reader)):
            name = self._name_of_other(log_of_pair, reader)
            if name:
                look(name, other, [_from(log_of_pair, reader.resume_from_ms, reader.head)], is_room=False)
        found.sort(key=lambda target: target.time_ms)
        kept = found[: wish.limit] if wish.first_ms <= wish.second_ms else found[-wish.limit :]
        return Targets(tuple(kept))

    def _find(self, index: Index, reader: Reader, place: Place, message_id: bytes) -> Spoken | Trouble:
        conversation = place.conversation
        if conversation is None and not place.is_room:
            conversation = self._pair_named(index, reader, place.name)
        if conversation is None:
            return Trouble.NO_TARGET
        held = index.logs.get(conversation)
        at = None if held is None or not any(message_id) else held.place_of(message_id)
        if held is None or at is None or held.ids[at] > reader.head:
            return Trouble.NO_REFERENCE
        if held.kinds[at] & GONE or held.kinds[at] & ~UNKEPT not in _MESSAGES:
            return Trouble.NO_REFERENCE
        ranges = self._ranges(index, reader, place) or []
        return Spoken(
            conversation=conversation,
            author=held.author(at),
            time_ms=held.times[at],
            is_open=any(each is held and low <= at < high for each, low, high in ranges),
        )


class _Steps:
    """Ranges as one row of records, walked in either direction."""

    def __init__(self, ranges: list[Range]) -> None:
        self._ranges = ranges
        self._begins: list[int] = []
        total = 0
        for _, low, high in ranges:
            self._begins.append(total)
            total += high - low

    def at(self, place: int) -> tuple[Log, int]:
        which = bisect_right(self._begins, place) - 1
        held, low, _ = self._ranges[which]
        return held, low + place - self._begins[which]


def _place_of(ranges: list[Range], reference: Reference | None) -> tuple[int, int] | None:
    """Give the place of the first record that is not before a reference, and of the first after it."""
    if reference is None:
        return 0, 0
    before = 0
    if reference.time_ms is not None:
        after = 0
        for held, low, high in ranges:
            before += bisect_left(held.times, reference.time_ms, low, high) - low
            after += bisect_right(held.times, reference.time_ms, low, high) - low
        return before, after
    for held, low, high in ranges:
        at = held.place_of(reference.message_id) if reference.message_id else None
        if at is not None and low <= at < high:
            return before + at - low, before + at - low + 1
        before += high - low
    return None


def _from(held: Log, from_ms: int, head: int) -> Range:
    return held, bisect_left(held.times, from_ms), bisect_right(held.ids, head)


def _own(index: Index, reader: Reader, conversation: ConversationId, *, inside: bool) -> list[Range]:
    """Give what a reader was present for, within their own window.

    Who is in the room no more has no stay that goes on: whatever took them out, nothing after it is theirs.
    """
    held = index.logs.get(conversation)
    if held is None:
        return []
    _, floor, ceiling = _from(held, reader.resume_from_ms, reader.head)
    ranges: list[Range] = []
    for sitting in index.sittings(reader.identity, reader.session):
        ends = sitting.rooms.get(conversation, [])
        for at in range(0, len(ends), 2):
            if at + 1 == len(ends) and not inside:
                continue
            low = max(floor, bisect_left(held.ids, ends[at]))
            high = ceiling if at + 1 == len(ends) else min(ceiling, bisect_right(held.ids, ends[at + 1]))
            if low < high:
                ranges.append((held, low, high))
    return _merged(ranges)


def _visible(index: Index, reader: Reader, place: Place) -> list[Range]:
    """Give what a room shows to whoever is inside."""
    held = None if place.conversation is None else index.logs.get(place.conversation)
    if held is None or not place.inside:
        return []
    _, low, high = _from(held, place.visible_from_ms, reader.head)
    return [(held, low, high)] if low < high else []


def _merged(ranges: list[Range]) -> list[Range]:
    """Join ranges of one log that meet, in order."""
    merged: list[Range] = []
    for held, low, high in sorted(ranges, key=lambda each: each[1]):
        if merged and low <= merged[-1][2]:
            merged[-1] = (held, merged[-1][1], max(high, merged[-1][2]))
        else:
            merged.append((held, low, high))
    return merged


def _bytes_when_played(line: bytes) -> int:
    """Bound the bytes of a line on the wire: who does not know multiline gets tags and head with each of its lines."""
    head = line.find(b" :", line.find(b" :") + 1)
    return len(line) + head * (line.count(b"\n") + line.count(b"\r"))


def _without_tags(line: bytes) -> bytes:
    return line.split(b" ", 1)[1] if line.startswith(b"@") and b" " in line else line


def _target_of(line: bytes) -> str:
    """Give the first parameter of a line."""
    words = _without_tags(line).split(b" ", 3)
    return words[2].removeprefix(b":").decode(errors="replace") if len(words) > 2 else ""


def _source_of(line: bytes) -> str:
    """Give the pseudonym a line comes from."""
    return _without_tags(line).split(b" ", 1)[0].removeprefix(b":").partition(b"!")[0].decode(errors="replace")


def _is_silenced(opened: OpenedRecord, wish: Wish) -> bool:
    """Tell whether the reader chose to read nothing in private from whoever said it."""
    reader = wish.reader
    if not reader.silenced or wish.place.is_room or opened.header.author == reader.identity:
        return False
    source = _without_tags(opened.line).split(b" ", 1)[0].removeprefix(b":").decode(errors="replace")
    return any(masks.matches(each, source) for each in reader.silenced)


def _is_for_hosts(opened: OpenedRecord, reader: IdentityId) -> bool:
    """Tell whether a line was for some members alone: who they were then is not known any more.

    STATUSMSG names them in its target; a room that shows words to its hosts alone says so in a tag of the server.
    """
    if opened.header.author == reader:
        return False
    line = opened.line
    if line.startswith(b"@") and FOR_HOSTS_TAG.encode() in line.split(b" ", 1)[0][1:].split(b";"):
        return True
    return _target_of(line)[:1] in _STATUS_MARKS
