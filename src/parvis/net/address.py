"""Where a peer is: an address and a port, never shown by accident."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Address:
    """One end of a connection. Its `repr` says nothing, so that no log line or exception can carry it."""

    host: str = field(repr=False)
    """An IPv4 or IPv6 address in its canonical text; an IPv4 address mapped into IPv6 is written as IPv4."""
    port: int | None = field(repr=False)
    """The source port, or None where a proxy did not pass it on."""
    told: bool = field(default=True, repr=False, compare=False)
    """Whether it is the peer's own; false for that of a proxy which did not say whom it speaks for."""


def from_ip(ip: IPv4Address | IPv6Address, port: int | None) -> Address:
    """Name one IP address in one way only, so that a ban on it cannot be walked around."""
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return Address(str(mapped or ip), port)


def from_peername(peername: Any) -> Address:
    """Read what a socket says of its peer.

    Args:
        peername: `(host, port)`, `(host, port, flow, scope)`, or what a socket without addresses gives.

    Returns:
        The address; an empty host with no port where the socket has none (a unix socket, a peer already
        gone).
    """
    if not isinstance(peername, tuple) or len(peername) < 2:
        return Address("", None)
    host = _canonical(str(peername[0]))
    return Address(host, int(peername[1]) if host else None)


@lru_cache(maxsize=4096)
def _canonical(host: str) -> str:
    try:
        return from_ip(ip_address(host.partition("%")[0]), None).host
    except ValueError:
        return ""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read the networks of a configuration, such as `10.0.0.0/8` or `::1`.

    Raises:
        ValueError: One of them is not a network; the text names it.
    """
    return tuple(ip_network(text) for text in texts)


def is_within(host: str, trusted: Sequence[Network]) -> bool:
    """Say whether a host is in one of the networks; a host that is not an IP address is in none."""
    if not trusted or not host:
        return False
    try:
        ip = ip_address(host)
    except ValueError:
        return False
    return any(ip in network for network in trusted)


def is_here(host: str) -> bool:
    """Say whether a host, named as `from_ip` does, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
