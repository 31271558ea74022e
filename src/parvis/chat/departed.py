"""Who bore a pseudonym until a few minutes ago, for WHOWAS: in memory alone, cloaked, and forgotten in time.

Source: modern IRC, "WHOWAS".
"""

from collections import deque
from typing import Final

import msgspec

ENTRIES_MAX: Final = 4096
"""Most entries that are remembered, the oldest are forgotten first; ours, about 2 MB."""


class Entry(msgspec.Struct, frozen=True):
    """Somebody as they were when they gave up a pseudonym."""

    nick: str
    folded: str
    user: str
    host: str
    real_name: str
    at_ms: int

    def __repr__(self) -> str:
        """Give the moment alone: names and hosts stay out of logs."""
        return f"Entry({self.at_ms})"


class Departed:
    """The entries of the last minutes, the oldest first, and by pseudonym."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._entries: deque[Entry] = deque()
        self._by_nick: dict[str, deque[tuple[int, Entry]]] = {}
        self._count = 0
        """Entries ever: their order where two are of one millisecond."""

    def remember(self, entry: Entry) -> None:
        """Add the newest entry."""
        if len(self._entries) >= ENTRIES_MAX:
            self._forget_oldest()
        self._count += 1
        self._entries.append(entry)
        self._by_nick.setdefault(entry.folded, deque()).append((self._count, entry))

    def forget_before(self, moment_ms: int) -> None:
        """Forget what is older than a moment."""
        while self._entries and self._entries[0].at_ms < moment_ms:
            self._forget_oldest()

    def of(self, folded: str, count: int) -> list[tuple[int, Entry]]:
        """List the numbered entries of a pseudonym, the newest first; a count that is not positive means all."""
        found = list(reversed(self._by_nick.get(folded, ())))
        return found[:count] if count > 0 else found

    def _forget_oldest(self) -> None:
        entry = self._entries.popleft()
        same = self._by_nick[entry.folded]
        same.popleft()
        if not same:
            del self._by_nick[entry.folded]
