"""Logs for the operator: one line per event on standard error, for people on a terminal and JSON otherwise.

No line carries text, addresses, tokens or keys (STYLE, rule 6): those who log pass ids and counts.
"""

import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class Unfailing:
    """Standard error, for a log that may fail: a full disk is no reason to break what was about to be logged."""

    def __init__(self, file: TextIO) -> None:
        """Write to a file."""
        self._file = file

    def write(self, text: str) -> None:
        """Write what can be written."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError):
            self._file.flush()


def configure() -> None:
    """Set up logging for the process."""
    on_terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=True) if on_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
