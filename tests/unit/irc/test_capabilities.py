"""Capabilities. Source: IRCv3 capability-negotiation."""

import pytest

from parvis.irc import capabilities as c


def test_every_capability_has_a_bit_of_its_own_and_none_of_the_transports() -> None:
    """A signature holds some of them and a transport. Source: `wire_signature`."""
    bits = list(c.CAPABILITIES.values())
    assert all(bit.bit_count() == 1 for bit in bits)
    assert len(set(bits)) == len(bits)
    assert not {c.TEXT_FRAMES, c.BINARY_FRAMES, c.VERSION_302} & set(bits)


def test_names_are_in_alphabetical_order() -> None:
    """So that CAP LS always reads the same. Source: `names_of`."""
    everything = sum(c.CAPABILITIES.values())
    assert c.names_of(everything) == sorted(c.CAPABILITIES)
    assert c.names_of(0) == []
    assert c.names_of(c.SETNAME | c.BATCH) == ["batch", "setname"]


@pytest.mark.parametrize(
    ("have", "words", "then"),
    [
        (0, [], 0),
        (0, ["batch"], c.BATCH),
        (c.BATCH, ["batch"], c.BATCH),
        (c.BATCH, ["-batch"], 0),
        (0, ["-batch"], 0),
        (c.BATCH, ["-batch", "setname"], c.SETNAME),
        (0, ["batch", "-batch"], 0),
        (0, ["batch", "unknown"], None),
        (0, ["-unknown"], None),
        (0, ["--batch"], None),
        (0, ["-"], None),
        (0, ["BATCH"], None),
        (c.CAP_NOTIFY, ["-cap-notify"], 0),
        (c.CAP_NOTIFY | c.VERSION_302, ["-cap-notify"], None),
        (c.CAP_NOTIFY | c.VERSION_302, ["cap-notify"], c.CAP_NOTIFY | c.VERSION_302),
        (0, ["sts"], None),
        (0, ["-sts"], None),
    ],
)
def test_a_request_is_all_or_nothing(have: int, words: list[str], then: int | None) -> None:
    """Source: IRCv3 capability-negotiation, "The CAP REQ subcommand"."""
    assert c.requested(have, words, dict.fromkeys(c.CAPABILITIES, "")) == then


def test_only_some_capabilities_change_bytes() -> None:
    """Readers with the same signature share their bytes. Source: ADR 1."""
    assert c.wire_signature(c.ECHO_MESSAGE | c.BATCH | c.MULTI_PREFIX, c.STREAM) == c.STREAM
    one = c.wire_signature(c.SERVER_TIME | c.ECHO_MESSAGE, c.TEXT_FRAMES)
    assert one == c.wire_signature(c.SERVER_TIME, c.TEXT_FRAMES)
    assert len({c.wire_signature(c.SERVER_TIME, kind) for kind in (c.STREAM, c.TEXT_FRAMES, c.BINARY_FRAMES)}) == 3


def test_multiline_changes_bytes_with_batch_alone() -> None:
    """A multiline message is a batch. Source: IRCv3 draft/multiline, "Dependencies"."""
    assert c.wire_signature(c.MULTILINE, c.STREAM) == c.wire_signature(c.BATCH, c.STREAM) == c.STREAM
    assert c.wire_signature(c.MULTILINE | c.BATCH, c.STREAM) == c.MULTILINE


def test_the_tag_of_staff_needs_no_capability_beside_message_tags() -> None:
    """Who understands tags gets it, so that readers are not parted in two. Source: IRCv3 message-tags."""
    assert c.wire_signature(c.MESSAGE_TAGS | c.OPER_TAG, c.STREAM) == c.wire_signature(c.MESSAGE_TAGS, c.STREAM)
    assert c.wire_signature(c.OPER_TAG, c.STREAM) == c.OPER_TAG


def test_capabilities_are_taken_away_by_name() -> None:
    """What is no longer offered. Source: IRCv3 capability-negotiation, "The CAP DEL subcommand"."""
    assert c.without(c.BATCH | c.SETNAME, ["batch", "sts"]) == c.SETNAME
