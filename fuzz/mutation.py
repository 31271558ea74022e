"""Plain random mutation for the fuzz targets: a seed is printed, so that every finding can be had again."""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable, Sequence


def mutate(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Change one member of the corpus a little, or a lot."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((0, 1, 1, 2, 4, 16))):
        at = chance.randint(0, len(data))
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = bytes((chance.randrange(256),))
            case 1:
                data[at:at] = chance.randbytes(chance.randrange(8))
            case 2:
                del data[at : at + chance.randrange(1, 9)]
            case 3:
                data[at:at] = chance.choice(corpus)
            case 4:
                if at < len(data):
                    data[at] ^= 1 << chance.randrange(8)
            case _:
                end = min(len(data), at + chance.randrange(1, 20))
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
    return bytes(data)


def run(name: str, corpus: Sequence[bytes], target: Callable[[bytes], None]) -> None:
    """Give a target mutated inputs for a while; exit 1 with the input on the first exception it does not expect."""
    parser = argparse.ArgumentParser(description=f"Fuzz {name}.")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seed", type=int, default=None)
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"{name}: seed {seed}, {asked.seconds} s")
    chance = random.Random(seed)
    end = time.monotonic() + asked.seconds
    inputs = 0
    while time.monotonic() < end:
        data = mutate(chance, corpus)
        inputs += 1
        try:
            target(data)
        except Exception:  # noqa: BLE001 - any exception that the target lets through is the finding
            traceback.print_exc()
            print(f"{name}: failed on input {inputs} of seed {seed}: {data.hex()}")
            sys.exit(1)
    print(f"{name}: {inputs} inputs, nothing found")
