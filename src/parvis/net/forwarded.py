"""The `Forwarded` header: whom a chain of HTTP proxies says it speaks for.

Anyone can write this header, so it is read from the right, where the proxy next to us wrote, and only as far
as the hops are trusted. A header that cannot be read is refused rather than skipped: whoever could make it
unreadable could hide behind the proxy's own address.

Source: RFC 7239, sections 4, 6 and 7.4.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from parvis.net.address import Address, Network, from_ip, is_within

HOPS_MAX: Final = 32
"""Most hops read, in all values together; ours, far above any chain of proxies seen."""

_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED: Final = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_PAIR: Final = re.compile(rf"({_WORD})=({_WORD}|{_QUOTED})")
_SPACE: Final = re.compile(r"[ \t]*")
_NODE: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<v4>[0-9.]{7,15})|(?P<hidden>unknown|_[0-9A-Za-z._-]+))"
    r"(?::(?:(?P<port>[0-9]{1,5})|_[0-9A-Za-z._-]+))?",
    re.IGNORECASE,
)


class Malformed(Exception):
    """A `Forwarded` header breaks the grammar of RFC 7239. The text carries nothing of it."""


def client(values: Sequence[str], peer: Address, trusted: Sequence[Network]) -> Address:
    """Find the nearest hop that is not a trusted proxy.

    Args:
        values: The values of all `Forwarded` headers of one request, in the order they arrived.
        peer: Who opened the connection, known from the socket or a PROXY header.
        trusted: The networks whose word is taken.

    Returns:
        That hop. A trusted proxy that hides whom it speaks for (`unknown`, an obfuscated name, no `for`) is
        itself the last address known, and is the answer.

    Raises:
        Malformed: A trusted peer sent a header that cannot be read.
    """
    if not values or not is_within(peer.host, trusted):
        return peer
    hops = [hop for value in values for hop in _hops(value)]
    if len(hops) > HOPS_MAX:
        raise Malformed(f"Forwarded has {len(hops)} hops, limit is {HOPS_MAX}")
    known = peer
    for hop in reversed(hops):
        node = _node(hop)
        if node is None:
            return known
        known = node
        if not is_within(known.host, trusted):
            return known
    return known


def _hops(value: str) -> Iterable[str | None]:
    """Give what `for` says in each element of one header value, None where it is missing."""
    at = _after_space(value, 0)
    while True:
        said: str | None = None
        names = set()
        while pair := _PAIR.match(value, at):
            name = pair[1].lower()
            if name in names:
                raise Malformed("Forwarded repeats a parameter within one element")
            names.add(name)
            if name == "for":
                said = _unquoted(pair[2])
            at = _after_space(value, pair.end())
            if value[at : at + 1] != ";":
                break
            at = _after_space(value, at + 1)
        if names:
            yield said
        if at == len(value):
            return
        # RFC 9110, section 5.6.1: a recipient takes empty elements of a list.
        if value[at] != ",":
            raise Malformed("Forwarded breaks its grammar")
        at = _after_space(value, at + 1)


def _after_space(value: str, at: int) -> int:
    space = _SPACE.match(value, at)
    return space.end() if space else at


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _node(said: str | None) -> Address | None:
    """Read one node of section 6; None where it hides the address."""
    if said is None:
        return None
    node = _NODE.fullmatch(said)
    if node is None:
        raise Malformed("Forwarded names no valid node")
    if node["hidden"]:
        return None
    port = int(node["port"]) if node["port"] else None
    if port is not None and port > 65535:
        raise Malformed("Forwarded names no valid port")
    try:
        return from_ip(IPv6Address(node["v6"]) if node["v6"] else IPv4Address(node["v4"]), port)
    except ValueError:
        raise Malformed("Forwarded names no valid address") from None
