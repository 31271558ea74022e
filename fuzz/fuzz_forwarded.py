"""No `Forwarded` header makes its reader do anything but name a hop or refuse."""

from ipaddress import ip_address

from mutation import run
from parvis.net.address import Address, networks
from parvis.net.forwarded import Malformed, client

PEER = Address("10.0.0.1", 1)
TRUSTED = networks(["10.0.0.0/8", "fd00::/8"])
CORPUS = [
    b"for=192.0.2.60;proto=http;by=203.0.113.43",
    b'For="[2001:db8:cafe::17]:4711"',
    b'for=192.0.2.43, for="[fd00::1]:_x", for=10.0.0.2',
    b'for=unknown, for=_hidden;host="a,b;\\"c"',
    b'for="192.0.2.6\\0:47"',
]


def target(data: bytes) -> None:
    values = data.decode("latin-1").split("\n")
    try:
        found = client(values, PEER, TRUSTED)
    except Malformed:
        return
    ip_address(found.host)
    assert found.port is None or 0 <= found.port <= 65535


if __name__ == "__main__":
    run("forwarded", CORPUS, target)
