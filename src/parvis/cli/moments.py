"""Moments and lengths of time, as people give them to verbs."""

from typing import Any

import click


class Moment(click.ParamType[int]):
    """A moment as ISO 8601 writes it, in UTC unless it says otherwise; given as milliseconds since 1970."""

    name = "MOMENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        from parvis.model.moments import read_moment

        if isinstance(value, int):
            return value
        try:
            return read_moment(str(value))
        except (ValueError, OverflowError):
            forms = "2026-11-24, 2026-11-24T10:30 (UTC) or 2026-11-24T11:30+01:00"
            self.fail(f"{value!r} is no moment like {forms}.", param, ctx)


class Length(click.ParamType[int]):
    """A length of time like 90s, 15m, 2h or 3d; given in seconds."""

    name = "LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        from parvis.irc.spans import read_span

        if isinstance(value, int):
            return value
        seconds = read_span(str(value))
        if not seconds:
            self.fail(f"{value!r} is no length of time like 90s, 15m, 2h or 3d.", param, ctx)
        return seconds
