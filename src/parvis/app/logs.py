"""Logs for the operator: one line per event on standard error, for people on a terminal and JSON otherwise.

No line carries text, addresses, tokens or keys (STYLE, rule 6): those who log pass ids and counts, and of an exception
only its kind and its way are shown, since its words may be somebody's.
"""

import asyncio
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

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
            _show_the_way,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def tell_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what the event loop could not give to anybody: its kind and its way, not its words."""
    log = structlog.get_logger()
    log.error("fault on the event loop", exc_info=context.get("exception"))


def _show_the_way(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put an exception's kind and the lines it came through in place of the exception."""
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException):
        event["fault"] = type(error).__name__
        event["way"] = [
            f"{step.filename}:{step.lineno} {step.name}" for step in traceback.extract_tb(error.__traceback__)
        ]
    return event
