"""Which record is not as it was signed, and how. Source: docs/adr/0023-the-log.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.archive.comparing import Roots, difference, fault_of
from parvis.archive.merkle import EMPTY_ROOT, Edge, leaf_hash
from parvis.archive.record import record_id
from parvis.archive.verify import Fault

HASHES = [leaf_hash(b"%d" % number) for number in range(40)]
NUMBERS = [record_id(1, counter) for counter in range(1, 41)]


@given(st.integers(0, 39), st.sampled_from([Fault.CHANGED, Fault.MISSING, Fault.ADDED]))
def test_one_record_that_was_touched_is_told(at: int, fault: Fault) -> None:
    """Whatever its place."""
    there = list(HASHES)
    if fault is Fault.CHANGED:
        there[at] = leaf_hash(b"other")
    elif fault is Fault.MISSING:
        del there[at]
    else:
        there.insert(at, leaf_hash(b"other"))
    assert fault_of(there[at:], HASHES[at:]) is fault


@given(st.integers(0, 38), st.integers(1, 39))
def test_two_that_changed_places_are_told(first: int, apart: int) -> None:
    """Also those that stood side by side."""
    second = min(first + apart, 39)
    there = list(HASHES)
    there[first], there[second] = there[second], there[first]
    if first == 38:
        # Of the last two it cannot be told which one moved.
        return
    assert fault_of(there[first:], HASHES[first:]) is Fault.REORDERED


def test_what_is_cut_off_is_missing() -> None:
    """From its first record on."""
    found = difference(30, NUMBERS[29], [], [], HASHES[30:])
    assert (found.fault, found.run, found.counter, found.index) == (Fault.MISSING, 1, 31, 30)
    assert difference(0, 0, [], [], HASHES).counter == 1


@pytest.mark.parametrize("renumbered", [False, True])
def test_a_record_that_is_missing_is_named_by_the_number_it_had(renumbered: bool) -> None:
    """Also if those behind it took its number."""
    numbers = NUMBERS[5:39] if renumbered else NUMBERS[6:]
    found = difference(5, NUMBERS[4], numbers, HASHES[6:], HASHES[5:])
    assert (found.fault, found.run, found.counter, found.index) == (Fault.MISSING, 1, 6, 5)


def test_others_are_named_by_the_number_they_have() -> None:
    """As they stand in the archive."""
    there = [leaf_hash(b"other"), *HASHES[6:]]
    assert difference(5, NUMBERS[4], NUMBERS[5:], there, HASHES[5:]).counter == 6


def test_roots_are_kept_at_the_sizes_that_are_wanted() -> None:
    """And at no other."""
    roots = Roots([0, 3, 40, 50])
    roots.append(HASHES[:10])
    roots.append(HASHES[10:])
    edge = Edge()
    for hashed in HASHES[:3]:
        edge.append(hashed)
    assert roots.size == 40
    assert set(roots.at) == {0, 3, 40}
    assert (roots.at[0], roots.at[3]) == (EMPTY_ROOT, edge.root())
