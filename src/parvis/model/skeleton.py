"""Which names look alike (`looks.py` finds them).

The skeleton of a name is what a reader's eye keeps of it: compatibility forms undone (NFKD), added marks and what
cannot be seen dropped, each character replaced by what it looks like (`lookalikes.py`), letters of ASCII in lower case,
and those that hardly differ in print made one: `I`, `i`, `1`, `|` and `l`; `0` and `o`.

Rule 1: ASCII stands for itself. `Bill` and `Bi11` are two names, as on every server, and `rn` is never `m`: no look of
a name in ASCII is compared with another's, and in the readings of a name beyond it what is in ASCII stays as it is.
Rule 2: a name has two looks, as written and in small letters, so that `ИВАН` and `Иван` are alike although the same
letter has another shape.

Source: Unicode UTS 39, "Confusable detection", from which rules 1 and 2 differ; vectors/skeleton.json.
"""

from itertools import product
from typing import Final
from unicodedata import category, normalize

from parvis.model.lookalikes import table

READINGS_MAX: Final = 256
"""Most ways to read a name as one in ASCII: four characters of four readings each; ours."""

_ONE_SHAPE: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ01i|", "abcdefghljklmnopqrstuvwxyzolll")
_SHAPED_ALIKE: Final = {"l": "li1|", "o": "o0"}
_UNSEEN: Final = frozenset({"Cc", "Cf"})
_MARKS: Final = frozenset({"Mn", "Me"})
_ADDED: Final = (
    (0x0300, 0x036F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
"""Blocks of marks that any letter may get. A mark of one script is a letter of it: it stays behind its own."""


def skeleton(name: str) -> str:
    """Give what the eye keeps of a name; the skeleton of a skeleton is itself."""
    if name.isascii():
        return name.translate(_ONE_SHAPE)
    text = "".join(_pieces(name)).translate(_ONE_SHAPE)
    # What a piece looks like may stand otherwise beside its neighbours; two rounds are always enough.
    return text if text == name else skeleton(text)


def looks(name: str) -> tuple[str, ...]:
    """Give the one or two looks of a name."""
    written = skeleton(name)
    if name.isascii():
        return (written,)
    small = skeleton(name.lower())
    return (written,) if small == written else (written, small)


def readings(name: str) -> list[str] | None:
    """List the names in ASCII, folded, that a name beyond ASCII looks like; None when they are too many to look at."""
    if name.isascii():
        return []
    found: dict[str, None] = {}
    for written in dict.fromkeys((name, name.lower())):
        choices = _choices(written)
        count = 1
        for choice in choices:
            count *= len(choice)
        if count > READINGS_MAX:
            return None
        found.update(dict.fromkeys(map("".join, product(*choices)) if choices else ()))
    return list(found)


def _choices(name: str) -> list[str]:
    """Give what each character of a name may be read as; nothing when one of them is like none in ASCII."""
    pieces = _pieces(name)
    kept = "".join(pieces)
    if not kept.isascii():
        return []
    choices = []
    for piece, char in zip(pieces, _seen(name), strict=True):
        if char.isascii():
            choices.append(char.lower())
        else:
            choices += [_SHAPED_ALIKE.get(shape, shape) for shape in piece.translate(_ONE_SHAPE)]
    return choices


def _pieces(name: str) -> list[str]:
    """Give what each character that is seen looks like."""
    like = table()
    return [char if char.isascii() else like.get(ord(char), char) for char in _seen(name)]


def _seen(name: str) -> list[str]:
    """List the characters of a name, taken apart, without added marks and what cannot be seen."""
    like = table()
    seen: list[str] = []
    is_ascii = False
    for char in normalize("NFKD", name):
        if char.isascii():
            is_ascii = True
            seen.append(char)
            continue
        kind = category(char)
        if kind in _UNSEEN:
            continue
        if kind in _MARKS:
            code = ord(char)
            # On a letter that looks like one in ASCII, a mark of any script is a decoration.
            if is_ascii or any(first <= code <= last for first, last in _ADDED):
                continue
        else:
            is_ascii = like.get(ord(char), char).isascii()
        seen.append(char)
    return seen
