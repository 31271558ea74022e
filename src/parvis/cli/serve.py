"""`parvis serve`: start the server."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, json_option, load_or_exit


@click.command("serve")
@config_option
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)
@json_option
def command(config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Start the server and stay until it is told to stop.

    Without a file it makes its data folder and its keys, opens the default rooms on loopback and prints the address
    to open. SIGTERM and Ctrl-C end it: everyone is told, and what is under way is sealed and delivered first.
    """
    config = load_or_exit(config_file, as_json=as_json, to_stderr=True)
    if data is not None:
        import msgspec

        server = msgspec.structs.replace(config.server, data_dir=data)
        config = msgspec.structs.replace(config, server=server)
    from parvis.app.serve import run

    raise SystemExit(run(config))
