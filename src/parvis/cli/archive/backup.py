"""`parvis archive backup`: copy the database, or the keys apart from it."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, load_or_exit, with_data, write_json

KEEP_DAYS_MAX = 30
"""Longest that copies of keys may be kept: for as long, what has ended can be brought back; ours."""


@click.command("backup")
@click.option(
    "--to", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder of the copies."
)
@click.option("--keys", is_flag=True, help="Copy the key store, and nothing else.")
@click.option(
    "--keep", metavar="SPAN", help="With --keys: remove older copies there; by default those of more than 7d."
)
@config_option
@data_option
@json_option
def command(to: Path, keys: bool, keep: str | None, config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Copy the database, or with --keys the key store, into a folder apart; the server may be running.

    A copy of the database opens nothing without the keys, and copies of the keys are kept for a short time: for so
    long, whoever has both reads what has ended since. Ends with 0 once the copy is whole and durable, else with 1.
    """
    import time

    from parvis.app.retention import schedule_of
    from parvis.irc.spans import read_span
    from parvis.ports.archive import ArchiveError
    from parvis.store.backups import back_up_database, back_up_keys

    if keep is not None and not keys:
        raise click.UsageError("--keep goes with --keys.")
    keep_s = None if keep is None else read_span(keep)
    if keep is not None and (keep_s is None or not 3600 <= keep_s <= KEEP_DAYS_MAX * 86_400):
        raise click.UsageError(f'--keep must be a length of time from "1h" to "{KEEP_DAYS_MAX}d".')
    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    data_dir, now_ms = config.server.data_dir, time.time_ns() // 1_000_000
    try:
        if keys:
            keep_ms = schedule_of(config).term_ms("key-backups") if keep_s is None else keep_s * 1000
            path, gone = back_up_keys(data_dir, to, now_ms, keep_ms)
        else:
            path, gone = back_up_database(data_dir, to, now_ms), 0
    except (ArchiveError, OSError) as fault:
        text = fault.strerror or "it failed" if isinstance(fault, OSError) else str(fault)
        end(f"Nothing was copied: {text}.", as_json=as_json)
    if as_json:
        write_json({"event": "copied", "path": str(path), "removed": gone})
        return
    click.echo(f"The {'key store' if keys else 'database'} was copied to {path}.")
    if gone:
        click.echo(f"{gone} older copies of the keys were removed.")
