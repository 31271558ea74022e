"""`parvis check`: name every mistake in a configuration."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, json_option, load_or_exit, write_json


@click.command("check")
@config_option
@json_option
def command(config_file: Path | None, as_json: bool) -> None:
    """Name every mistake in a configuration with its key, and start nothing.

    Ends with 0 if there is none, with 1 if there is one.
    """
    from parvis.app import share_files
    from parvis.app.config import cautions

    config = load_or_exit(config_file, as_json=as_json, to_stderr=False)
    for caution in cautions(config) + share_files.cautions(config.server.data_dir):
        if as_json:
            write_json({"event": "caution", "key": caution.key, "text": caution.text})
        else:
            click.echo(f"Caution: {caution}")
    if as_json:
        write_json({"event": "checked", "mistakes": 0})
        return
    places = ", ".join(f"{each.kind} on {_place(each.host, each.port)}" for each in config.listen)
    click.echo(f"The configuration is in order. It listens for {places}.")


def _place(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else f"{shown} at any free port"
