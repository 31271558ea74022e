"""No words make WEBIRC do anything but name an address and a port, or nothing."""

from ipaddress import ip_address

from mutation import run
from parvis.irc.line import Malformed, parse_line
from parvis.irc.webirc import parse

CORPUS = [
    b"WEBIRC hunter2 gateway host.example 198.51.100.3",
    b"WEBIRC hunter2 gateway host.example 0::1 :secure local-port=6697 remote-port=21726",
    b"WEBIRC p g h 2001:db8::7 secure=1 remote-port=\\s1",
    b"WEBIRC p g h ::ffff:192.0.2.1 remote-port=65535",
    b"WEBIRC p g h fe80::1%eth0 :",
]


def target(data: bytes) -> None:
    try:
        line = parse_line(data)
    except Malformed:
        return
    if len(line.params) < 4:
        return
    stated = parse(line.params)
    if stated is None:
        return
    assert str(ip_address(stated.host)) == stated.host
    assert stated.port is None or 0 < stated.port < 65536


if __name__ == "__main__":
    run("webirc", CORPUS, target)
