"""Which bodies may be absent, and the bytes that the log holds a digest of. Source: vectors/absences.json."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.archive.absences import Absence, Why, canonical, covers, digest, merge

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "absences.json").read_text(encoding="utf-8"))


def absences(rows: list[Any]) -> tuple[Absence, ...]:
    """Read ranges as the vectors write them."""
    return tuple(Absence(first_id=first, last_id=last, why=Why(why)) for first, last, why in rows)


@pytest.mark.parametrize("case", VECTORS["digest"], ids=lambda case: case["why"])
def test_the_canonical_bytes_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    """And so is their digest."""
    assert canonical(absences(case["absences"])).hex() == case["canonical"]
    assert digest(absences(case["absences"])).hex() == case["digest"]


@pytest.mark.parametrize("case", VECTORS["merge"], ids=lambda case: case["why"])
def test_ranges_merge_as_in_the_vectors(case: dict[str, Any]) -> None:
    """What was noted first stays."""
    assert merge(absences(case["noted"]), absences(case["more"])) == absences(case["merged"])


@pytest.mark.parametrize(
    "rows", [[[5, 4, "term"]], [[1, 3, "term"], [3, 4, "erasure"]], [[5, 6, "term"], [1, 2, "term"]]]
)
def test_what_is_not_in_order_has_no_canonical_bytes(rows: list[Any]) -> None:
    """Two lists that cover the same never share a digest by chance of their order."""
    with pytest.raises(ValueError, match="out of order"):
        canonical(absences(rows))


RANGES = st.lists(
    st.builds(
        lambda first, length, why: Absence(first_id=first, last_id=first + length, why=why),
        st.integers(0, 60),
        st.integers(0, 12),
        st.sampled_from(Why),
    ),
    max_size=8,
)


def by_number(ranges: list[Absence]) -> dict[int, Why]:
    """Say of each number why it may be absent: the plain model, in which the first that says so stays."""
    found: dict[int, Why] = {}
    for each in sorted(ranges, key=lambda each: each.first_id):
        for number in range(each.first_id, each.last_id + 1):
            found.setdefault(number, each.why)
    return found


@given(RANGES, RANGES)
def test_merging_keeps_every_number_and_the_first_reason(noted: list[Absence], more: list[Absence]) -> None:
    """In whatever order they come; the result is in order, without overlaps, and as short as can be."""
    before = merge((), noted)
    merged = merge(before, more)
    assert by_number(list(merged)) == by_number(more) | by_number(noted)
    canonical(merged)
    assert merge(merged, more) == merged
    for one, other in pairwise(merged):
        assert one.last_id + 1 < other.first_id or one.why is not other.why
    is_covered = covers(merged)
    for number in range(80):
        assert is_covered(number) is (number in by_number(list(merged)))
