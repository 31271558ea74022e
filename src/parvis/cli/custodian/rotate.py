"""`parvis custodian rotate`: go over to a new key."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option
from parvis.cli.custodian.options import configured, keys_or_exit, out_option


@click.command("rotate")
@config_option
@data_option
@click.option("--shares", type=int, help="How many shares the new key is split into.  [default: as many as now]")
@click.option("--threshold", type=int, help="How many of them open the archive.  [default: as many as now]")
@out_option
@json_option
def command(
    config_file: Path | None,
    data: Path | None,
    shares: int | None,
    threshold: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Go over to a new key, with new shares; what was sealed stays with the old one.

    Nothing is opened for that and nothing is lost: the old shares open what was sealed until now, the new ones what
    comes. Do it when a share is lost, when a custodian leaves, or when somebody else may have seen a share.
    """
    if shares is not None and threshold is None:
        raise click.UsageError("Say with --threshold how many of them open the archive.")
    config = configured(config_file, data, as_json=as_json)
    keys = keys_or_exit(config.server.data_dir, as_json=as_json)
    if not keys:
        end("There is no key yet. Make one: parvis custodian init.", as_json=as_json)
    from parvis.cli.custodian.ceremony import go_over

    in_use = keys[-1]
    shares = in_use.shares if shares is None else shares
    threshold = in_use.threshold if threshold is None else threshold
    go_over(config, in_use, shares, threshold, out, as_json=as_json)
