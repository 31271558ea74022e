"""The `Forwarded` header. Source: RFC 7239."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.net.address import Address, networks
from parvis.net.forwarded import HOPS_MAX, Malformed, client

PROXY = Address("10.0.0.1", 40000)
TRUSTED = networks(["10.0.0.0/8", "fd00::/8"])

READ = {
    "no header": ([], PROXY),
    "IPv4 (section 4)": (["for=192.0.2.60;proto=http;by=203.0.113.43"], Address("192.0.2.60", None)),
    "IPv6 with a port (section 6.1)": (['For="[2001:db8:cafe::17]:4711"'], Address("2001:db8:cafe::17", 4711)),
    "IPv6 without a port": (['for="[2001:db8:cafe::17]"'], Address("2001:db8:cafe::17", None)),
    "IPv4 with a port": (['for="192.0.2.60:4711"'], Address("192.0.2.60", 4711)),
    "escapes in a quoted string (section 4)": ([r'for="192.0.2.6\0:47\11"'], Address("192.0.2.60", 4711)),
    "an obfuscated port (section 6.2)": (['for="192.0.2.60:_gazonk"'], Address("192.0.2.60", None)),
    "any case of names (section 4)": (["FOR=192.0.2.60"], Address("192.0.2.60", None)),
    "several trusted hops": (["for=192.0.2.43, for=10.0.0.3, for=10.0.0.2"], Address("192.0.2.43", None)),
    "hops in several headers (section 7.1)": (["for=192.0.2.43", "for=10.0.0.2"], Address("192.0.2.43", None)),
    "an untrusted hop hides what is before it": (["for=192.0.2.1, for=192.0.2.2"], Address("192.0.2.2", None)),
    "a client that writes its own header": (["for=10.0.0.9", "for=192.0.2.2"], Address("192.0.2.2", None)),
    "only trusted hops": (["for=10.0.0.3, for=10.0.0.2"], Address("10.0.0.3", None)),
    "unknown (section 6.2)": (["for=unknown"], PROXY),
    "obfuscated (section 6.3)": (["for=_gazonk"], PROXY),
    "hidden before a trusted hop": (["for=_hidden, for=10.0.0.2"], Address("10.0.0.2", None)),
    "nothing said of the client": (["proto=https;by=_me"], PROXY),
    "empty elements (RFC 9110, section 5.6.1)": ([", for=192.0.2.60 ,,"], Address("192.0.2.60", None)),
    "a comma and a semicolon inside quotes": (['host="a,b;c";for=192.0.2.60'], Address("192.0.2.60", None)),
    "an IPv4 client written as IPv6": (['for="[::ffff:192.0.2.60]:1"'], Address("192.0.2.60", 1)),
}


@pytest.mark.parametrize("name", READ)
def test_the_client_is_the_nearest_hop_that_is_not_trusted(name: str) -> None:
    """
    Read from the right through trusted proxies only: what stands before the first
    untrusted hop is its own claim. Source: RFC 7239, sections 4 to 7.
    """
    values, expected = READ[name]
    assert client(values, PROXY, TRUSTED) == expected


@pytest.mark.parametrize("trusted", [(), networks(["10.0.0.2/32"])])
def test_the_word_of_a_peer_that_is_not_trusted_is_not_read(trusted: tuple[()]) -> None:
    """Anyone can write the header, even one that breaks its grammar (RFC 7239, section 8.1)."""
    assert client(["for=192.0.2.60"], PROXY, trusted) == PROXY
    assert client(['for="'], PROXY, trusted) == PROXY


BROKEN = [
    'for="192.0.2.60',
    "for=192.0.2.60 for=192.0.2.61",
    "for=192.0.2.60;for=192.0.2.61",
    "for==192.0.2.60",
    "for=",
    "for",
    "for = 192.0.2.60",
    "for=2001:db8::17",
    "for=192.0.2.60:4711",
    'for="2001:db8::17"',
    'for="[2001:db8::17"',
    'for="[192.0.2.60]"',
    'for="192.0.2.60:65536"',
    'for="192.0.2.60:"',
    "for=192.0.2.256",
    "for=192.0.02.6",
    "for=camille",
    'for="x, for="[2001:db8::17]:1"',
    'for=192.0.2.60, for="\x01"',
]


@pytest.mark.parametrize("value", BROKEN)
def test_a_header_that_cannot_be_read_is_refused(value: str) -> None:
    """
    It is not skipped: a client whose half of the header spoils the proxy's would pass
    for the proxy itself. The exception repeats nothing. Source: RFC 7239, section 8.1.
    """
    with pytest.raises(Malformed) as caught:
        client([value], PROXY, TRUSTED)
    assert "192.0.2" not in str(caught.value)


def test_hops_are_bounded() -> None:
    """No list of hops may cost more than reading `HOPS_MAX` of them."""
    hop = "for=10.0.0.2"
    assert client([", ".join([hop] * HOPS_MAX)], PROXY, TRUSTED) == Address("10.0.0.2", None)
    with pytest.raises(Malformed):
        client([", ".join([hop] * (HOPS_MAX + 1))], PROXY, TRUSTED)


@given(st.ip_addresses(), st.integers(0, 65535), st.text(alphabet='for=;,"\\ [].:019a_\t', max_size=60))
def test_what_the_client_wrote_first_never_passes_for_what_the_proxy_wrote(ip: object, port: int, before: str) -> None:
    """
    The proxy's own value, in a header of its own, decides whatever came before it:
    it is believed, or the request is refused.
    """
    said = f'for="[{ip}]:{port}"' if ":" in str(ip) else f'for="{ip}:{port}"'
    alone = client([said], PROXY, TRUSTED[:1])
    try:
        found = client([before, said], PROXY, TRUSTED[:1])
    except Malformed:
        return
    assert found == alone or alone.host.startswith("10.")
