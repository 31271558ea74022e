"""No bytes make the PROXY header parser do anything but parse, want a bounded number of bytes more, or refuse."""

from mutation import run
from parvis.net.proxy_header import HEADER_BYTES_MAX, V2_SIGNATURE, Malformed, Parsed, parse

CORPUS = [
    b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nNICK camille\r\n",
    b"PROXY TCP6 2001:db8::7 ::1 56324 443\r\n",
    b"PROXY UNKNOWN\r\n",
    V2_SIGNATURE + b"\x21\x11\x00\x0c" + bytes(12) + b"NICK camille\r\n",
    V2_SIGNATURE + b"\x21\x21\x00\x2b" + bytes(43),
    V2_SIGNATURE + b"\x20\x00\x00\x00",
    V2_SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216),
]


def target(data: bytes) -> None:
    try:
        outcome = parse(data)
    except Malformed:
        return
    if isinstance(outcome, Parsed):
        assert 0 < outcome.consumed <= min(len(data), HEADER_BYTES_MAX)
        assert parse(data[: outcome.consumed]) == outcome
    else:
        assert len(data) < HEADER_BYTES_MAX


if __name__ == "__main__":
    run("proxy_header", CORPUS, target)
