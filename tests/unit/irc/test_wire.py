"""Lines to bytes. Source: IRCv3 message-tags, server-time, message-ids, websocket; RFC 6455, section 5.2."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases, text

from parvis.irc.capabilities import (
    ACCOUNT_TAG,
    BINARY_FRAMES,
    CAPABILITIES,
    MESSAGE_TAGS,
    OPER_TAG,
    STREAM,
    TEXT_FRAMES,
    wire_signature,
)
from parvis.irc.wire import cut, cut_body, frame, frame_all, middle, render, space_after, tag_data, time_tag

TRANSPORTS = {"stream": STREAM, "text": TEXT_FRAMES, "binary": BINARY_FRAMES}


@pytest.mark.parametrize(**cases("wire.json", "render"))
def test_a_line_is_what_its_reader_understands(case: dict[str, Any]) -> None:
    """Source: vectors/wire.json."""
    capabilities = sum(CAPABILITIES[name] for name in case["capabilities"])
    signature = wire_signature(capabilities, TRANSPORTS[case["transport"]])
    data = render(signature, case["body"].encode(), case["time_ms"], case["message_id"], case["client_tags"])
    assert data.hex() == case["hex"]


@pytest.mark.parametrize(**cases("wire.json", "frame"))
def test_a_line_is_framed(case: dict[str, Any]) -> None:
    """Source: vectors/wire.json."""
    line = text(case["line"]).encode()
    assert frame(line, TRANSPORTS[case["transport"]]) == (
        bytes.fromhex(case["head"]) + line + bytes.fromhex(case["tail"])
    )


@pytest.mark.parametrize(**cases("wire.json", "time"))
def test_a_moment_is_written(case: dict[str, Any]) -> None:
    """Source: IRCv3 server-time."""
    assert time_tag(case["time_ms"]) == case["tag"]


@pytest.mark.parametrize(**cases("wire.json", "middle"))
def test_a_word_is_shown(case: dict[str, Any]) -> None:
    """Source: vectors/wire.json."""
    assert middle(text(case["word"])) == text(case["shown"])


@given(st.binary(max_size=9000), st.sampled_from([STREAM, TEXT_FRAMES, BINARY_FRAMES]))
def test_a_frame_says_how_long_it_is(line: bytes, transport: int) -> None:
    """Read again by hand. Source: RFC 6455, section 5.2."""
    data = frame(line, transport)
    if transport == STREAM:
        assert data == line + b"\r\n"
        return
    assert data[0] == (0x81 if transport == TEXT_FRAMES else 0x82)
    if data[1] < 126:
        size, rest = data[1], data[2:]
    else:
        assert data[1] == 126
        size, rest = int.from_bytes(data[2:4], "big"), data[4:]
        assert size > 125
    assert (size, rest) == (len(line), line)


@given(
    st.lists(st.tuples(st.sampled_from(["", "label=a", "time=b;msgid=c"]), st.binary(max_size=300))),
    st.sampled_from([STREAM, TEXT_FRAMES, BINARY_FRAMES]),
)
def test_lines_framed_together_are_lines_framed_one_by_one(lines: list[tuple[str, bytes]], transport: int) -> None:
    """With their tags in front. Source: IRCv3 message-tags, "Format"."""
    one_by_one = [frame(f"@{tags} ".encode() + body if tags else body, transport) for tags, body in lines]
    assert frame_all(lines, transport) == b"".join(one_by_one)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=600))
def test_a_word_of_a_client_can_always_stand_inside_a_line(word: str) -> None:
    """Not empty, no space, no colon in front, not longer than a name may be. Source: RFC 1459, section 2.3.1."""
    shown = middle(word)
    assert shown
    assert " " not in shown
    assert shown[0] != ":"
    assert len(shown.encode()) <= 220


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=600))
def test_a_line_of_the_server_is_cut_at_a_character(words: str) -> None:
    """510 bytes before CR LF. Source: RFC 1459, section 2.3."""
    body = cut_body(words.encode())
    assert len(body) <= 510
    assert words.startswith(body.decode())
    assert len(body) >= min(len(words.encode()), 507)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(1, 40))
def test_a_text_is_cut_at_a_character(text: str, bytes_max: int) -> None:
    """Source: modern IRC, "NAMELEN"."""
    shorter = cut(text, bytes_max)
    assert text.startswith(shorter)
    assert min(len(text.encode()), bytes_max) - 3 <= len(shorter.encode()) <= bytes_max


def test_what_fits_behind_a_head() -> None:
    """Source: RFC 1459, section 2.3."""
    assert space_after(b"x" * 10) == 500
    assert space_after(b"x" * 600) == 0


def test_lines_of_staff_are_marked() -> None:
    """For who understands tags, and for who asked for the tag alone. Source: IRCv3 draft/oper-tag."""
    assert tag_data(MESSAGE_TAGS, 0, "id", "+a", "", True) == "msgid=id;draft/oper;+a"
    assert tag_data(OPER_TAG, 0, "id", "+a", "name", True) == "draft/oper"
    assert tag_data(OPER_TAG | ACCOUNT_TAG, 0, "", "", "name", True) == "account=name;draft/oper"
    assert tag_data(ACCOUNT_TAG, 0, "", "", "", True) == tag_data(MESSAGE_TAGS, 0, "", "", "", False) == ""
