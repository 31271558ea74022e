"""Content keys and their visible wraps. Source: docs/adr/0002-record-and-leaf.md."""

from typing import Any

import msgspec
import pytest
from tests.unit.archive.vectors import cases

from parvis.archive.content_keys import (
    ContentKey,
    UnopenedKey,
    hour_of,
    new_content_key,
    unwrap_visible,
    wrap_visible,
)
from parvis.archive.terms import TermKey, TermKind
from parvis.model.ids import ConversationId


def term_key_of(case: dict[str, Any]) -> TermKey:
    """Read the term key of a case."""
    return TermKey(
        id=bytes.fromhex(case["term_key_id"]),
        kind=TermKind.VISIBLE_RECORDS,
        term_ms=0,
        begins_ms=0,
        key=bytes.fromhex(case["term_key"]),
    )


def content_key_of(case: dict[str, Any]) -> ContentKey:
    """Read the content key of a case."""
    return ContentKey(
        id=bytes.fromhex(case["key_id"]),
        conversation=ConversationId(bytes.fromhex(case["conversation"])),
        hour=int(case["hour"]),
        run=case["run"],
        key=bytes.fromhex(case["content_key"]),
    )


@pytest.mark.parametrize(**cases("visible_wraps"))
def test_a_wrap_has_the_bytes_of_its_vector(case: dict[str, Any]) -> None:
    """Wraps are fixed for ever, too, and give back their key. Source: vectors/records.json."""
    wrapped = wrap_visible(content_key_of(case), term_key_of(case), bytes.fromhex(case["nonce"]))
    assert wrapped.visible_wrap == bytes.fromhex(case["visible_wrap"])
    assert unwrap_visible(wrapped, term_key_of(case)) == content_key_of(case)


@pytest.mark.parametrize("field", ["id", "conversation", "hour", "run", "visible_wrap", "term key"])
def test_a_wrap_that_was_moved_or_changed_does_not_open(field: str) -> None:
    """Key id, conversation, hour, run and term key are bound to the wrap. Source: 0002-record-and-leaf.md."""
    case = cases("visible_wraps")["argvalues"][1]
    wrapped = wrap_visible(content_key_of(case), term_key_of(case), bytes(12))
    term_key = term_key_of(case)
    if field == "term key":
        term_key = msgspec.structs.replace(term_key, id=bytes(16))
    elif field in {"hour", "run"}:
        wrapped = msgspec.structs.replace(wrapped, **{field: getattr(wrapped, field) + 1})
    else:
        wrapped = msgspec.structs.replace(wrapped, **{field: bytes(len(getattr(wrapped, field)))})
    with pytest.raises(UnopenedKey):
        unwrap_visible(wrapped, term_key)


def test_an_empty_wrap_does_not_open() -> None:
    """A wrap cut short is told like one that was changed."""
    case = cases("visible_wraps")["argvalues"][0]
    wrapped = wrap_visible(content_key_of(case), term_key_of(case), bytes(12))
    with pytest.raises(UnopenedKey):
        unwrap_visible(msgspec.structs.replace(wrapped, visible_wrap=b""), term_key_of(case))


def test_a_new_key_is_all_random() -> None:
    """Id and key are what the source of random bytes gave, and nothing shows the key."""
    key = new_content_key(ConversationId(bytes(16)), 5, 2, lambda count: bytes(range(count)))
    assert key.id == bytes(range(16))
    assert key.key == bytes(range(32))
    assert key.key.hex() not in repr(key)
    assert str(key.key) not in repr(key)


def test_hours_are_counted_from_1970() -> None:
    """The last millisecond of an hour belongs to it."""
    assert hour_of(0) == hour_of(3_599_999) == 0
    assert hour_of(3_600_000) == 1
