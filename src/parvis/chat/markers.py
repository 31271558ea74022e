"""How far each person has read, by target; shared by all their devices and nobody else.

An account's markers are kept over a restart; a guest's are in memory, as many guests as fit.
Source: IRCv3 draft/read-marker.
"""

from typing import Final

from parvis.model.ids import IdentityId

TARGETS_KEPT: Final = 256
"""Most markers of one person: the one set longest ago goes first; ours."""
GUESTS_KEPT: Final = 4096
"""Most guests whose markers are remembered; ours."""


class Markers:
    """The markers of everybody, in milliseconds since 1970."""

    def __init__(self) -> None:
        """Begin with none."""
        self._of: dict[IdentityId, dict[str, int]] = {}
        self._guests: dict[IdentityId, None] = {}

    def get(self, identity: IdentityId, folded: str) -> int | None:
        """Give how far somebody has read."""
        return self._of.get(identity, {}).get(folded)

    def set(self, identity: IdentityId, folded: str, time_ms: int, *, is_guest: bool) -> None:
        """Note how far somebody has read."""
        if is_guest and identity not in self._guests:
            if len(self._guests) >= GUESTS_KEPT:
                oldest = next(iter(self._guests))
                del self._guests[oldest]
                self._of.pop(oldest, None)
            self._guests[identity] = None
        markers = self._of.setdefault(identity, {})
        markers.pop(folded, None)
        if len(markers) >= TARGETS_KEPT:
            del markers[next(iter(markers))]
        markers[folded] = time_ms

    def all_of(self, identity: IdentityId) -> dict[str, int]:
        """Give every marker of somebody."""
        return dict(self._of.get(identity, {}))

    def restore(self, identity: IdentityId, read_ms: dict[str, int]) -> None:
        """Take back what was kept over a restart."""
        self._of[identity] = dict(read_ms)

    def forget(self, identity: IdentityId) -> None:
        """Drop every marker of somebody."""
        self._of.pop(identity, None)
        self._guests.pop(identity, None)
