"""`parvis archive opening export`: what custodians open, into a folder."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("export")
@config_option
@data_option
@click.argument("opening", metavar="ID")
@json_option
def command(config_file: Path | None, data: Path | None, opening: str, as_json: bool) -> None:
    """Put together what was asked for, sealed to custodians, in a folder of the data folder.

    Carry the folder to the machine where it is opened: nothing in it can be read without the shares. The log has its
    digest before the folder has its name.
    """
    done = done_or_exit(config_file, data, "opening.export", {"opening": opening}, as_json=as_json)
    if as_json:
        write_json({"event": "exported", **done})
        return
    click.echo(f"{done['records']} records are in {done['folder']}, {done['vault_rows']} rows of the vault.")
    if done["closed"]:
        click.echo(f"{done['closed']} records that match are not: their term has ended, and nobody opens them.")
    if done["elsewhere"]:
        click.echo(
            f"{done['elsewhere']} records that match are not: they are sealed to another custodians' key. Ask for them "
            "with --custodian (parvis custodian status names the keys)."
        )
    click.echo(f"Its digest, as the log has it: {done['digest']}")
    click.echo(f"Next, where custodians meet: parvis custodian open {done['folder']} --digest {done['digest']}")
