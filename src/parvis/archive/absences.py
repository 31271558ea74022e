"""Absences: which records may be without header, salt and ciphertext, and why.

They are kept as ranges of numbers, in order, that do not overlap. Whatever changes them says in a record of the audit
what the digest of all of them is afterwards, so that a body can be absent only where the log says so.

The canonical bytes are `parvis absences v1`, then for each range first and last number (64 bits each, big endian) and
one byte that says why: 1 for a term that ended, 2 for an erasure, 3 for damage that a repair found.

Rule: what was noted first stays. A number that is noted again keeps its reason, and the ranges their form.

Source: docs/adr/0025-how-a-term-ends.md; vectors/absences.json.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec

_LABEL: Final = b"parvis absences v1"
_RANGE: Final = Struct(">QQB")


class Why(StrEnum):
    """Why a body may be absent. Names stand in the database: never reused."""

    TERM = "term"
    """What may open it has ended."""
    ERASURE = "erasure"
    """Somebody had the right to it."""
    DAMAGE = "damage"
    """It was lost: a repair found it damaged, or did not find the record at all."""


_CODES: Final = {Why.TERM: 1, Why.ERASURE: 2, Why.DAMAGE: 3}


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Records whose header, salt and ciphertext may be gone, both ends included, and why."""

    first_id: int
    last_id: int
    why: Why


def canonical(absences: Sequence[Absence]) -> bytes:
    """Give the bytes of what is noted, as it is after :func:`merge`.

    Raises:
        ValueError: The ranges overlap or are not in order.
    """
    parts = [_LABEL]
    before = -1
    for absence in absences:
        if not before < absence.first_id <= absence.last_id:
            raise ValueError(f"absence {absence.first_id} to {absence.last_id} stands out of order")
        before = absence.last_id
        parts.append(_RANGE.pack(absence.first_id, absence.last_id, _CODES[absence.why]))
    return b"".join(parts)


def digest(absences: Sequence[Absence]) -> bytes:
    """Give the SHA-256 of the canonical bytes: what a record of the audit says, in hex.

    Raises:
        ValueError: As :func:`canonical`.
    """
    return sha256(canonical(absences)).digest()


def merge(absences: Iterable[Absence], more: Iterable[Absence]) -> tuple[Absence, ...]:
    """Note more of them.

    Args:
        absences: What is noted, as this function gave it.
        more: What is to be noted beside it: ranges in any order, which may overlap.

    Returns:
        All of it in order, without overlaps; ranges that touch and have one reason are one. A number that was noted
        keeps its reason; of two new ones for one number, that of the range that begins first stays.
    """
    noted = list(absences)
    firsts = [absence.first_id for absence in noted]
    fresh: list[Absence] = []
    reached = -1
    for absence in sorted(more, key=_first):
        first = max(absence.first_id, reached + 1)
        if first <= absence.last_id:
            fresh += _without(Absence(first_id=first, last_id=absence.last_id, why=absence.why), noted, firsts)
            reached = absence.last_id
    joined: list[Absence] = []
    for absence in sorted(noted + fresh, key=_first):
        last = joined[-1] if joined else None
        if last is not None and last.last_id + 1 == absence.first_id and last.why == absence.why:
            joined[-1] = Absence(first_id=last.first_id, last_id=absence.last_id, why=last.why)
        else:
            joined.append(absence)
    return tuple(joined)


def covers(absences: Sequence[Absence]) -> Callable[[int], bool]:
    """Give a function that says of a record's number whether its body may be absent."""
    firsts = [absence.first_id for absence in absences]
    lasts = [absence.last_id for absence in absences]

    def is_covered(number: int) -> bool:
        at = bisect_right(firsts, number) - 1
        return at >= 0 and number <= lasts[at]

    return is_covered


def _first(absence: Absence) -> int:
    return absence.first_id


def _without(absence: Absence, noted: list[Absence], firsts: list[int]) -> list[Absence]:
    """Give the parts of a range that are not noted yet."""
    parts: list[Absence] = []
    first = absence.first_id
    at = max(bisect_right(firsts, first) - 1, 0)
    while at < len(noted) and noted[at].first_id <= absence.last_id:
        if first < noted[at].first_id:
            parts.append(Absence(first_id=first, last_id=noted[at].first_id - 1, why=absence.why))
        first = max(first, noted[at].last_id + 1)
        at += 1
    if first <= absence.last_id:
        parts.append(Absence(first_id=first, last_id=absence.last_id, why=absence.why))
    return parts
