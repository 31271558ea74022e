"""`parvis serve`: start the server."""

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, json_option, load_or_exit

if TYPE_CHECKING:
    from parvis.app.config import Config


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
    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    # Looking for cycles while modules load takes a twentieth of a start; the server looks once it serves.
    gc.disable()
    from parvis.app.serve import run

    raise SystemExit(run(config, lambda: read_again(config_file, data)))


def with_data(config: "Config", data: Path | None) -> "Config":
    """Put the folder of `--data` in place of the configuration's."""
    if data is None:
        return config
    import msgspec

    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, data_dir=data))


def read_again(config_file: Path | None, data: Path | None) -> "Config":
    """Read the configuration anew, for a reload."""
    from parvis.app.config import load

    return with_data(load(config_file, os.environ), data)
