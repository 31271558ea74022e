"""Roll calls. Source: docs/adr/0013-history-from-the-sealed-log.md; archive/roll_call.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.archive.record import MalformedRecord
from parvis.archive.roll_call import ENTRIES_MAX, Presence, RollCall, read_roll_call, write_roll_call
from parvis.model.ids import ConversationId, IdentityId, SessionId

IDS = st.binary(min_size=16, max_size=16)
ENTRIES = st.builds(
    Presence,
    IDS.map(SessionId),
    IDS.map(IdentityId),
    st.lists(IDS.map(ConversationId), max_size=5).map(tuple),
)


@given(st.lists(ENTRIES, max_size=20))
def test_who_is_where_is_read_as_it_was_written(entries: list[Presence]) -> None:
    """In one record, as ASCII."""
    (line,) = write_roll_call(entries)
    assert line.isascii()
    assert read_roll_call(line) == RollCall(1, 1, tuple(entries))


def test_many_people_take_several_records() -> None:
    """Each says which part it is; together they are everybody."""
    everybody = [Presence(SessionId(b"%016d" % at), IdentityId(b"%016d" % at), ()) for at in range(2 * ENTRIES_MAX + 1)]
    parts = [read_roll_call(line) for line in write_roll_call(everybody)]
    assert [(each.part, each.parts) for each in parts] == [(1, 3), (2, 3), (3, 3)]
    assert [entry for each in parts for entry in each.entries] == everybody


def test_nobody_is_a_roll_call_too() -> None:
    """A reader that begins there knows that nobody is in any room."""
    assert [read_roll_call(line).entries for line in write_roll_call([])] == [()]


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"ROLLCALL", b"ROLLCALL 1 1", b"ROLLCALL 0 1 ", b"ROLLCALL 2 1 ", b"ROLLCALL 1 1 * ", b"ROLLCALL a b "),
        *(b"OTHER 1 1 ", b"ROLLCALL 1 1 AAAA", b"ROLLCALL 1 1 " + b"AAAA" * 12, b"\xff"),
    ],
)
def test_anything_else_is_malformed(line: bytes) -> None:
    """Sizes are told, never ids."""
    with pytest.raises(MalformedRecord):
        read_roll_call(line)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_malformed(line: bytes) -> None:
    """Nothing else is raised."""
    try:
        read_roll_call(b"ROLLCALL 1 1 " + line)
    except MalformedRecord:
        return
