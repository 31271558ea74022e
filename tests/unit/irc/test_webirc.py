"""Source: IRCv3 webirc, "Format", "Options", "Examples"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc.webirc import Stated, parse


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        (["198.51.100.3"], Stated("198.51.100.3", None, False)),
        (["198.51.100.3", "secure"], Stated("198.51.100.3", None, True)),
        (
            ["198.51.100.3", "secure=examplevalue local-port=6697 remote-port=21726"],
            Stated("198.51.100.3", 21726, True),
        ),
        (["198.51.100.3", "secure", "remote-port=21726"], Stated("198.51.100.3", 21726, True)),
        (["0::1"], Stated("::1", None, False)),
        (["2001:DB8::0:7"], Stated("2001:db8::7", None, False)),
        (["::ffff:198.51.100.3"], Stated("198.51.100.3", None, False)),
        (["198.51.100.3", "unknown=\\s; unsecure"], Stated("198.51.100.3", None, False)),
    ],
)
def test_what_a_gateway_says(words: list[str], stated: Stated) -> None:
    """The address in one text, the client's own port, and whether the client has TLS; unknown options are passed by."""
    assert parse(["hunter2", "gateway", "host.example", *words]) == stated


@pytest.mark.parametrize(
    "words",
    [
        ["host.example"],
        ["198.51.100.300"],
        ["fe80::1%eth0"],
        ["198.51.100.3/24"],
        ["198.51.100.3", "remote-port"],
        ["198.51.100.3", "remote-port=0"],
        ["198.51.100.3", "remote-port=65536"],
        ["198.51.100.3", "remote-port=٤"],
        ["198.51.100.3", "remote-port=-1"],
    ],
)
def test_what_names_nobody_is_nothing(words: list[str]) -> None:
    """An address or a port that is none."""
    assert parse(["hunter2", "gateway", "host.example", *words]) is None


@given(st.lists(st.text(), min_size=4, max_size=15))
def test_no_words_raise(params: list[str]) -> None:
    """Whatever a gateway sends is read or is nothing."""
    stated = parse(params)
    assert stated is None or stated.port is None or 0 < stated.port < 65536


def test_it_shows_no_address() -> None:
    """No log line can carry it (ARCHITECTURE.md, "Invariants", 8)."""
    assert "198" not in repr(parse(["a", "b", "c", "198.51.100.3", "remote-port=1980"]))
