"""Term keys are found by time and made ahead. Source: docs/adr/0002-record-and-leaf.md."""

import os

from parvis.archive.terms import DAY_MS, TermKind, covering, day_of, ends_of, missing, new_term_key

KIND = TermKind.VISIBLE_RECORDS
TERM_MS = 7 * DAY_MS
TERMS = {KIND: TERM_MS}
NOON = 20_000 * DAY_MS + DAY_MS // 2


def test_today_and_two_days_have_their_keys() -> None:
    """Three keys, each covering its own day from the first millisecond to the last."""
    keys = missing([], TERMS, NOON, os.urandom)
    assert [key.begins_ms for key in keys] == [day_of(NOON) + days * DAY_MS for days in range(3)]
    assert len({key.key for key in keys}) == len({key.id for key in keys}) == 3
    assert covering(keys, KIND, TERM_MS, day_of(NOON)) is keys[0]
    assert covering(keys, KIND, TERM_MS, day_of(NOON) + DAY_MS - 1) is keys[0]
    assert covering(keys, KIND, TERM_MS, day_of(NOON) + DAY_MS) is keys[1]
    assert covering(keys, KIND, TERM_MS, day_of(NOON) + 3 * DAY_MS) is None
    assert covering(keys, KIND, TERM_MS, day_of(NOON) - 1) is None


def test_only_what_is_lacking_is_made() -> None:
    """A day later one key is lacking, and on the same day none."""
    keys = missing([], TERMS, NOON, os.urandom)
    assert missing(keys, TERMS, NOON, os.urandom) == []
    (key,) = missing(keys, TERMS, NOON + DAY_MS, os.urandom)
    assert key.begins_ms == day_of(NOON) + 3 * DAY_MS


def test_each_length_of_term_has_its_own_keys() -> None:
    """What ends after a day does not share a key with what ends after a week."""
    keys = missing([], TERMS, NOON, os.urandom)
    assert covering(keys, KIND, DAY_MS, NOON) is None
    assert len(missing(keys, {KIND: DAY_MS}, NOON, os.urandom)) == 3


def test_a_term_key_does_not_show_itself() -> None:
    """Keys stay out of logs. Source: CONTRIBUTING.md, "House rules"."""
    (key, *_) = missing([], TERMS, NOON, lambda count: b"k" * count)
    assert "kkkk" not in repr(key)


def test_ends_are_told_by_kind() -> None:
    """How many term keys there are of each, which are due, and when the next and the last end."""
    keys = [
        new_term_key(TermKind.ROOMS, 10 * DAY_MS, DAY_MS, bytes),
        new_term_key(TermKind.ROOMS, 10 * DAY_MS, 0, bytes),
        new_term_key(TermKind.AUDIT, DAY_MS, 0, bytes),
    ]
    audit, rooms = ends_of(keys, 11 * DAY_MS)
    assert (audit.kind, audit.keys, audit.due, audit.next_ms, audit.last_ms) == (
        *(TermKind.AUDIT, 1, 1),
        *(2 * DAY_MS, 2 * DAY_MS),
    )
    assert (rooms.kind, rooms.keys, rooms.due, rooms.next_ms, rooms.last_ms) == (
        *(TermKind.ROOMS, 2, 1),
        *(11 * DAY_MS, 12 * DAY_MS),
    )
    assert ends_of([], 0) == []
