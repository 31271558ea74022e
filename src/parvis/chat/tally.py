"""How often something happened lately, by whom: wrong passwords, registered accounts. Bounded, and in memory alone."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

KEYS_MAX: Final = 16_384
"""Most that are counted apart; those that have been quiet longest are forgotten first. Ours."""

K = TypeVar("K", bound=Hashable)


class Tally(Generic[K]):
    """Counts by key. What was counted is forgotten when nothing was added for the length of the window.

    The empty key stands for whoever is not counted: who is exempt from limits per address has no address.
    """

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._counts: dict[K, tuple[int, float]] = {}

    def count(self, key: K, now_s: float, window_s: float) -> int:
        """Give the count of a key; times by the steady clock."""
        count, last_s = self._counts.get(key, (0, 0.0))
        return count if now_s - last_s < window_s else 0

    def add(self, key: K, now_s: float, window_s: float) -> None:
        """Count one more. It is counted before something is tried, so that many at once do not get many tries."""
        if not key:
            return
        count = self.count(key, now_s, window_s)
        self._counts.pop(key, None)
        if len(self._counts) >= KEYS_MAX:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = (count + 1, now_s)

    def take_back(self, key: K) -> None:
        """Count one less: what was tried went well. The others stay, so that a success of one's own resets nothing."""
        count, last_s = self._counts.get(key, (0, 0.0))
        if count > 1:
            self._counts[key] = (count - 1, last_s)
        else:
            self._counts.pop(key, None)

    def forget(self, key: K) -> None:
        """Count nothing of a key any more."""
        self._counts.pop(key, None)

    def __len__(self) -> int:
        """Count the keys that are remembered."""
        return len(self._counts)
