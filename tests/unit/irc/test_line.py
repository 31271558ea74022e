"""One line: bytes to value. Source: RFC 1459, section 2.3; IRCv3 message-tags, "Format"."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.vectors import cases, text

from parvis.irc.limits import PARAMETERS_MAX
from parvis.irc.line import Fault, Line, Malformed, parse_line
from parvis.irc.tags import escape

WORDS = st.text(st.characters(exclude_characters="\0\r\n ", exclude_categories=["Cs"]), min_size=1, max_size=12)
MIDDLE = WORDS.filter(lambda word: not word.startswith(":"))
LAST = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=30)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
KEYS = st.from_regex(r"\A\+?(?:[A-Za-z0-9.-]{1,5}/)?[A-Za-z0-9-]{1,5}\Z")


@pytest.mark.parametrize(**cases("lines.json", "good"))
def test_a_good_line_is_read(case: dict[str, Any]) -> None:
    """Source: vectors/lines.json."""
    line = parse_line(text(case["line"]).encode())
    assert dict(line.tags) == {key: text(value) for key, value in case["tags"].items()}
    assert line.command == case["command"]
    assert line.params == [text(param) for param in case["params"]]


@pytest.mark.parametrize(**cases("lines.json", "bad"))
def test_a_bad_line_is_named(case: dict[str, Any]) -> None:
    """Source: vectors/lines.json."""
    raw = bytes.fromhex(case["hex"]) if "hex" in case else text(case["line"]).encode()
    with pytest.raises(Malformed) as caught:
        parse_line(raw)
    assert caught.value.fault is Fault(case["fault"])


@given(st.binary(max_size=700) | st.binary(max_size=600).map(lambda raw: b"@" + raw))
@example(b"@")
@example(b"@ ")
@example(b": :")
@example(b" :")
def test_any_bytes_are_a_line_or_malformed(raw: bytes) -> None:
    """Nothing else comes out, whatever goes in, and no line holds what ends lines. Source: RFC 1459, section 2.3.1."""
    try:
        line = parse_line(raw)
    except Malformed:
        return
    assert line.command
    assert line.command == written_upper(line.command)
    assert " " not in line.command
    assert len(line.params) <= PARAMETERS_MAX
    assert not any(char in word for word in (line.command, *line.params) for char in "\0\r\n")
    assert all(" " not in param for param in line.params[:-1])


def written_upper(command: str) -> str:
    """Give the command as the parser does: ASCII alone folds, so that no other letter turns into one of a command."""
    return command.upper() if command.isascii() else command


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.none() | WORDS, MIDDLE, st.lists(MIDDLE, max_size=5), LAST)
def test_what_is_written_is_read_again(
    tags: dict[str, str], source: str | None, command: str, params: list[str], last: str
) -> None:
    """Round trip. Source: RFC 1459, section 2.3.1; IRCv3 message-tags, "Format"."""
    written = f"{command} {' '.join(params)} :{last}".replace("  :", " :")
    if source is not None:
        written = f":{source} {written}"
    if command.startswith("@") and source is None and not tags:
        written = f" {written}"
    if tags:
        written = f"@{';'.join(f'{key}={escape(value)}' for key, value in tags.items())} {written}"
    line = parse_line(written.encode())
    assert (dict(line.tags), line.command, line.params) == (tags, written_upper(command), [*params, last])


def test_neither_a_line_nor_a_fault_shows_words() -> None:
    """They may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    assert repr(parse_line(b"@a=secret PRIVMSG someone :secret")) == "Line(PRIVMSG, 2 parameters)"
    for raw in (b"secret\0", b"secret\xff", b"secret" * 100):
        with pytest.raises(Malformed) as caught:
            parse_line(raw)
        assert "secret" not in str(caught.value)


def test_a_fault_says_what_it_measured() -> None:
    """What, value, limit. Source: docs, "Faults and messages"."""
    with pytest.raises(Malformed, match=r"^line body is 530 bytes, limit is 512$"):
        parse_line(b"x" * 528)
    with pytest.raises(Malformed, match=r"^tags are 4095 bytes, limit is 4094$"):
        parse_line(b"@" + b"x" * 4095 + b" PING")


def test_a_line_is_a_value() -> None:
    """Equal when its parts are. Source: `Line`."""
    assert parse_line(b"a b") == Line({}, "A", ["b"])
