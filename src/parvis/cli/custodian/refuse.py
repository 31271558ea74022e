"""`parvis custodian refuse`: a custodian's no."""

from pathlib import Path

import click

from parvis.cli.configuration import end, json_option, write_json


@click.command("refuse")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True))
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the log.")
@click.option(
    "--share", type=click.IntRange(1, 16), metavar="NUMBER", help="Which share is yours; its words stay with you."
)
@json_option
def command(folder: Path, reason: str, share: int | None, as_json: bool) -> None:
    """Refuse an opening. The reason goes into the log; no share is needed."""
    from parvis.app.opening_voices import NotGiven, asked_in, refuse

    try:
        asked = asked_in(folder)
        path = refuse(folder, asked, reason, share)
    except NotGiven as fault:
        end(str(fault), as_json=as_json)
    if as_json:
        write_json({"event": "refused", "file": str(path), "fingerprint": asked.fingerprint})
    else:
        click.echo(f"Refused, in {path}. The program that waits takes it into the proceedings.")
