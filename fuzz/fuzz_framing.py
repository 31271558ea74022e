"""However a stream is cut, its lines are the same, and what waits for its end is bounded."""

import random
import zlib

from mutation import run
from parvis.irc.framing import TOO_LONG, split_lines
from parvis.irc.limits import LINE_BYTES_MAX

CORPUS = [
    b"NICK a\r\nUSER a 0 * :b\r\nPING x\n\n\r\n",
    b"\0abc\r\n\0\r\n\r\r\n",
    b"x" * (LINE_BYTES_MAX - 1) + b"\r\nPING\r\n",
    b"x" * LINE_BYTES_MAX + b"\nPING\n",
    b"x" * (LINE_BYTES_MAX * 2) + b"\nPING\r\n",
    b"a\n" * 300,
]


def target(data: bytes) -> None:
    whole = split_lines(b"", data)
    # The cuts follow from the data, so that a finding can be had again from it alone.
    chance = random.Random(zlib.crc32(data))
    for size in (23, 512, 5000):
        lines: list[bytes] = []
        unread = b""
        start = 0
        while start < len(data):
            end = start + chance.randint(1, size)
            found, unread = split_lines(unread, data[start:end])
            assert len(unread) <= LINE_BYTES_MAX
            lines += found
            start = end
        assert (lines, unread) == whole
    assert all(line == TOO_LONG or (line and b"\n" not in line) for line in whole[0])


if __name__ == "__main__":
    run("framing", CORPUS, target)
