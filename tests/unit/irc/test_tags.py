"""Message tags. Source: IRCv3 message-tags."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.irc.tags import NO_DENIAL, NO_TAGS, client_only, denial, escape, parse_tags, unescape


@pytest.mark.parametrize(**cases("tags.json", "both"))
def test_a_value_is_written_and_read(case: dict[str, Any]) -> None:
    """Source: IRCv3 message-tags, "Escaping values"."""
    assert escape(case["value"]) == case["wire"]
    assert unescape(case["wire"]) == case["value"]


@pytest.mark.parametrize(**cases("tags.json", "read"))
def test_a_value_written_otherwise_is_read(case: dict[str, Any]) -> None:
    """Source: IRCv3 message-tags, "Escaping values"."""
    assert unescape(case["wire"]) == case["value"]


@pytest.mark.parametrize(**cases("tags.json", "parse"))
def test_tag_data_is_read(case: dict[str, Any]) -> None:
    """Source: IRCv3 message-tags, "Format"."""
    assert parse_tags(case["data"]) == case["tags"]


@pytest.mark.parametrize(**cases("tags.json", "client_only"))
def test_what_is_relayed(case: dict[str, Any]) -> None:
    """Source: IRCv3 message-tags, "Rules for servers"."""
    assert client_only(case["tags"]) == case["wire"]


@given(st.text())
def test_escaping_is_undone_and_leaves_nothing_that_parts(value: str) -> None:
    """Round trip; no separator of the line is left. Source: IRCv3 message-tags, "Escaping values"."""
    wire = escape(value)
    assert unescape(wire) == value
    assert not any(char in wire for char in "; \r\n")


@given(st.text())
def test_any_value_can_be_read(wire: str) -> None:
    """No text breaks the reader, and none grows. Source: IRCv3 message-tags, "Escaping values"."""
    assert len(unescape(wire)) <= len(wire)


@given(st.text())
def test_what_is_relayed_is_read_as_it_was(data: str) -> None:
    """Relaying twice changes nothing more. Source: IRCv3 message-tags, "Rules for servers"."""
    relayed = {key: value for key, value in parse_tags(data).items() if key.startswith("+")}
    assert parse_tags(client_only(relayed)) == relayed


def test_a_line_without_tags_has_none() -> None:
    """The shared value is empty. Source: `NO_TAGS`."""
    assert dict(NO_TAGS) == {}


@pytest.mark.parametrize(
    ("entries", "permitted", "denied"),
    [
        ([], ["+a", "+b/c"], []),
        (["*"], [], ["+a", "+b/c"]),
        (["*", "-foo", "-example/bar"], ["+foo", "+example/bar"], ["+a", "+bar"]),
        (["foo", "example/bar"], ["+a", "+bar"], ["+foo", "+example/bar"]),
        (["foo", "-bar"], ["+bar", "+a"], ["+foo"]),
        (["*", "foo"], [], ["+foo", "+a"]),
    ],
)
def test_what_is_denied_is_not_relayed(entries: list[str], permitted: list[str], denied: list[str]) -> None:
    """The specification's examples, and words without effect. Source: message-tags, "CLIENTTAGDENY examples"."""
    rule = denial(entries)
    assert all(rule.permits(key) for key in permitted)
    assert not any(rule.permits(key) for key in denied)
    assert client_only(dict.fromkeys(permitted + denied, ""), rule) == ";".join(permitted)
    assert all(NO_DENIAL.permits(key) for key in permitted + denied)
