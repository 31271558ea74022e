"""Comparing an archive with what was signed of it: which record is not as it was, and how.

Two rows of leaf hashes begin alike: those of the records that are there, and those of tiles that a checkpoint proves.
What follows where they part says what was done.

Source: docs/adr/0023-the-log.md.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from parvis.archive.merkle import Edge
from parvis.archive.record import record_id, run_and_counter
from parvis.archive.verify import Fault

LOOK_AHEAD: Final = 1024
"""Leaves that are looked at behind the place where two rows part."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first record that is not as it was signed."""

    fault: Fault
    run: int
    counter: int
    index: int | None = None
    """Its place in the log, counted from 0, where that is known."""


class Roots:
    """The roots that a growing tree has at some sizes."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Say at which sizes."""
        self._wanted = set(sizes)
        self._edge = Edge()
        self.at: dict[int, bytes] = {}
        self._note()

    @property
    def size(self) -> int:
        """Count the leaves so far."""
        return self._edge.size

    def append(self, hashes: Sequence[bytes]) -> None:
        """Add leaves by their hashes."""
        append, wanted = self._edge.append, self._wanted
        for hashed in hashes:
            append(hashed)
            if self._edge.size in wanted:
                self._note()

    def _note(self) -> None:
        if self._edge.size in self._wanted:
            self.at[self._edge.size] = self._edge.root()


def fault_of(there: Sequence[bytes], signed: Sequence[bytes]) -> Fault:
    """Say what was done where two rows of leaf hashes part.

    Args:
        there: Those of the records, from the place where the rows part.
        signed: Those that were signed, from the same place; at least one.
    """
    if not there:
        return Fault.MISSING
    comes_later = signed[0] in there[1:]
    came_from_later = there[0] in signed[1:]
    if comes_later and came_from_later:
        # One that is gone, or one that was put in, moves all the others by one place.
        moved_up = sum(a == b for a, b in zip(there, signed[1:], strict=False))
        moved_down = sum(a == b for a, b in zip(there[1:], signed, strict=False))
        most = max(moved_up, moved_down)
        if 2 * most <= len(there):
            return Fault.REORDERED
        return Fault.MISSING if moved_up == most else Fault.ADDED
    if came_from_later:
        return Fault.MISSING
    return Fault.ADDED if comes_later else Fault.CHANGED


def difference(
    index: int, before: int, numbers: Sequence[int], there: Sequence[bytes], signed: Sequence[bytes]
) -> Difference:
    """Name the record at the place where two rows of leaf hashes part.

    Args:
        index: That place.
        before: Number of the record in front of it, 0 for none.
        numbers: Numbers of the records that are there from that place on.
        there: Their leaf hashes.
        signed: Those that were signed.
    """
    fault = fault_of(there, signed)
    if fault is Fault.MISSING:
        run, counter = run_and_counter(before or record_id(1, 0))
        counter += 1
        if numbers and run_and_counter(numbers[0])[0] == run and numbers[0] <= record_id(run, counter):
            # Whoever took it out has given its number to the next one.
            run, counter = run_and_counter(numbers[0])
    else:
        run, counter = run_and_counter(numbers[0])
    return Difference(fault=fault, run=run, counter=counter, index=index)
