"""Which names are the same name. CASEMAPPING=ascii: only A to Z fold (modern IRC, "CASEMAPPING")."""

from typing import Final

_FOLD: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold(name: str) -> str:
    """Give the form under which a name of a person or a room is looked up."""
    if name.isascii():
        return name.lower()
    return name.translate(_FOLD)
