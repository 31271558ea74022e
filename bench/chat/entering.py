"""What entering costs our own code: `python -m bench.chat.entering`.

The chat core in this process, without a socket, over the archive's memory twin: many enter in one turn, as in a storm
of registrations, plain and with capabilities. It says how many microseconds of CPU one entrance takes, and with
`--profile` where they go. The kernel and the disk are not in it: `make -C bench registrations` measures the whole.
"""

import argparse
import cProfile
import gc
import pstats
import time
from datetime import UTC, datetime
from typing import Final

from tests.promises.harness import HeardClient, Square

from bench.chat.machine import facts
from bench.chat.rows import spread
from bench.chat.run import RESULTS
from bench.chat.servers import OUT, measured_commit

PEOPLE: Final = 2000
TURN_PEOPLE: Final = 50
"""How many arrive in one turn of the loop: about as many as one batch holds in a storm."""
ROUNDS: Final = 7
CAPS: Final = "message-tags server-time account-tag batch echo-message labeled-response"


class SilentClient(HeardClient):
    """A client that counts what it is sent instead of keeping it."""

    def send(self, data: bytes) -> None:
        """Drop the bytes."""


def enter_all(people: int, *, caps: bool) -> float:
    """Let people enter an empty square; give the seconds of CPU."""
    square = Square()
    clients = [SilentClient(square, "127.0.0.1") for _ in range(people)]
    lines = [[f"NICK b{number:05}".encode(), f"USER b{number:05} 0 * :ircload".encode()] for number in range(people)]
    first, second, third = [b"CAP LS 302"], [f"CAP REQ :{CAPS}".encode()], [b"CAP END"]
    intake, doors, clock = square.intake, square.doors, square.clock
    gc.collect()
    began = time.process_time()
    for start in range(0, people, TURN_PEOPLE):
        arriving = clients[start : start + TURN_PEOPLE]
        for number, client in enumerate(arriving, start=start):
            doors.opened(client)
            if caps:
                intake.receive(client, first)
            intake.receive(client, lines[number])
        clock.end_turn()
        if caps:
            for step in (second, third):
                for client in arriving:
                    intake.receive(client, step)
                clock.end_turn()
    taken = time.process_time() - began
    assert square.chat.people_count == people
    return taken


def main() -> None:
    """Measure, print, and append to the result of the day."""
    parser = argparse.ArgumentParser(description="Say what an entrance costs our own code.")
    parser.add_argument("--profile", action="store_true", help="print the functions that take longest; no result")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    if args.profile:
        profile = cProfile.Profile()
        profile.runcall(enter_all, PEOPLE, caps=True)
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        return
    plain: list[float] = []
    caps: list[float] = []
    for _ in range(args.rounds):
        plain.append(enter_all(PEOPLE, caps=False) / PEOPLE * 1e6)
        caps.append(enter_all(PEOPLE, caps=True) / PEOPLE * 1e6)
    now = datetime.now(UTC)
    text = "\n".join(
        [
            f"## {now:%Y-%m-%d %H:%M} UTC, commit {measured_commit()}: entering, in process",
            "",
            *(f"- {fact}" for fact in facts(OUT)),
            f"- {args.rounds} rounds of {PEOPLE} people",
            "",
            "| | µs of CPU an entrance | best |",
            "| --- | --- | --- |",
            f"| plain | {spread(plain, '.1f')} | {min(plain):.1f} |",
            f"| with capabilities | {spread(caps, '.1f')} | {min(caps):.1f} |",
            "",
            "",
        ]
    )
    print(text)
    with (RESULTS / f"entering-{now:%Y-%m-%d}.md").open("a") as file:
        file.write(text)


if __name__ == "__main__":
    main()
