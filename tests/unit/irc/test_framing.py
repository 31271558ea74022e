"""Lines out of a stream. Source: RFC 1459, sections 2.3 and 8."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parvis.irc.framing import TOO_LONG, split_lines
from parvis.irc.limits import LINE_BYTES_MAX
from parvis.irc.line import Fault, Malformed, parse_line

STREAMS = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\0", b"a", b"PING b", b"x" * 600, b"x" * (LINE_BYTES_MAX - 1), b"\xff"]),
    max_size=24,
).map(b"".join)


def cut(stream: bytes, places: list[int]) -> tuple[list[bytes], bytes]:
    """Split a stream that arrives in pieces."""
    lines: list[bytes] = []
    unread = b""
    ends = [*sorted(place % (len(stream) + 1) for place in places), len(stream)]
    start = 0
    for end in ends:
        found, unread = split_lines(unread, stream[start:end])
        assert len(unread) <= LINE_BYTES_MAX
        lines += found
        start = end
    return lines, unread


@given(STREAMS, st.lists(st.integers(0, 40_000), max_size=12))
@example(b"\0abc\n", [2])
@example(b"x" * (LINE_BYTES_MAX + 1) + b"\nPING a\n", [LINE_BYTES_MAX])
@example(b"x" * LINE_BYTES_MAX + b"\r\n", [LINE_BYTES_MAX + 1])
def test_however_a_stream_is_cut_its_lines_are_the_same(stream: bytes, places: list[int]) -> None:
    """And what is left over never exceeds the longest line. Source: RFC 1459, section 8."""
    assert cut(stream, places) == cut(stream, [])


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_any_bytes_can_be_cut_anywhere(stream: bytes, places: list[int]) -> None:
    """Byte for byte what was between the ends of lines. Source: RFC 1459, section 2.3."""
    lines, unread = cut(stream, places)
    *whole, rest = stream.split(b"\n")
    assert lines == [line for line in (each.removesuffix(b"\r") for each in whole) if line]
    assert unread == rest


def test_a_line_without_end_takes_no_memory() -> None:
    """Only that it was too long is kept, until it ends. Source: ARCHITECTURE.md, "Invariants", 7."""
    unread = b""
    for _ in range(100):
        lines, unread = split_lines(unread, b"x" * 1000)
        assert lines == []
        assert len(unread) <= LINE_BYTES_MAX
    assert unread == TOO_LONG
    assert split_lines(unread, b"rest\r\nPING a\r\n") == ([TOO_LONG, b"PING a"], b"")


def test_the_mark_of_an_overlong_line_is_no_line() -> None:
    """It cannot come from a stream, and would be refused if it did. Source: `TOO_LONG`."""
    with pytest.raises(Malformed) as caught:
        parse_line(TOO_LONG)
    assert caught.value.fault is Fault.FORBIDDEN_BYTE
