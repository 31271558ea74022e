"""Moments as people and programs read them: ISO 8601 in UTC, to the second."""

from datetime import UTC, datetime
from typing import Final

_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def written(time_ms: int) -> str:
    """Write a moment, given in milliseconds since 1970."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime(_FORM)


def read_moment(text: str) -> int:
    """Read a moment: a date, or a date and a time of day, in UTC unless it says otherwise; milliseconds since 1970.

    Raises:
        ValueError: It is none.
    """
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
