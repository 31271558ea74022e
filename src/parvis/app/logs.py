"""Logs for the operator: one line per event on standard error, for people on a terminal and JSON otherwise.

No line carries text, addresses, tokens or keys (STYLE, rule 6): those who log pass ids and counts.
"""

import sys

import structlog


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
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
