"""Where reports go: a case for each, worked by people."""

from typing import Protocol

from parvis.model.reports import Receipt, Report


class CaseDesk(Protocol):
    """Opens cases.

    Concurrency: called in a thread of `Outside.work`; blocks until durable.
    Durability: when `receive` has returned, report and evidence are sealed in a case and the audit tells of it.
    Failure: raises `ArchiveError`; then nothing was received.
    """

    def receive(self, report: Report) -> Receipt:
        """Open a case for a report, or merge it with the open case about the same."""
