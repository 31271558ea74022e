"""References to messages. Source: IRCv3 draft/chathistory, "MSGREFTYPES"; server-time; message-ids."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc.references import (
    NoReference,
    Reference,
    raw_message_id,
    read_reference,
    read_timestamp,
    shown_message_id,
    write_timestamp,
)
from parvis.irc.wire import time_tag

MOMENT_MS = int(datetime(2019, 1, 4, 14, 33, 26, 123_000, tzinfo=UTC).timestamp() * 1000)


def test_a_moment_is_read_and_written_as_the_time_tag() -> None:
    """Milliseconds since 1970. Source: IRCv3 server-time."""
    assert read_reference("timestamp=2019-01-04T14:33:26.123Z") == Reference(time_ms=MOMENT_MS)
    assert write_timestamp(MOMENT_MS) == "2019-01-04T14:33:26.123Z"
    assert time_tag(MOMENT_MS) == f"time={write_timestamp(MOMENT_MS)}"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "now",
            "*",
            "2019-01-04",
            "2019-01-04T14:33:26Z",
            "2019-01-04T14:33:26.1234Z",
            "2019-01-04 14:33:26.123Z",
        ),
        *(
            "2019-13-04T14:33:26.123Z",
            "2019-02-30T14:33:26.123Z",
            "0000-01-01T00:00:00.000Z",
            "2019-01-04T24:00:00.000Z",
        ),
        *(
            "2019-01-04T14:33:60.123Z",
            "2019-01-04T14:33:26.123",
            "٢019-01-04T14:33:26.123Z",
            "2019-01-04T14:33:26.123Z\n",
        ),
    ],
)
def test_a_moment_of_another_form_is_none(text: str) -> None:
    """The form is the only one. Source: draft/chathistory: "MUST have the format"."""
    assert read_timestamp(text) is None
    assert read_reference(f"timestamp={text}") is NoReference.VALUE


@pytest.mark.parametrize("word", ["", "x", "*", "msgid=", "timestamp", "2019-01-04T14:33:26.123Z"])
def test_a_word_of_no_form_is_no_reference(word: str) -> None:
    """It is answered INVALID_PARAMS. Source: draft/chathistory, "Errors and Warnings"."""
    assert read_reference(word) is NoReference.VALUE


@pytest.mark.parametrize("word", ["rowid=5", "=", "Msgid=x", "time=2019-01-04T14:33:26.123Z"])
def test_a_type_that_is_not_told_is_not_known(word: str) -> None:
    """It is answered INVALID_MSGREFTYPE. Source: draft/chathistory, MSGREFTYPES."""
    assert read_reference(word) is NoReference.TYPE


@given(st.binary(min_size=15, max_size=15))
def test_a_message_id_is_read_as_it_was_shown(raw: bytes) -> None:
    """Twenty characters for 15 bytes. Source: IRCv3 message-ids."""
    shown = shown_message_id(raw)
    assert shown == "" if raw == bytes(15) else raw_message_id(shown) == raw


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 19, "A" * 21, "A" * 19 + "=", "A" * 19 + "+", "é" * 20, "A" * 19 + "\n"]
)
def test_an_id_of_another_form_is_nobodys(text: str) -> None:
    """A good reference to a message that is not there. Source: irc/references.py."""
    assert raw_message_id(text) is None
    if text:
        assert read_reference(f"msgid={text}") == Reference(message_id=b"")


@given(st.text())
def test_any_word_is_read_as_something(word: str) -> None:
    """Nothing raises, and a moment that is read is written the same."""
    found = read_reference(word)
    assert isinstance(found, Reference | NoReference)
    if isinstance(found, Reference) and found.time_ms is not None:
        assert word == f"timestamp={write_timestamp(found.time_ms)}"


@given(st.datetimes())
def test_any_moment_is_read_as_it_was_written(moment: datetime) -> None:
    """From the first year to the last that the form holds."""
    text = f"{moment.year:04d}{moment:-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    time_ms = read_timestamp(text)
    assert time_ms is not None
    assert write_timestamp(time_ms) == text
    assert datetime.fromtimestamp(time_ms // 1000, UTC).replace(tzinfo=None) == moment.replace(microsecond=0)
