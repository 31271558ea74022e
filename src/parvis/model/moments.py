"""Moments as people and programs read them, in UTC; for programs as ISO 8601 has them."""

from datetime import UTC, datetime
from typing import Final

_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def written(time_ms: int) -> str:
    """Write a moment, given in milliseconds since 1970."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime(_FORM)


def told(time_ms: int) -> str:
    """Write a moment for people, to the second."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def told_briefly(time_ms: int) -> str:
    """Write a moment for people, to the minute."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def read_moment(text: str) -> int:
    """Read a moment: a date, or a date and a time of day, in UTC unless it says otherwise; milliseconds since 1970.

    Raises:
        ValueError: It is none.
    """
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
