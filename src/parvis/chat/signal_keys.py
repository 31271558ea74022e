"""The keys under which networks are compared, by day: see `chat/signals.py`."""

import msgspec


class Signal(msgspec.Struct, frozen=True):
    """The signal of a network on a day."""

    day: int
    """Days since 1970."""
    value: bytes

    def __repr__(self) -> str:
        """Give the day alone."""
        return f"Signal({self.day})"


class Signals:
    """The keys of the last days, by day."""

    def __init__(self) -> None:
        """Begin with no key; one is made when a signal is first asked for on a day."""
        self.keys: dict[int, bytes] = {}

    def restore(self, day: int, key: bytes) -> None:
        """Know a key again that was kept over a restart."""
        self.keys[day] = key
