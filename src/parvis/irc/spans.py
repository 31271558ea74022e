"""Lengths of time as people write them: a whole number and its unit, as in "90s", "15m", "2h", "7d", "2w"."""

import re
from typing import Final

SPAN_S_MAX: Final = 999_999_999
"""Longest that is read; ours."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_SHAPE: Final = r"([0-9]{1,9})([smhdw])"


def read_span(text: str) -> int | None:
    """Read a length of time in seconds; None when it is of another form or too long."""
    found = re.fullmatch(_SHAPE, text)
    if found is None:
        return None
    seconds = int(found[1]) * _UNITS[found[2]]
    return seconds if seconds <= SPAN_S_MAX else None


def write_span(seconds: int) -> str:
    """Write a length of time in the longest unit but weeks that fits it whole."""
    for unit in ("d", "h", "m"):
        if seconds and not seconds % _UNITS[unit]:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
