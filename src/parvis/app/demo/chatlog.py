"""Chat logs, read: who said, did, entered, left or was renamed, and when.

The forms: `[hh:mm] <name> text`, `[hh:mm]  * name action`, `=== name entered the room.`, `=== name left the room
(quit: reason).`, `=== a is now known as b`, modes, kicks and topics; `=== name does something` is an action too. What
is none of these is counted and passed over.
"""

import re
from typing import Final

import msgspec

_SPOKE: Final = re.compile(r"\[(\d\d):(\d\d)\] <[@+%&~! ]*([^>\s]+)> ?(.*)", re.DOTALL)
_ACTED: Final = re.compile(r"\[(\d\d):(\d\d)\] +\* (\S+) (.*)", re.DOTALL)
_ENTERED: Final = re.compile(r"=== (\S+) entered the room\.?")
_LEFT: Final = re.compile(r"=== (\S+) left the room(?: \((.*)\))?\.?", re.DOTALL)
_RENAMED: Final = re.compile(r"=== (\S+) is now known as (\S+)")
_MODE: Final = re.compile(r"=== mode/\S+ mode \(([+-][A-Za-z+-]+)((?: +\S+)*) *\) by (\S+)")
_TOPIC: Final = re.compile(r"=== (\S+) (?:changed|changes|set|sets) the topic(?: of \S+)? to:? ?(.*)", re.DOTALL)
_KICK: Final = re.compile(r"(?:kicked|requested) by (\S+)(?: \((.*)\))?", re.DOTALL | re.IGNORECASE)
_DID: Final = re.compile(r"=== (\S+) (.+)", re.DOTALL)
_QUIT: Final = "quit:"
_DAY_MIN: Final = 24 * 60
_WINDOWS_1252: Final = {
    byte: bytes([byte]).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
"""Where Windows-1252 differs from Latin-1."""


class Spoke(msgspec.Struct, frozen=True):
    """Somebody wrote a line, or did something (`/me`)."""

    name: str
    text: str
    is_action: bool = False

    def __repr__(self) -> str:
        """Words stay out of logs."""
        return f"Spoke({len(self.text)} characters)"


class Entered(msgspec.Struct, frozen=True):
    """Somebody came in."""

    name: str


class Left(msgspec.Struct, frozen=True):
    """Somebody went: out of the room, or with ``quits`` from the server."""

    name: str
    reason: str
    quits: bool


class Renamed(msgspec.Struct, frozen=True):
    """Somebody took another pseudonym."""

    name: str
    to: str


class Kicked(msgspec.Struct, frozen=True):
    """Somebody was put out."""

    name: str
    by: str
    reason: str


class TopicSet(msgspec.Struct, frozen=True):
    """The room got a topic."""

    by: str
    topic: str


class ModeSet(msgspec.Struct, frozen=True):
    """Modes of the room, or ranks of its members, were changed."""

    by: str
    letters: str
    parameters: tuple[str, ...]


Act = Spoke | Entered | Left | Renamed | Kicked | TopicSet | ModeSet


class Entry(msgspec.Struct, frozen=True):
    """One act, and the minute of the log in which it happened, counted from the log's first midnight."""

    minute: int
    act: Act


class ChatLog(msgspec.Struct, frozen=True):
    """A log as it was read. ``unread`` counts the lines that could not be understood, ``empty`` those without text."""

    entries: list[Entry]
    unread: int
    empty: int


def read_chatlog(raw: bytes) -> ChatLog:
    """Read a log, whatever bytes it holds."""
    entries: list[Entry] = []
    unread = empty = minute = 0
    for raw_line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        line = as_text(raw_line)
        if not line.strip():
            continue
        act, clock = _act(line)
        if clock is not None:
            minute = _onward(minute, clock) if entries else clock
        if act is None:
            unread += 1
        elif isinstance(act, Spoke) and not act.text:
            empty += 1
        else:
            entries.append(Entry(minute, act))
    return ChatLog(entries, unread, empty)


def as_text(raw: bytes) -> str:
    """Decode a line as a client of today does: UTF-8, else Windows-1252, which gives every byte a meaning.

    What no line of the protocol can hold (NUL, CR) becomes a space. Source: WHATWG Encoding, "windows-1252".
    """
    raw = raw.removesuffix(b"\r")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1").translate(_WINDOWS_1252)
    return text.replace("\0", " ").replace("\r", " ")


def _onward(minute: int, clock: int) -> int:
    """Set a clock without date behind what was read last: far back is the next day, a little back is disorder."""
    day, before = divmod(minute, _DAY_MIN)
    if clock < before - _DAY_MIN // 2:
        day += 1
    return max(minute, day * _DAY_MIN + clock)


def _act(line: str) -> tuple[Act | None, int | None]:
    if found := _SPOKE.fullmatch(line):
        hours, minutes, name, text = found.groups()
        return Spoke(name, text), int(hours) * 60 + int(minutes)
    if found := _ACTED.fullmatch(line):
        hours, minutes, name, text = found.groups()
        return Spoke(name, text, is_action=True), int(hours) * 60 + int(minutes)
    return _untimed(line), None


def _untimed(line: str) -> Act | None:
    if found := _ENTERED.fullmatch(line):
        return Entered(found[1])
    if found := _LEFT.fullmatch(line):
        return _left(found[1], found[2] or "")
    if found := _RENAMED.fullmatch(line):
        return Renamed(found[1], found[2])
    if found := _MODE.fullmatch(line):
        return ModeSet(found[3], found[1], tuple(found[2].split()))
    if found := _TOPIC.fullmatch(line):
        return TopicSet(found[1], found[2])
    if found := _DID.fullmatch(line):
        return Spoke(found[1], found[2], is_action=True)
    return None


def _left(name: str, why: str) -> Left | Kicked:
    if why[: len(_QUIT)].lower() == _QUIT:
        return Left(name, why[len(_QUIT) :].strip(), quits=True)
    if found := _KICK.fullmatch(why):
        return Kicked(name, found[1], found[2] or "")
    return Left(name, why, quits=False)
