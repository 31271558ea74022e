"""WebSocket frames. Source: RFC 6455; the vectors are those of every client and server of Parvis."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.net import frames
from parvis.net.frames import MESSAGE_BYTES_MAX, Partial, ProtocolError, build_close, build_frame, split_frames, unmask

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors" / "frames.json").read_text())


def masked(first: int, payload: bytes, mask: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """Make a frame as a client sends it."""
    head = build_frame(0, payload)
    head_bytes = len(head) - len(payload)
    return bytes((first, head[1] | 0x80)) + head[2:head_bytes] + mask + unmask(payload, mask)


@pytest.mark.parametrize("vector", VECTORS["build"], ids=lambda vector: vector["why"])
def test_a_frame_is_built_unmasked_with_its_shortest_length(vector: dict[str, Any]) -> None:
    """Source: RFC 6455, sections 5.1, 5.2 and 5.7."""
    payload = bytes.fromhex(vector["payload"]) * vector["times"]
    assert build_frame(vector["opcode"], payload) == bytes.fromhex(vector["head"]) + payload


@pytest.mark.parametrize("vector", VECTORS["split"], ids=lambda vector: vector["why"])
def test_whole_frames_are_taken_off_a_buffer(vector: dict[str, Any]) -> None:
    """Source: RFC 6455, as each vector says."""
    split = split_frames(bytes.fromhex(vector["buffer"]))
    assert split.messages == [(opcode, bytes.fromhex(payload)) for opcode, payload in vector["messages"]]
    assert split.rest == bytes.fromhex(vector["rest"])
    assert split.partial is None


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["why"])
def test_a_broken_rule_names_its_close_code(vector: dict[str, Any]) -> None:
    """Source: RFC 6455, as each vector says."""
    filler, times = vector.get("fill", ("", 0))
    buffer = bytes.fromhex(vector["buffer"] + filler * times + vector.get("then", ""))
    with pytest.raises(ProtocolError) as caught:
        split_frames(buffer)
    assert caught.value.close_code == vector["code"]


def test_a_message_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    """The limit is the caller's, for one frame and for fragments together (RFC 6455, section 10.4)."""
    assert split_frames(masked(0x82, bytes(100)), None, 100).messages == [(frames.BINARY, bytes(100))]
    with pytest.raises(ProtocolError, match="101 bytes, limit is 100"):
        split_frames(masked(0x82, bytes(101)), None, 100)
    fragments = masked(0x02, bytes(60)) + masked(0x00, bytes(40))
    assert split_frames(fragments + masked(0x80, b""), None, 100).messages == [(frames.BINARY, bytes(100))]
    with pytest.raises(ProtocolError) as caught:
        split_frames(fragments + masked(0x80, b"x"), None, 100)
    assert caught.value.close_code == frames.TOO_BIG


def test_a_broken_rule_comes_with_what_stood_before_it() -> None:
    """What was said before the mistake was said; frames that make no message whole are counted."""
    with pytest.raises(ProtocolError) as caught:
        split_frames(masked(0x81, b"NICK camille") + masked(0x89, b"p") + b"\x81\x00" + masked(0x81, b"lost"))
    assert caught.value.messages == [(frames.TEXT, b"NICK camille"), (frames.PING, b"p")]
    assert split_frames(masked(0x01, b"a") + masked(0x00, b"b")).fragments == 2


def test_a_fragmented_message_waits_between_reads() -> None:
    """Fragments arrive over any number of reads, pings between them (RFC 6455, section 5.4)."""
    first = split_frames(masked(0x01, b"NICK "))
    assert first.messages == []
    assert first.partial == Partial(frames.TEXT, bytearray(b"NICK "))
    second = split_frames(masked(0x89, b"p"), first.partial)
    assert second.messages == [(frames.PING, b"p")]
    third = split_frames(masked(0x80, b"camille"), second.partial)
    assert third == ([(frames.TEXT, b"NICK camille")], b"", None, 0)


def test_a_close_reason_too_long_is_cut_at_a_character() -> None:
    """A close frame holds at most 125 bytes of valid UTF-8 (RFC 6455, section 5.5.1)."""
    close = build_close(frames.GOING_AWAY, "é" * 100)
    assert close == b"\x88\x7c\x03\xe9" + "é".encode() * 61
    assert frames.close_code(close[2:]) == frames.GOING_AWAY
    assert frames.close_code(b"") is None


payloads = st.binary(max_size=300) | st.integers(0, 70000).map(bytes)


@given(payloads, st.binary(min_size=4, max_size=4))
def test_masking_twice_gives_the_payload_back(payload: bytes, mask: bytes) -> None:
    """Byte i is masked with byte i modulo 4 of the key (RFC 6455, section 5.3)."""
    assert unmask(payload, mask) == bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    assert unmask(unmask(payload, mask), mask) == payload


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 9, 10]), st.text(max_size=40), st.binary(min_size=4, max_size=4))),
    st.lists(st.integers(0, 60)),
)
def test_any_cutting_of_the_stream_gives_the_same_messages(sent: list[tuple[int, str, bytes]], cuts: list[int]) -> None:
    """TCP keeps order and nothing else: frames may arrive in any pieces."""
    stream = b"".join(masked(0x80 | opcode, text.encode(), mask) for opcode, text, mask in sent if len(text) < 31)
    heard: list[tuple[int, bytes]] = []
    rest, partial = b"", None
    while stream:
        size = cuts.pop() if cuts else len(stream)
        split = split_frames(rest + stream[:size], partial)
        stream = stream[size:]
        heard += split.messages
        rest, partial = split.rest, split.partial
    assert heard == [(opcode, text.encode()) for opcode, text, _ in sent if len(text) < 31]
    assert rest == b""


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=140))).map(
        lambda parts: b"".join(bytes(part[:2]) + part[2] for part in parts)
    )
)
def test_any_bytes_give_messages_within_the_limits_or_a_close_code(buffer: bytes) -> None:
    """No input gives anything but a bounded result or a `ProtocolError` (RFC 6455, section 10.7)."""
    try:
        split = split_frames(buffer)
    except ProtocolError:
        return
    assert len(split.rest) < frames.HEAD_BYTES_MAX + MESSAGE_BYTES_MAX
    assert all(len(payload) <= MESSAGE_BYTES_MAX for _, payload in split.messages)


def test_frames_agree_with_the_websockets_library() -> None:
    """The sans-I/O half of a kept library reads what we build, and we read what it builds."""
    from websockets.frames import Frame, Opcode
    from websockets.streams import StreamReader

    for payload in (b"", b"x" * 125, b"x" * 126, "é".encode() * 4000):
        sent = Frame(Opcode.TEXT, payload).serialize(mask=True)
        assert split_frames(sent).messages == [(frames.TEXT, payload)]
        reader = StreamReader()
        reader.feed_data(build_frame(frames.TEXT, payload))
        parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
        with pytest.raises(StopIteration) as parsed:
            next(parsing)
        assert parsed.value.value.data == payload
