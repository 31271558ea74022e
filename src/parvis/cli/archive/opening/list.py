"""`parvis archive opening list`: what has not ended."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("list")
@config_option
@data_option
@json_option
def command(config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """List the openings that have not ended, the oldest first. Those that have stand in the log."""
    openings = done_or_exit(config_file, data, "opening.list", {}, as_json=as_json)["openings"]
    if as_json:
        for each in openings:
            write_json({"event": "opening", **each})
        return
    from parvis.model.moments import told

    for each in openings:
        click.echo(f"{each['opening'][:8]}  {each['state']:<8}  ends {told(each['ends_ms'])}  {each['reference']}")
    if not openings:
        click.echo("No opening is under way.")
