"""WEBIRC: what a gateway says of the client that it speaks for.

Source: IRCv3 webirc, "Format" and "Options".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from parvis.irc.tags import unescape


@dataclass(frozen=True, slots=True)
class Stated:
    """Whom a gateway speaks for. Its `repr` says nothing of where that is."""

    host: str = field(repr=False)
    """An address in its canonical text; an IPv4 address mapped into IPv6 is written as IPv4."""
    port: int | None = field(repr=False)
    """The port that the client has connected to the gateway from; None where it was not said."""
    is_secure: bool
    """Whether the client has TLS as far as the gateway."""


def parse(params: Sequence[str]) -> Stated | None:
    """Read the parameters of WEBIRC: password, gateway, hostname, address, options.

    The host name is not looked at: it is the gateway's word for what nobody here is shown.

    Returns:
        Whom the gateway speaks for; None when the address, or the port it gives, is none.
    """
    try:
        ip = ip_address(params[3])
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return None
        ip = ip.ipv4_mapped or ip
    port: int | None = None
    is_secure = False
    # Options are one parameter with spaces, or several: the colon before the first is easily forgotten.
    for option in " ".join(params[4:]).split():
        name, _, value = option.partition("=")
        if name == "secure":
            # Whatever it may be given as a value one day.
            is_secure = True
        elif name == "remote-port":
            port = _port(unescape(value))
            if port is None:
                return None
    return Stated(str(ip), port, is_secure)


def _port(digits: str) -> int | None:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5):
        return None
    port = int(digits)
    return port if 0 < port <= 65535 else None
