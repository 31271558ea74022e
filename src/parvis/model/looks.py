"""Names found by their look: which of the names in use look like one that is wanted.

Only names beyond ASCII are indexed: a wanted name in ASCII looks like one of those or like none, and a wanted name
beyond ASCII is also looked up as the few names in ASCII that it can be read as. So nobody with a name in ASCII costs
anything, and every look-up is a handful of dictionary look-ups. Two names beyond ASCII are alike when they share a
look; one in ASCII and one beyond it when the second can be read as the first.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from parvis.model.skeleton import looks, readings

T = TypeVar("T")


class Looks:
    """The looks of those of some names that are not in ASCII."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        """Begin with no name."""
        self._names: dict[str, tuple[str, ...]] = {}

    def __bool__(self) -> bool:
        """Tell whether any name in use is beyond ASCII."""
        return bool(self._names)

    def add(self, folded: str) -> None:
        """Note a name that is in use, in its folded form."""
        if not folded.isascii():
            for look in looks(folded):
                names = self._names.get(look, ())
                if folded not in names:
                    self._names[look] = (*names, folded)

    def drop(self, folded: str) -> None:
        """Forget a name."""
        if not folded.isascii():
            for look in looks(folded):
                left = tuple(name for name in self._names.get(look, ()) if name != folded)
                if left:
                    self._names[look] = left
                else:
                    self._names.pop(look, None)

    def alike(self, wanted: str, bearers: Mapping[str, T]) -> Iterator[T]:
        """Give who bears a name that looks like the wanted one, whoever bears the very name among them.

        Args:
            wanted: The name.
            bearers: By folded names: all of them, those in ASCII too.
        """
        if self._names:
            for look in looks(wanted):
                for folded in self._names.get(look, ()):
                    if folded in bearers and (not wanted.isascii() or _can_be_read_as(folded, wanted.lower())):
                        yield bearers[folded]
        if not wanted.isascii():
            for reading in readings(wanted) or ():
                if reading in bearers:
                    yield bearers[reading]


def _can_be_read_as(name: str, plain: str) -> bool:
    found = readings(name)
    return found is None or plain in found
