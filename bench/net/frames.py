"""What it costs to read and write WebSocket frames, and which way to unmask is the fastest.

Run: python bench/net/frames.py. The result of the day it was decided stands in bench/net/frames.md.
"""

import time
from collections.abc import Callable
from itertools import cycle
from statistics import median

from parvis.net.frames import TEXT, build_frame, split_frames, unmask

MASK = b"\x37\xfa\x21\x3d"
TABLES = {byte: bytes(value ^ byte for value in range(256)) for byte in MASK}


def per_byte(payload: bytes, mask: bytes) -> bytes:
    return bytes(value ^ key for value, key in zip(payload, cycle(mask), strict=False))


def translated(payload: bytes, mask: bytes) -> bytes:
    """Four strided slices through tables; the 256 tables of 256 bytes would be kept for the whole process."""
    out = bytearray(len(payload))
    for at in range(4):
        out[at::4] = payload[at::4].translate(TABLES[mask[at]])
    return bytes(out)


def masked(payload: bytes) -> bytes:
    head = build_frame(TEXT, payload)
    split = len(head) - len(payload)
    return bytes((head[0], head[1] | 0x80)) + head[2:split] + MASK + unmask(payload, MASK)


def microseconds(work: Callable[[], object], rounds: int) -> float:
    """Give the median of seven runs, per call."""
    runs = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(rounds):
            work()
        runs.append((time.perf_counter() - start) / rounds)
    return median(runs) * 1e6


def main() -> None:
    ways: dict[str, Callable[[bytes, bytes], bytes]] = {
        "one integer": unmask,
        "translate": translated,
        "byte by byte": per_byte,
    }
    try:
        from websockets.speedups import apply_mask

        ways["websockets.speedups (C, not a dependency)"] = apply_mask
    except ImportError:
        pass
    for size in (40, 120, 500, 4096):
        payload = (b"PRIVMSG #accueil :bonjour tout le monde " * 103)[:size]
        for name, way in ways.items():
            print(f"unmask {size:5} B  {name:42} {microseconds(lambda: way(payload, MASK), 4000):8.3f} us")  # noqa: B023
    for size, count in ((120, 1), (120, 16), (500, 1), (4096, 1)):
        buffer = masked((b"PRIVMSG #accueil :bonjour tout le monde " * 103)[:size]) * count
        each = microseconds(lambda: split_frames(buffer), 4000) / count  # noqa: B023
        print(f"split_frames {count:2} x {size:5} B {each:37.3f} us per frame")
    payload = b"x" * 500
    print(f"build_frame 500 B {microseconds(lambda: build_frame(TEXT, payload), 20000):49.3f} us")


if __name__ == "__main__":
    main()
