"""The PROXY protocol. Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.net.address import Address
from parvis.net.proxy_header import (
    NEED_MORE,
    V1_BYTES_MAX,
    V2_BYTES_MAX,
    V2_SIGNATURE,
    Malformed,
    Parsed,
    parse,
)

V4_BLOCK = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + (56324).to_bytes(2) + (443).to_bytes(2)
V6_BLOCK = bytes.fromhex("20010db8" + "00" * 11 + "07") + bytes(15) + b"\x01" + (56324).to_bytes(2) + (443).to_bytes(2)


def v2(command: int, family: int, block: bytes) -> bytes:
    return V2_SIGNATURE + bytes((0x20 | command, family)) + len(block).to_bytes(2) + block


WHOLE = {
    "v1 over IPv4": (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", Address("192.0.2.7", 56324)),
    "v1 over IPv6": (b"PROXY TCP6 2001:DB8::7 ::1 56324 443\r\n", Address("2001:db8::7", 56324)),
    "v1, longest": (
        b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n",
        Address("ffff:" * 7 + "ffff", 65535),
    ),
    "v1, an IPv4 client written as IPv6": (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", Address("192.0.2.7", 1)),
    "v1, unknown": (b"PROXY UNKNOWN\r\n", None),
    "v1, unknown with more": (b"PROXY UNKNOWN ffff::1 what ever 1 2\r\n", None),
    "v2 over IPv4": (v2(1, 0x11, V4_BLOCK), Address("192.0.2.7", 56324)),
    "v2 over IPv6": (v2(1, 0x21, V6_BLOCK), Address("2001:db8::7", 56324)),
    "v2, fields after the addresses": (
        v2(1, 0x11, V4_BLOCK + b"\x02\x00\x04chat\x04\x00\x00"),
        Address("192.0.2.7", 56324),
    ),
    "v2, local": (v2(0, 0x00, b""), None),
    "v2, local with addresses to skip": (v2(0, 0x11, V4_BLOCK), None),
    "v2, a local of an odd length": (v2(0, 0x11, b"\x00"), None),
    "v2, unspecified": (v2(1, 0x00, b"whatever"), None),
    "v2, unix socket": (v2(1, 0x31, bytes(216)), None),
    "v2, datagrams": (v2(1, 0x12, V4_BLOCK), None),
    "v2, longest": (v2(1, 0x11, V4_BLOCK + bytes(V2_BYTES_MAX - 28)), Address("192.0.2.7", 56324)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_header_names_the_peer_and_leaves_the_rest_to_the_client(name: str) -> None:
    """
    The header is taken to its last byte and not beyond; without a usable address the
    peer of the connection stands. Source: sections 2.1 and 2.2.
    """
    header, address = WHOLE[name]
    assert parse(header) == Parsed(address, len(header))
    assert parse(header + b"NICK camille\r\n") == Parsed(address, len(header))


@pytest.mark.parametrize("name", WHOLE)
def test_every_beginning_of_a_header_needs_more(name: str) -> None:
    """
    While a header is not whole, no byte after it has been seen: the caller may take
    what it looked at. Source: section 2.2, "must not start to parse an address before
    the whole address block is received".
    """
    header, _ = WHOLE[name]
    assert {parse(header[:size]) for size in range(len(header))} == {NEED_MORE}


BROKEN = {
    "a TLS client": bytes.fromhex("1603010200010001fc0303"),
    "an IRC client": b"NICK camille\r\n",
    "a word that begins alike": b"PROXIMA",
    "lower case": b"proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
    "another protocol": b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
    "two spaces": b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n",
    "a field missing": b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
    "a field too many": b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
    "IPv6 in TCP4": b"PROXY TCP4 ::1 ::1 1 2\r\n",
    "IPv4 in TCP6": b"PROXY TCP6 192.0.2.7 192.0.2.7 1 2\r\n",
    "a number over 255": b"PROXY TCP4 256.0.2.7 198.51.100.1 1 2\r\n",
    "a leading zero in an address": b"PROXY TCP4 192.0.02.7 198.51.100.1 1 2\r\n",
    "a leading zero in a port": b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
    "a port over 65535": b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n",
    "a scope": b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
    "a name": b"PROXY TCP4 localhost localhost 1 2\r\n",
    "a bare LF": b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n" + bytes(V1_BYTES_MAX),
    "no end": b"PROXY UNKNOWN " + b"x" * V1_BYTES_MAX,
    "an end one byte too late": b"PROXY UNKNOWN".ljust(V1_BYTES_MAX - 1, b" ") + b"\r\n",
    "version 1 in a binary header": V2_SIGNATURE + b"\x11\x11\x00\x00",
    "an unknown command": v2(2, 0x11, V4_BLOCK),
    "an unknown family": v2(1, 0x41, V4_BLOCK),
    "an unknown transport": v2(1, 0x13, V4_BLOCK),
    "too short for IPv4": v2(1, 0x11, V4_BLOCK[:11]),
    "too short for IPv6": v2(1, 0x21, V6_BLOCK[:35]),
    "too short for unix": v2(1, 0x31, bytes(215)),
    "one byte over the limit": v2(1, 0x11, bytes(V2_BYTES_MAX - 15)),
    "64 KiB": v2(1, 0x11, bytes(65535))[:16],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_a_header_is_malformed_and_not_repeated(name: str) -> None:
    """
    "Otherwise the protocol is not covered by this specification and the connection
    must be dropped" (section 2.2). The exception holds nothing of what was sent.
    """
    with pytest.raises(Malformed) as caught:
        parse(BROKEN[name])
    assert "192.0.2" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(
    st.binary(max_size=700)
    | st.binary(max_size=700).map(V2_SIGNATURE.__add__)
    | st.binary(max_size=120).map(b"PROXY ".__add__)
)
def test_any_bytes_are_parsed_wanted_or_refused_within_the_bound(data: bytes) -> None:
    """`NEED_MORE` ends: nobody can make the server hold more than the longest header."""
    try:
        outcome = parse(data)
    except Malformed:
        return
    if isinstance(outcome, Parsed):
        assert 0 < outcome.consumed <= min(len(data), V2_BYTES_MAX)
        assert parse(data[: outcome.consumed]) == outcome
    else:
        assert len(data) < V2_BYTES_MAX


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_both_versions_say_the_same_of_one_client(ip: object, port: int) -> None:
    """One client, one address, whichever version its proxy speaks."""
    line = f"PROXY TCP4 {ip} 192.0.2.1 {port} 6667\r\n".encode()
    packed = bytes(int(part) for part in str(ip).split("."))
    block = packed + bytes(4) + port.to_bytes(2) + bytes(2)
    first, second = parse(line), parse(v2(1, 0x11, block))
    assert isinstance(first, Parsed)
    assert isinstance(second, Parsed)
    assert first.address == second.address == Address(str(ip), port)


def test_an_address_does_not_show_itself() -> None:
    """Words stay out of logs: no `repr` holds an address. Source: STYLE, rule 6."""
    assert "192" not in repr(Parsed(Address("192.0.2.7", 56324), 46))
