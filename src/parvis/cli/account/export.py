"""`parvis account export`: a file of what is kept about an account."""

import os
from base64 import b64decode
from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, write_json
from parvis.cli.deed import done_or_exit


@click.command("export")
@click.argument("name")
@click.option(
    "--to", "path", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The zip to write; new."
)
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Of the page in it.")
@click.option(
    "--words",
    is_flag=True,
    help="With what was written, as far as the server can still read it. Needs a reason. Without it the file says when "
    "and where something was written: members get their words themselves (ACCOUNT EXPORT).",
)
@click.option("--reason", default="", help="Why; it is recorded in the audit.")
@config_option
@data_option
@json_option
def command(
    name: str,
    path: Path,
    language: str,
    words: bool,
    reason: str,
    config_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Write what is kept about the account NAME into a zip of JSON and a page. That you did is recorded."""
    asked = {"account": name, "language": language, "words": words, "reason": reason}
    if path.exists():
        end(f"{path} exists already. Choose another name.", as_json=as_json)
    done = done_or_exit(config_file, data, "account.export", asked, as_json=as_json)
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(b64decode(done["zip"]))
    except OSError as fault:
        end(f"{path} cannot be written: {fault.strerror}.", as_json=as_json)
    if as_json:
        write_json({"event": "exported", "account": done["account"], "to": str(path)})
    else:
        click.echo(f"What is kept about {done['account']} is in {path}. Give it to nobody else, and delete it then.")
