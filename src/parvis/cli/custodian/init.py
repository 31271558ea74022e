"""`parvis custodian init`: make a key for several custodians, in place of the first one."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, utc
from parvis.cli.custodian.options import configured, keys_or_exit, out_option, split_of


@click.command("init")
@config_option
@data_option
@click.option("--shares", type=int, default=5, show_default=True, help="How many shares the key is split into.")
@click.option("--threshold", type=int, default=3, show_default=True, help="How many of them open the archive.")
@out_option
@json_option
def command(
    config_file: Path | None, data: Path | None, shares: int, threshold: int, out: Path | None, as_json: bool
) -> None:
    """Make a key, hand its shares over once, and have the archive sealed to it.

    This program makes the key; the server, running or not, gets the public half alone. On a terminal each share is
    shown to its custodian; otherwise, and with --out or --json, each is written into a private file.

    It replaces the key with one share that every archive begins with. Any other is replaced by `rotate`.
    """
    config = configured(config_file, data, as_json=as_json)
    keys = keys_or_exit(config.server.data_dir, as_json=as_json)
    if len(keys) > 1 or (keys and keys[-1].shares > 1):
        end(
            f"A key is in use since {utc(keys[-1].since_ms)}: {split_of(keys[-1])}. "
            "To go over to a new one: parvis custodian rotate.",
            as_json=as_json,
        )
    from parvis.cli.custodian.ceremony import go_over

    go_over(config, keys[-1] if keys else None, shares, threshold, out, as_json=as_json)
