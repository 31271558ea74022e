"""What the verbs of openings share: how they ask the server, and how people write moments."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parvis.cli.custodian.options import configured, end

if TYPE_CHECKING:
    from parvis.app.office import Words


class Moment(click.ParamType[int]):
    """A moment as ISO 8601 writes it, in UTC unless it says otherwise; given as milliseconds since 1970."""

    name = "MOMENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        if isinstance(value, int):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
            return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no moment like 2026-11-24T10:30 (UTC) or 2026-11-24T11:30+01:00.", param, ctx)


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


def asked(config_file: Path | None, data: Path | None, deed: str, words: "Words", *, as_json: bool) -> "Words":
    """Ask the server, or who stands in for it; end with 1 if it is not done."""
    config = configured(config_file, data, as_json=as_json)
    from parvis.app.asking import ask
    from parvis.app.office import NotDone

    try:
        return ask(config, deed, words)
    except NotDone as refused:
        end(str(refused), as_json=as_json)
