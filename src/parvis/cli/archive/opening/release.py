"""`parvis archive opening release`: log the reading, and give the server's half of the key."""

import sys
from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("release")
@config_option
@data_option
@click.argument("opening", metavar="ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the server's half goes. Without it, standard output.",
)
@json_option
def command(config_file: Path | None, data: Path | None, opening: str, out: Path | None, as_json: bool) -> None:
    """Log that the result is read, and only then give the server's half of its key.

    With it and their own key, whoever asked opens the result. Each release stands in the log.
    """
    if out is not None and out.exists():
        end(f"{out} is there already. Choose another name.", as_json=as_json)
    done = done_or_exit(config_file, data, "opening.release", {"opening": opening}, as_json=as_json)
    from parvis.store import opening_folder

    if out is None:
        write_json({"event": "released", **done}, sys.stdout)
        return
    import msgspec

    try:
        opening_folder.write_file(out, msgspec.json.encode(done) + b"\n")
    except opening_folder.BadFolder as bad:
        end(str(bad), as_json=as_json)
    if as_json:
        write_json({"event": "released", "opening": done["opening"], "file": str(out)})
    else:
        click.echo(f"The reading is in the log. Give {out} to whoever asked, with {opening_folder.RESULT}.")
