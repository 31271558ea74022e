"""Which language a page speaks to whoever asks for it. Source: RFC 9110, section 12.5.4; RFC 4647, section 3.4."""

from collections.abc import Sequence
from typing import Final

RANGES_MAX: Final = 32
"""Most language ranges read of one header; ours, above what any browser sends."""


def choose(asked: str | None, accept_language: str, spoken: Sequence[str]) -> str:
    """Choose one of the languages we speak.

    Args:
        asked: What the address says (`?lang=`); decides if we speak it.
        accept_language: The header, or nothing.
        spoken: Ours, the first being the one for everybody else.
    """
    if asked is not None and asked in spoken:
        return asked
    best, best_weight = spoken[0], 0.0
    for position, part in enumerate(accept_language.split(",")[:RANGES_MAX]):
        name, _, parameters = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        # Of two with the same weight the first named is meant, as browsers write them.
        weight = _weight(parameters) - position * 1e-6
        if language in spoken and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, digits = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(digits)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0
