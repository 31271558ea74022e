"""People who talk without end, and holding what they saw against what is kept."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress
from typing import Final

from parvis.archive.reading import OpenedRecord

PEOPLE: Final = 6
ROOMS: Final = ("#quai", "#cour", "#accueil")


class Chatter:
    """Somebody who talks without end, and remembers every line that came."""

    def __init__(self, number: int, chance: random.Random, serial: int) -> None:
        """Choose who they are; every second one asks for echoes, every third for tags."""
        self._chance = chance
        self._serial = serial
        self._number = number
        self.nick = f"p{number}"
        self.lines: list[str] = []
        self._capabilities = ["echo-message"] * (number % 2) + ["message-tags", "server-time"] * (number % 3 == 0)

    async def live(self, port: int) -> None:
        """Connect, talk and listen until the connection ends."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        talking = asyncio.create_task(self._talk(writer))
        try:
            with suppress(ConnectionError):
                while data := await reader.readline():
                    # A line without its end was not seen whole by anybody.
                    if data.endswith(b"\r\n"):
                        self.lines.append(data[:-2].decode())
        finally:
            talking.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await talking
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _talk(self, writer: asyncio.StreamWriter) -> None:
        if self._capabilities:
            writer.write(f"CAP REQ :{' '.join(self._capabilities)}\r\nCAP END\r\n".encode())
        writer.write(f"NICK {self.nick}\r\nUSER {self.nick} 0 * :{self.nick}\r\n".encode())
        writer.write(f"JOIN {','.join(ROOMS)}\r\n".encode())
        said = 0
        while True:
            for _ in range(self._chance.randrange(1, 6)):
                said += 1
                writer.write(f"{self._act(f'{self._serial}.{self._number}.{said}')}\r\n".encode())
            await writer.drain()
            await asyncio.sleep(self._chance.uniform(0.001, 0.012))

    def _act(self, word: str) -> str:
        chance = self._chance
        roll = chance.random()
        if roll < 0.55:
            return f"PRIVMSG {chance.choice(ROOMS)} :{word} {'é' * chance.randrange(120)}"
        if roll < 0.8:
            # Not to oneself: with echo-message that is seen twice.
            other = (self._number + chance.randrange(1, PEOPLE)) % PEOPLE
            return f"{chance.choice(('PRIVMSG', 'NOTICE'))} p{other} :{word}"
        if roll < 0.85:
            return f"TOPIC #quai :{word}"
        if roll < 0.9:
            self.nick = f"p{self._number}" if "_" in self.nick else f"p{self._number}_{chance.randrange(99)}"
            return f"NICK {self.nick}"
        return f"{chance.choice(('JOIN', 'PART'))} {chance.choice(('#porte', '#jardin'))}"


def without_tags(line: str) -> str:
    """Give a line as it is kept: the server's tags are not."""
    return line.partition(" ")[2] if line.startswith("@") else line


def checked(seen: list[str], records: list[OpenedRecord]) -> int:
    """Hold what somebody saw against what is kept; give the number of lines held.

    Each line must be a record, byte for byte, and the lines of a conversation must stand in its order: what was seen
    twice would need to be kept twice.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        if not record.undelivered:
            places[record.line.decode()].append(place)
    last: dict[bytes, int] = {}
    held = 0
    for line in map(without_tags, seen):
        words = line.split(" ")
        if "!" in words[0] and words[0].startswith(":"):
            kept = line
        elif words[1] == "001":
            # Being welcomed is seen by the one who entered.
            kept = f":{words[-1]} USER {words[-1].partition('!')[2].partition('@')[0]} 0 * :{words[2]}"
        else:
            continue
        at = [place for place in places[kept] if place > last.get(records[place].header.conversation, -1)]
        assert at, f"seen and not kept, or out of order: {kept}"
        last[records[at[0]].header.conversation] = at[0]
        held += 1
    return held
