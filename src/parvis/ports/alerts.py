"""Whoever is on duty, and how they are told that somebody needs them."""

from enum import StrEnum
from typing import Protocol


class AlertKind(StrEnum):
    """Why somebody is needed; all that an alert says beside a number and an age."""

    REPORT = "report"
    URGENT = "urgent"
    """Child safety, or a threat to life: repeated, and passed on after five minutes."""
    APPEAL = "appeal"
    TEST = "test"


class Alerts(Protocol):
    """Tells the persons on duty.

    Concurrency: any thread; never blocks, what is sent goes out in a thread of its own.
    Durability: what was raised and not taken is raised again after a restart.
    Failure: an alert that cannot be sent is logged by its kind, repeated, and shown by `/readyz` and `parvis doctor`.
    """

    def raise_(self, kind: AlertKind, number: str, opened_ms: int) -> None:
        """Have those on duty told of a case; urgent ones until it is taken."""

    def taken(self, number: str) -> None:
        """Somebody works the case: stop telling."""

    def is_watched(self, now_ms: int) -> bool:
        """Tell whether anybody is on duty at a moment."""
