"""Holds: what bounds them and what they cover.

Source: Regulation (EU) 2023/1543, article 11; docs/adr/0026-holds-access-and-erasure.md.
"""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from parvis.legal.holds import (
    BOUNDS,
    REFERENCE_CHARACTERS_MAX,
    SCOPE_MAX,
    Ground,
    Hold,
    covering,
    covers_day,
    covers_key,
    covers_record,
    extended,
    is_running,
    why_not,
    why_not_extended,
)
from parvis.model.ids import ConversationId, IdentityId

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
NOW_MS = 20_000 * DAY_MS
ADA, BEN = IdentityId(b"a" * 16), IdentityId(b"b" * 16)
ROOM, OTHER = ConversationId(b"r" * 16), ConversationId(b"o" * 16)


class Record(msgspec.Struct, frozen=True):
    """What a hold looks at of a record."""

    author: IdentityId
    conversation: ConversationId
    time_ms: int


def pair_of(one: IdentityId, other: IdentityId) -> ConversationId:
    """Give a conversation to two identities."""
    return ConversationId(bytes(x ^ y for x, y in zip(one, other, strict=True)))


def a_hold(**chosen: object) -> Hold:
    """Make a hold that may be placed."""
    hold = Hold(
        id=b"h" * 8,
        accounts=(ADA,),
        from_ms=0,
        until_ms=NOW_MS + 60 * DAY_MS,
        ground=Ground.EPOC_PR,
        reference="EPOC-PR 12/2026",
        placed_ms=NOW_MS,
        ends_ms=NOW_MS + 60 * DAY_MS,
    )
    return replace(hold, **chosen)


def test_an_epoc_pr_holds_sixty_days_and_thirty_more_once() -> None:
    """Sixty days, then cease; one extension, decided within them. Source: 2023/1543, article 11(1)."""
    hold = a_hold()
    assert why_not(hold) is None
    assert "60 days" in str(why_not(a_hold(ends_ms=hold.ends_ms + 1, until_ms=0 + 1)))
    late_ms = hold.ends_ms + 30 * DAY_MS
    assert why_not_extended(hold, late_ms, NOW_MS) is None
    assert "30 days" in str(why_not_extended(hold, late_ms + 1, NOW_MS))
    assert "later" in str(why_not_extended(hold, hold.ends_ms, NOW_MS))
    assert "has ended" in str(why_not_extended(hold, late_ms, hold.ends_ms))
    assert "once" in str(why_not_extended(extended(hold, late_ms), late_ms + 1, NOW_MS))


def test_a_report_is_not_extended_and_a_claim_as_often_as_it_is_decided() -> None:
    """The bounds are those of the ground."""
    report = a_hold(ground=Ground.REPORT)
    assert "not extended" in str(why_not_extended(report, report.ends_ms + 1, NOW_MS))
    claim = a_hold(ground=Ground.CLAIM, extended=9)
    assert why_not_extended(claim, claim.ends_ms + 365 * DAY_MS, NOW_MS) is None


@pytest.mark.parametrize("ground", Ground)
def test_every_ground_has_bounds(ground: Ground) -> None:
    """A hold without an end cannot be placed on any of them."""
    bounds = BOUNDS[ground]
    ends_ms = NOW_MS + bounds.days * DAY_MS
    assert why_not(a_hold(ground=ground, ends_ms=ends_ms, until_ms=ends_ms)) is None
    assert why_not(a_hold(ground=ground, ends_ms=ends_ms + 1)) is not None


@pytest.mark.parametrize(
    ("chosen", "word"),
    [
        ({"accounts": ()}, "names an account"),
        ({"accounts": (ADA,) * (SCOPE_MAX + 1)}, "at most"),
        ({"conversations": (ROOM,) * (SCOPE_MAX + 1)}, "at most"),
        ({"reference": " "}, "reference"),
        ({"reference": "x" * (REFERENCE_CHARACTERS_MAX + 1)}, "one line"),
        ({"reference": "two\nlines"}, "one line"),
        ({"ends_ms": NOW_MS}, "future"),
        ({"from_ms": NOW_MS, "until_ms": NOW_MS}, "begins before"),
        ({"from_ms": -1}, "begins before"),
        ({"until_ms": NOW_MS + 60 * DAY_MS + 1}, "beyond its end"),
    ],
)
def test_what_is_no_hold_is_refused_in_a_sentence(chosen: dict[str, object], word: str) -> None:
    """Whoever asks reads what is wrong."""
    why = why_not(a_hold(**chosen))
    assert why is not None
    assert word in why
    assert why.endswith(".")


def test_scopes_are_met_together_and_spans_are_half_open() -> None:
    """An account and a conversation: what meets both. The last moment of a span is the one before its end."""
    both = a_hold(conversations=(ROOM,), from_ms=10, until_ms=20)
    assert covers_record(both, Record(ADA, ROOM, 10), pair_of)
    assert not covers_record(both, Record(ADA, ROOM, 20), pair_of)
    assert not covers_record(both, Record(ADA, ROOM, 9), pair_of)
    assert not covers_record(both, Record(ADA, OTHER, 10), pair_of)
    assert not covers_record(both, Record(BEN, ROOM, 10), pair_of)
    anywhere = a_hold(accounts=(), conversations=(ROOM,))
    assert covers_record(anywhere, Record(BEN, ROOM, 10), pair_of)


def test_what_was_written_to_an_account_in_private_is_covered() -> None:
    """In the conversation of the pair, whoever wrote it."""
    assert covers_record(a_hold(), Record(BEN, pair_of(ADA, BEN), 10), pair_of)
    assert not covers_record(a_hold(), Record(BEN, pair_of(BEN, BEN), 10), pair_of)
    assert covering([a_hold(), a_hold(accounts=(BEN,))], Record(ADA, ROOM, 1), pair_of) == [a_hold()]


def test_a_day_of_the_vault_is_held_where_the_span_touches_it() -> None:
    """And only by a hold on the vault."""
    hold = a_hold(vault=True, from_ms=DAY_MS + 1, until_ms=2 * DAY_MS + 1)
    assert [day for day in range(4) if covers_day(hold, day * DAY_MS)] == [1, 2]
    assert not covers_day(a_hold(), DAY_MS)


def test_a_span_up_to_the_end_goes_on_with_it() -> None:
    """An extension of a hold that reaches into the future reaches as far; a closed span stays closed."""
    hold = a_hold()
    assert extended(hold, hold.ends_ms + 5).until_ms == hold.ends_ms + 5
    assert extended(a_hold(until_ms=7), hold.ends_ms + 5).until_ms == 7
    assert is_running(hold, hold.ends_ms - 1)
    assert not is_running(hold, hold.ends_ms)


@given(
    st.integers(0, 100 * HOUR_MS),
    st.integers(1, 100 * HOUR_MS),
    st.integers(0, 200 * HOUR_MS),
    st.sampled_from([(), (ROOM,)]),
    st.sampled_from([ROOM, OTHER]),
)
def test_a_covered_record_has_a_covered_key(
    from_ms: int, length_ms: int, time_ms: int, scope: tuple[ConversationId, ...], where: ConversationId
) -> None:
    """Nothing that a hold covers lies under a key that is passed over before its records are looked at."""
    hold = a_hold(conversations=scope, from_ms=from_ms, until_ms=from_ms + length_ms)
    if covers_record(hold, Record(ADA, where, time_ms), pair_of):
        assert covers_key(hold, where, time_ms // HOUR_MS)


def test_a_hold_says_nothing_of_itself() -> None:
    """References and accounts stay out of logs."""
    assert repr(a_hold()) == f"Hold({a_hold().name})"
