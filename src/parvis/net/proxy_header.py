"""The PROXY protocol, versions 1 and 2: who is really at the other end, said by a proxy before the first
byte.

Rule 1: `parse` never needs a byte beyond the header, and while it answers `NEED_MORE` every byte it was given
belongs to the header. A caller may therefore look at what has arrived (MSG_PEEK), and take it in both cases.
Rule 2: no text of this module carries an address.

Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

import re
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from parvis.net.address import Address, from_ip

V1_BYTES_MAX: Final = 107
"""Longest version 1 line, CR LF included (section 2.1, "the worst case")."""

V2_BYTES_MAX: Final = 536
"""Longest version 2 header we take. Section 2.2: the block "is always smaller than an MSS"; the default MSS
of IPv4 is 536 bytes (RFC 9293, section 3.7.1)."""

HEADER_BYTES_MAX: Final = max(V1_BYTES_MAX, V2_BYTES_MAX)
"""Most bytes a caller has to look at to have one whole header."""

V1_SIGNATURE: Final = b"PROXY "
V2_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
V2_FIXED_BYTES: Final = 16
"""Signature, version and command, family, length."""

_LOCAL: Final = 0x0
_PROXY: Final = 0x1
_TCP4: Final = 0x11
_TCP6: Final = 0x21
_UNIX_ADDRESSES_BYTES: Final = 216
_ADDRESSES_BYTES: Final = {0x1: 12, 0x2: 36, 0x3: _UNIX_ADDRESSES_BYTES}
"""Bytes of the two addresses and ports of each family, which the length may exceed but not undercut."""

_V1_TCP: Final = re.compile(rb"TCP([46]) ([0-9A-Fa-f.:]{2,39}) ([0-9A-Fa-f.:]{2,39}) ([0-9]{1,5}) ([0-9]{1,5})")


class Malformed(Exception):
    """These bytes do not begin with a PROXY header; the connection is to be dropped."""


class NeedMore(Enum):
    """The header has begun well and is not whole."""

    NEED_MORE = "need more"


NEED_MORE: Final = NeedMore.NEED_MORE


@dataclass(frozen=True, slots=True)
class Parsed:
    """One whole header."""

    address: Address | None
    """The true peer, or None where the header names none that we can use (LOCAL, UNKNOWN, UNSPEC, unix
    sockets, datagrams): then the peer of the connection itself stands."""
    consumed: int
    """Bytes of the header; what follows them is the client's."""


def parse(data: bytes) -> Parsed | NeedMore:
    """Read a PROXY header of either version from the first bytes of a connection.

    Args:
        data: All that has arrived so far; what follows the header is not looked at.

    Raises:
        Malformed: No header can begin like this.
    """
    if data.startswith(V2_SIGNATURE):
        return _parse_v2(data)
    if data.startswith(V1_SIGNATURE):
        return _parse_v1(data)
    if V2_SIGNATURE.startswith(data) or V1_SIGNATURE.startswith(data):
        return NEED_MORE
    raise Malformed("no PROXY header")


def _parse_v1(data: bytes) -> Parsed | NeedMore:
    end = data.find(b"\r\n", 0, V1_BYTES_MAX)
    if end < 0:
        if len(data) >= V1_BYTES_MAX:
            raise Malformed(f"PROXY line has no end within {V1_BYTES_MAX} bytes")
        return NEED_MORE
    said = data[len(V1_SIGNATURE) : end]
    consumed = end + 2
    if said == b"UNKNOWN" or said.startswith(b"UNKNOWN "):
        # "The receiver must ignore anything presented before the CRLF."
        return Parsed(None, consumed)
    fields = _V1_TCP.fullmatch(said)
    if fields is None:
        raise Malformed("PROXY line breaks its grammar")
    version, source, destination, source_port, destination_port = fields.groups()
    kind = IPv4Address if version == b"4" else IPv6Address
    try:
        ip = kind(source.decode("ascii"))
        kind(destination.decode("ascii"))
    except ValueError:
        raise Malformed("PROXY line holds no valid address") from None
    port = _v1_port(source_port)
    _v1_port(destination_port)
    return Parsed(from_ip(ip, port), consumed)


def _v1_port(digits: bytes) -> int:
    port = int(digits)
    if port > 65535 or (len(digits) > 1 and digits.startswith(b"0")):
        raise Malformed("PROXY line holds no valid port")
    return port


def _parse_v2(data: bytes) -> Parsed | NeedMore:
    if len(data) < V2_FIXED_BYTES:
        return NEED_MORE
    version, command = divmod(data[12], 16)
    family, transport = divmod(data[13], 16)
    addresses_bytes = int.from_bytes(data[14:16])
    consumed = V2_FIXED_BYTES + addresses_bytes
    if version != 2 or command > _PROXY or family > 3 or transport > 2:
        raise Malformed("PROXY header has an unknown version, command, family or transport")
    if consumed > V2_BYTES_MAX:
        raise Malformed(f"PROXY header is {consumed} bytes, limit is {V2_BYTES_MAX}")
    if command == _PROXY and transport and addresses_bytes < _ADDRESSES_BYTES.get(family, 0):
        raise Malformed("PROXY header is too short for its addresses")
    if len(data) < consumed:
        return NEED_MORE
    if command == _LOCAL:
        return Parsed(None, consumed)
    # Type-length-value fields after the addresses are skipped, as section 2.2 permits.
    if data[13] == _TCP4:
        return Parsed(from_ip(IPv4Address(data[16:20]), int.from_bytes(data[24:26])), consumed)
    if data[13] == _TCP6:
        return Parsed(from_ip(IPv6Address(data[16:32]), int.from_bytes(data[48:50])), consumed)
    return Parsed(None, consumed)
