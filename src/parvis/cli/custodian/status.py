"""`parvis custodian status`: which key is in use, and how it is split."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, utc, write_json
from parvis.cli.custodian.options import configured, keys_or_exit, split_of


@click.command("status")
@config_option
@data_option
@json_option
def command(config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Say which key is in use, and how it is split; the server may be running or not.

    With --json it writes one line per key, the one in use last: what `check-share --keys` reads on another machine.
    Nothing in it is secret. Ends with 1 if there is no key.
    """
    from parvis.app import share_files

    config = configured(config_file, data, as_json=as_json)
    keys = keys_or_exit(config.server.data_dir, as_json=as_json)
    if not keys:
        end(f"There is no archive in {config.server.data_dir} yet, and so no key.", as_json=as_json)
    lying = share_files.lying(config.server.data_dir)
    if as_json:
        from parvis.app.key_list import line_of

        for key in keys:
            click.echo(line_of(key))
        for path in lying:
            write_json({"event": "share-lies-here", "path": str(path)})
        return
    in_use = keys[-1]
    click.echo(f"The key {in_use.id.hex()} is in use since {utc(in_use.since_ms)}: {split_of(in_use)}.")
    if len(keys) > 1:
        click.echo("Earlier ones, whose shares open what was sealed to them:")
    for key, next_key in zip(reversed(keys[:-1]), reversed(keys[1:]), strict=True):
        click.echo(f"  {key.id.hex()}, {utc(key.since_ms)} to {utc(next_key.since_ms)}: {split_of(key)}.")
    for caution in share_files.cautions(config.server.data_dir):
        click.echo(f"Caution: {caution.text}")
