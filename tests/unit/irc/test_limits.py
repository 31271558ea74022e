"""Sizes of the protocol. Source: RFC 1459, section 2.3; IRCv3 message-tags, labeled-response; modern IRC."""

from parvis.irc import limits


def test_sizes_are_those_of_their_specifications() -> None:
    """Source: beside each in `irc/limits.py`."""
    assert limits.BODY_BYTES_MAX == 512
    assert limits.CLIENT_TAGS_BYTES_MAX == limits.SERVER_TAGS_BYTES_MAX == 4094
    assert limits.PARAMETERS_MAX == 15
    assert limits.ISUPPORT_TOKENS_MAX == limits.PARAMETERS_MAX - 2
    assert limits.LABEL_BYTES_MAX == 64


def test_a_line_is_its_tags_and_its_body() -> None:
    """`@`, tags, space, body. Source: IRCv3 message-tags, "Size limit"."""
    assert limits.LINE_BYTES_MAX == 4096 + 512
