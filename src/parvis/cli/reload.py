"""`parvis reload`: have the running server read its configuration and certificates again."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, json_option, load_or_exit, write_json

WAIT_S = 10.0
"""How long a server may take; it reads a few files."""


@click.command("reload")
@config_option
@data_option
@json_option
def command(config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Have the running server read its configuration and certificates again; nobody is disconnected.

    The configuration is checked first: with a mistake in it nothing is told to the server. Ends with 0 once the server
    has taken it, with 1 if it has not or none runs.
    """
    config = load_or_exit(config_file, as_json=as_json, to_stderr=False)
    from parvis.app.running import NotReloaded, reload

    try:
        reload(data or config.server.data_dir, WAIT_S)
    except NotReloaded as fault:
        if as_json:
            write_json({"event": "not-reloaded", "text": str(fault)})
        else:
            click.echo(str(fault), err=True)
        raise SystemExit(1) from None
    if as_json:
        write_json({"event": "reloaded"})
    else:
        click.echo("The server has read its configuration and certificates again.")
