"""`parvis archive opening end`: nothing more is exported or released."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("end")
@config_option
@data_option
@click.argument("opening", metavar="ID")
@json_option
def command(config_file: Path | None, data: Path | None, opening: str, as_json: bool) -> None:
    """End an opening: what lies of it in the data folder is deleted, and its result can be released no more.

    Copies that were carried away, on sticks above all, are yours to delete: with the shares they can be opened.
    """
    done = done_or_exit(config_file, data, "opening.end", {"opening": opening}, as_json=as_json)
    if as_json:
        write_json({"event": "ended", **done})
    else:
        click.echo(f"The opening {done['opening'][:8]} has ended. Delete the copies that were carried away, too.")
