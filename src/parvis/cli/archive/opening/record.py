"""`parvis archive opening record`: what custodians did, into the log."""

from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("record")
@config_option
@data_option
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def command(config_file: Path | None, data: Path | None, folder: Path, as_json: bool) -> None:
    """Take the proceedings of a session into the log: who granted, who refused, what was opened.

    The folder is the one that `parvis custodian open` worked in.
    """
    from parvis.archive.session import PROCEEDINGS_BYTES_MAX, MalformedSession, read_proceedings
    from parvis.store import opening_folder

    path = folder / opening_folder.PROCEEDINGS
    try:
        raw = opening_folder.read_file(path, PROCEEDINGS_BYTES_MAX)
        session = read_proceedings(raw).session
    except opening_folder.BadFolder as bad:
        end(str(bad), as_json=as_json)
    except MalformedSession as malformed:
        end(f"{path} holds no proceedings: {malformed}.", as_json=as_json)
    words = {"proceedings": b64encode(raw).decode()}
    done = done_or_exit(config_file, data, "opening.record", words, as_json=as_json)
    # Custodians may meet again over this folder if nothing was opened.
    with suppress(OSError):
        path.rename(folder / f"recorded-{session}.json")
    if as_json:
        write_json({"event": "recorded", **done})
        return
    click.echo(f"Recorded: {done['grants']} granted, {done['refusals']} refused.")
    if done["opened"] is None:
        click.echo(f"Nothing was opened: {done['why']}")
        return
    click.echo(
        f"{done['opened']['records']} records were opened and sealed to whoever asked. Nobody has read them yet."
    )
    click.echo(f"Next: parvis archive opening release {done['opening'][:8]} --out release.json")
