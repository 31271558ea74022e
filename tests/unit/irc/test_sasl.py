"""SASL in pieces. Source: IRCv3 sasl 3.1, "The AUTHENTICATE command"; RFC 4616; RFC 4422, appendix A."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc import scram
from parvis.irc.sasl import (
    Aborted,
    CheckCertificate,
    CheckPassword,
    Exchange,
    Failed,
    FindKeys,
    LoggedIn,
    Mechanism,
    More,
    Proved,
    TooLong,
    pieces,
)


def fed(mechanism: Mechanism, data: bytes) -> object:
    """Feed one response, as a client sends it, and give the last step."""
    exchange = Exchange(mechanism)
    steps = [exchange.feed(piece) for piece in pieces(data)]
    assert steps[:-1] == [More()] * (len(steps) - 1)
    return steps[-1]


def test_the_example_of_the_specification() -> None:
    """jilles, jilles, sesame. Source: IRCv3 sasl 3.1, "Example protocol exchange"."""
    assert Exchange(Mechanism.PLAIN).feed("amlsbGVzAGppbGxlcwBzZXNhbWU=") == CheckPassword("jilles", "sesame")
    assert "sesame" not in repr(CheckPassword("jilles", "sesame"))


def test_an_identity_to_act_as_is_ones_own_or_none() -> None:
    """Source: RFC 4616, section 2."""
    assert fed(Mechanism.PLAIN, b"\0jilles\0sesame") == CheckPassword("jilles", "sesame")
    assert fed(Mechanism.PLAIN, b"other\0jilles\0sesame") == Failed()


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"\0a\0", b"\0\0b", b"a\0b", b"\0a\0b\0c", b"\0a\0\xff"])
def test_what_is_no_plain_message_fails(data: bytes) -> None:
    """Three parts, the last two not empty, in UTF-8. Source: RFC 4616, section 2."""
    assert fed(Mechanism.PLAIN, data) == Failed()


@pytest.mark.parametrize("parameter", ["=", "a", "abc", "ab=c", "YQ", "Y Q=", "é"])
def test_what_is_not_base64_fails(parameter: str) -> None:
    """Source: IRCv3 sasl 3.1; RFC 4648, section 4."""
    assert Exchange(Mechanism.EXTERNAL).feed(parameter) == Failed()


def test_an_abort_and_lengths() -> None:
    """A star gives up; a piece has at most 400 characters, and a response at most four of them."""
    assert Exchange(Mechanism.PLAIN).feed("*") == Aborted()
    assert Exchange(Mechanism.PLAIN).feed("a" * 401) == TooLong()
    exchange = Exchange(Mechanism.PLAIN)
    assert [exchange.feed("a" * 400) for _ in range(5)] == [More()] * 4 + [TooLong()]


def test_external_may_name_an_account_or_not() -> None:
    """Source: RFC 4422, appendix A.1."""
    assert fed(Mechanism.EXTERNAL, b"") == CheckCertificate("")
    assert fed(Mechanism.EXTERNAL, b"anna") == CheckCertificate("anna")


def test_scram_logs_in_after_its_proof() -> None:
    """The server proves itself too, and an empty response ends it. Source: RFC 7677, section 3; RFC 5802, section 5."""
    exchange = Exchange(Mechanism.SCRAM_SHA_256)
    assert exchange.feed(b64encode(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").decode()) == FindKeys("user")
    keys = scram.make_keys(b"pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    said = exchange.challenge("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", keys, b"id")
    assert said.endswith(b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    final = (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert exchange.feed(b64encode(final).decode()) == Proved(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert exchange.feed("+") == LoggedIn("user")


def test_scram_fails_without_its_proof() -> None:
    """A wrong proof, another identity, or words after the end."""
    keys = scram.make_keys(b"pencil", b"salt" * 4, 4)
    first = b64encode(b"n,,n=user,r=abc").decode()
    exchange = Exchange(Mechanism.SCRAM_SHA_256)
    exchange.feed(first)
    exchange.challenge("def", keys, b"id")
    assert exchange.feed(b64encode(b"c=biws,r=abcdef,p=" + b64encode(bytes(32))).decode()) == Failed()
    other = b64encode(b"n,a=other,n=user,r=abc").decode()
    assert Exchange(Mechanism.SCRAM_SHA_256).feed(other) == Failed()


@given(st.binary(max_size=1100))
def test_what_is_written_in_pieces_is_read_back(data: bytes) -> None:
    """Every length, multiples of 400 too; the empty response is a plus."""
    written = pieces(data)
    assert all(len(piece) == 400 for piece in written[:-1])
    assert len(written[-1]) < 400
    assert b64decode("".join(written).removesuffix("+") if written[-1] == "+" else "".join(written)) == data


@given(st.sampled_from(Mechanism), st.lists(st.text(max_size=500), max_size=6))
def test_no_parameters_do_anything_else(mechanism: Mechanism, parameters: list[str]) -> None:
    """Each is answered by a step; nothing is raised and nothing grows past its limit."""
    exchange = Exchange(mechanism)
    for parameter in parameters:
        step = exchange.feed(parameter)
        if isinstance(step, FindKeys):
            exchange.challenge("nonce", scram.make_keys(b"x", b"y", 1), b"id")
        elif not isinstance(step, More | Proved):
            return
