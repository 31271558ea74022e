"""`parvis archive opening show`: one opening as custodians will read it."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("show")
@config_option
@data_option
@click.argument("opening", metavar="ID")
@json_option
def command(config_file: Path | None, data: Path | None, opening: str, as_json: bool) -> None:
    """Show one opening: what is asked, how far it is, and the digests that the log has of it."""
    done = done_or_exit(config_file, data, "opening.show", {"opening": opening}, as_json=as_json)
    if as_json:
        write_json({"event": "opening", **done})
        return
    click.echo("\n".join(done["lines"]))
    click.echo(f"{'State:':<15}{done['state']}\n{'Digest:':<15}{done['digest']}")
    for name, value in (("Export:", done["export"]), ("Result:", done["result"])):
        if value:
            click.echo(f"{name:<15}{value}")
