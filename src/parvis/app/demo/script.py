"""From a log to a script: which client does what, when, and who is there from the beginning.

Rule 1: a pseudonym that speaks or leaves without having entered was there before the log began.
Rule 2: one that speaks after it has left comes back first.
Rule 3: an act that cannot be (to put out somebody who is not there) is left out and counted.
"""

import unicodedata
from collections import Counter
from typing import Final

import msgspec

from parvis.app.demo import chatlog
from parvis.app.demo.chatlog import ChatLog
from parvis.irc.casemapping import fold
from parvis.irc.names import is_pseudonym

TEXT_BYTES_MAX: Final = 350
"""Most bytes of text that a client puts in one line, so that it fits behind anybody's mask; as clients do."""

_SUFFIX_BYTES: Final = 5
_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)


class Enter(msgspec.Struct, frozen=True):
    """A client connects and joins."""

    role: int


class Say(msgspec.Struct, frozen=True):
    """A client writes a line, or does something."""

    role: int
    text: str
    is_action: bool

    def __repr__(self) -> str:
        """Words stay out of logs."""
        return f"Say({self.role})"


class Leave(msgspec.Struct, frozen=True):
    """A client leaves the room, or quits."""

    role: int
    reason: str
    quits: bool


class Rename(msgspec.Struct, frozen=True):
    """A client takes another name."""

    role: int
    to: str


class Kick(msgspec.Struct, frozen=True):
    """The usher puts a client out, in the name of who did in the log."""

    role: int
    by: str
    reason: str


class Topic(msgspec.Struct, frozen=True):
    """The usher sets the topic."""

    topic: str


class Mode(msgspec.Struct, frozen=True):
    """The usher gives or takes ranks: pairs of `+o` and whom it is for."""

    changes: tuple[tuple[str, int], ...]


Deed = Enter | Say | Leave | Rename | Kick | Topic | Mode


class Step(msgspec.Struct, frozen=True):
    """One deed, and how many seconds after the log's beginning it is done."""

    at_s: float
    deed: Deed


class Script(msgspec.Struct, frozen=True):
    """What is played in one room.

    Attributes:
        roles: The name of each role as the log has it first.
        present: The roles that are there before the first step.
        steps: What is done, in the log's order.
        left_out: Acts of the log that cannot be played.
    """

    roles: list[str]
    present: list[int]
    steps: list[Step]
    left_out: int


def script_of(log: ChatLog) -> Script:
    """Cast a log: a role for each pseudonym, and its acts as steps."""
    casting = _Casting()
    deeds: list[tuple[int, Deed]] = []
    for entry in log.entries:
        deeds += [(entry.minute, deed) for deed in casting.deeds(entry.act)]
    return Script(casting.roles, casting.present, _timed(deeds), casting.left_out)


def _timed(deeds: list[tuple[int, Deed]]) -> list[Step]:
    """Spread what a log's minute holds evenly over it: a log has no seconds."""
    in_minute = Counter(minute for minute, _ in deeds)
    done: Counter[int] = Counter()
    first = deeds[0][0] if deeds else 0
    steps = []
    for minute, deed in deeds:
        steps.append(Step(60 * (minute - first + done[minute] / in_minute[minute]), deed))
        done[minute] += 1
    return steps


class _Casting:
    """Who is in the room under which name, while a log is read."""

    def __init__(self) -> None:
        self.roles: list[str] = []
        self.present: list[int] = []
        self.left_out = 0
        self._inside: dict[str, int] = {}
        self._outside: dict[str, int] = {}

    def deeds(self, act: chatlog.Act) -> list[Deed]:
        match act:
            case chatlog.Entered(name):
                return [Enter(self._comes(name))] if fold(name) not in self._inside else self._nothing()
            case chatlog.Spoke(name, text, is_action):
                return [*self._fetch(name), Say(self._inside[fold(name)], text, is_action)]
            case chatlog.Left(name, reason, quits):
                return [*self._fetch(name), Leave(self._goes(name), reason, quits)]
            case chatlog.Renamed(name, to):
                return self._renamed(name, to)
            case chatlog.Kicked(name, by, reason):
                return [*self._fetch(name), Kick(self._goes(name), by, reason)]
            case chatlog.TopicSet(_, topic):
                return [Topic(topic)]
            case chatlog.ModeSet(_, letters, parameters):
                return self._mode(letters, parameters)

    def _nothing(self) -> list[Deed]:
        self.left_out += 1
        return []

    def _comes(self, name: str) -> int:
        role = self._outside.pop(fold(name), None)
        if role is None:
            role = len(self.roles)
            self.roles.append(name)
        self._inside[fold(name)] = role
        return role

    def _goes(self, name: str) -> int:
        role = self._inside.pop(fold(name))
        self._outside[fold(name)] = role
        return role

    def _fetch(self, name: str) -> list[Deed]:
        """See that somebody is there: from the beginning if the log has not named them yet, else they come back."""
        folded = fold(name)
        if folded in self._inside:
            return []
        if folded in self._outside:
            return [Enter(self._comes(name))]
        self.present.append(self._comes(name))
        return []

    def _renamed(self, name: str, to: str) -> list[Deed]:
        if name == to:
            return self._nothing()
        fetched = self._fetch(name)
        role = self._inside.pop(fold(name))
        # Where two people of a log share a name (its publishers gave it to both), the first one keeps it.
        self._inside.setdefault(fold(to), role)
        self._outside.pop(fold(to), None)
        return [*fetched, Rename(role, to)]

    def _mode(self, letters: str, parameters: tuple[str, ...]) -> list[Deed]:
        sign, waiting, changes = "+", list(parameters), []
        for letter in letters:
            if letter in "+-":
                sign = letter
            elif letter in "ov" and waiting:
                role = self._inside.get(fold(waiting.pop(0)))
                if role is not None:
                    changes.append((sign + letter, role))
        return [Mode(tuple(changes))] if changes else self._nothing()


def fit_name(name: str, bytes_max: int, *, any_script: bool) -> str:
    """Mend a name so that a server takes it: what may not stand in one becomes `_`, and it is cut to size.

    Args:
        name: As the log has it.
        bytes_max: NICKLEN.
        any_script: Whether letters beyond ASCII may stand (UTF8ONLY).
    """
    kept = "".join(char if _fits(char, any_script=any_script) else "_" for char in name) or "_"
    if kept[0] in "-0123456789":
        kept = "_" + kept
    return kept.encode()[:bytes_max].decode(errors="ignore")


def _fits(char: str, *, any_script: bool) -> bool:
    return (char.isascii() or any_script) and is_pseudonym("a" + char, 8)


def other_name(name: str, attempt: int, bytes_max: int) -> str:
    """Give the name to try when a name is taken: with a number behind it, within the same size."""
    suffix = f"_{attempt + 1}"
    return name.encode()[: bytes_max - min(_SUFFIX_BYTES, len(suffix))].decode(errors="ignore") + suffix


def split_text(text: str, bytes_max: int) -> list[str]:
    """Split a text into pieces that each fit a line; joined they are the text again.

    It is cut behind a space where there is one, and never inside a character, also not between a letter and the
    marks on it or inside a joined emoji, as long as that leaves half a line.
    """
    pieces = []
    while len(text.encode()) > bytes_max:
        fits = len(text.encode()[:bytes_max].decode(errors="ignore"))
        cut = text.rfind(" ", fits // 2, fits) + 1
        if not cut:
            cut = fits
            while cut > fits // 2 and _belongs_together(text[cut - 1], text[cut]):
                cut -= 1
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _belongs_together(before: str, after: str) -> bool:
    return _JOINER in (before, after) or unicodedata.category(after)[0] == "M" or ord(after) in _SKIN_TONES
