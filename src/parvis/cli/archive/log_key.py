"""`parvis archive log-key`: show or rotate the key that signs checkpoints."""

from pathlib import Path

import click

from parvis.cli.configuration import (
    archive_of,
    config_option,
    data_option,
    end,
    json_option,
    load_or_exit,
    utc,
    with_data,
    write_json,
)
from parvis.cli.deed import done_or_exit


@click.group("log-key", invoke_without_command=True)
@config_option
@data_option
@json_option
@click.pass_context
def command(context: click.Context, config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Show the keys that sign or signed checkpoints of the log, the newest last.

    What is shown is public: whoever keeps checkpoints elsewhere needs it. Ends with 1 where there is none.
    """
    if context.invoked_subcommand is not None:
        return
    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    from parvis.ports.archive import ArchiveError
    from parvis.store.keyfile import KEYFILE_NAME, KeyFile

    try:
        keys = KeyFile(archive_of(config, as_json=as_json) / KEYFILE_NAME).log_keys()
    except ArchiveError as fault:
        end(f"The keys cannot be read: {fault}.", as_json=as_json)
    if not keys:
        end("This archive has no log yet: it begins when the server starts.", as_json=as_json)
    for key in keys:
        if as_json:
            write_json(
                {
                    "event": "log-key",
                    "vkey": str(key.verifier),
                    "since_ms": key.since_ms,
                    "until_ms": key.until_ms or None,
                }
            )
            continue
        until = f", signs until {utc(key.until_ms)}" if key.until_ms else ""
        click.echo(f"{key.verifier}\n    since {utc(key.since_ms)}{until}")


@command.command("rotate")
@config_option
@data_option
@click.option("--why", default="", metavar="TEXT", help="The reason; it is recorded in the audit.")
@json_option
def rotate(config_file: Path | None, data: Path | None, why: str, as_json: bool) -> None:
    """Sign checkpoints with a new key. For a week they bear the signature of the one before as well.

    Publish the new key where the old one is published. The audit tells of it.
    """
    done = done_or_exit(config_file, data, "log-key.rotate", {"why": why}, as_json=as_json)
    if as_json:
        write_json({"event": "rotated", **done})
    else:
        click.echo(f"From the next checkpoint on the log is signed with\n{done['vkey']}\nPublish it.")
