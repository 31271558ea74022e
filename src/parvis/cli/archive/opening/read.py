"""`parvis archive opening read`: the result, in clear, for whoever asked."""

from pathlib import Path
from typing import IO

import click

from parvis.cli.configuration import end, json_option, write_json


@click.command("read")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The requester's private key, as `keygen` wrote it.",
)
@click.option(
    "--release", type=click.File("rb"), required=True, metavar="FILE", help="What `release` gave; - for standard input."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A new folder for what is read; without it, `result` beside the sealed one.",
)
@json_option
def command(folder: Path, key: Path, release: IO[bytes], out: Path | None, as_json: bool) -> None:
    """Open a result with the requester's key and what the server released, on the requester's machine.

    Needs no server. Writes records.jsonl, identification.jsonl and manifest.json.
    """
    from parvis.app.opening_reading import NotRead, read_result

    try:
        read = read_result(folder, key, release.read(65_536), out or folder / "result")
    except NotRead as fault:
        end(str(fault), as_json=as_json)
    if as_json:
        write_json({"event": "read", "folder": str(read.folder), **read.counts})
        return
    click.echo(f"{read.counts['records']} records and {read.counts['identification']} entries of the vault are in")
    click.echo(f"{read.folder}. manifest.json says what they are, and what could not be opened.")
