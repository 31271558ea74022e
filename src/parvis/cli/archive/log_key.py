"""`parvis archive log-key`: show or rotate the key that signs checkpoints."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from parvis.cli.configuration import config_option, json_option, load_or_exit, write_json


@click.group("log-key", invoke_without_command=True)
@config_option
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)
@json_option
@click.pass_context
def command(context: click.Context, config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Show the keys that sign or signed checkpoints of the log, the newest last.

    What is shown is public: whoever keeps checkpoints elsewhere needs it. Ends with 1 where there is none.
    """
    if context.invoked_subcommand is not None:
        return
    folder = data if data is not None else load_or_exit(config_file, as_json=as_json, to_stderr=True).server.data_dir
    from parvis.ports.archive import ArchiveError
    from parvis.store.keyfile import KEYFILE_NAME, KeyFile

    try:
        keys = KeyFile(folder / KEYFILE_NAME).log_keys()
    except ArchiveError as fault:
        _end(f"The keys cannot be read: {fault}.", as_json=as_json)
    if not keys:
        _end("This archive has no log yet: it begins when the server starts.", as_json=as_json)
    for key in keys:
        if as_json:
            write_json({"vkey": str(key.verifier), "since_ms": key.since_ms, "until_ms": key.until_ms or None})
            continue
        until = f", signs until {_day(key.until_ms)}" if key.until_ms else ""
        click.echo(f"{key.verifier}\n    since {_day(key.since_ms)}{until}")


@command.command("rotate")
@config_option
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)
@click.option("--why", default="", metavar="TEXT", help="The reason; it is recorded in the audit.")
@json_option
def rotate(config_file: Path | None, data: Path | None, why: str, as_json: bool) -> None:
    """Sign checkpoints with a new key. For a week they bear the signature of the one before as well.

    Publish the new key where the old one is published. The audit tells of it.
    """
    from msgspec.structs import replace

    from parvis.app.asking import ask
    from parvis.app.office import NotDone

    config = load_or_exit(config_file, as_json=as_json, to_stderr=True)
    if data is not None:
        config = replace(config, server=replace(config.server, data_dir=data))
    try:
        done = ask(config, "log-key.rotate", {"why": why})
    except NotDone as refused:
        _end(str(refused), as_json=as_json)
    if as_json:
        write_json({"event": "rotated", **done})
    else:
        click.echo(f"From the next checkpoint on the log is signed with\n{done['vkey']}\nPublish it.")


def _end(text: str, *, as_json: bool) -> NoReturn:
    if as_json:
        write_json({"event": "not-done", "text": text})
    else:
        click.echo(text, err=True)
    raise SystemExit(1)


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
