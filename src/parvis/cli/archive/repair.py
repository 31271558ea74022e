"""`parvis archive repair`: save what is whole of a damaged archive into another folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, load_or_exit, with_data, write_json

if TYPE_CHECKING:
    from parvis.store.sqlite.repair import Repair

RANGES_SHOWN_MAX = 20
"""Most ranges of numbers that are shown to people; the report in the copy lists more."""


@click.command("repair")
@config_option
@data_option
@click.option(
    "--to",
    "copy",
    required=True,
    type=click.Path(path_type=Path),
    metavar="COPY",
    help="The new data folder; it must not be there yet.",
)
@json_option
def command(config_file: Path | None, data: Path | None, copy: Path, as_json: bool) -> None:
    """Save what is whole of a damaged archive into the folder COPY, and say what is missing.

    The server must be stopped. Nothing is written to the damaged folder; a report stands in COPY. Ends with 0 if
    nothing is missing, with 1 if something is or if it cannot be done.
    """
    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    import time

    import msgspec

    from parvis.app.handing_over import hand_over
    from parvis.ports.archive import ArchiveError
    from parvis.store.sqlite.repair import repair

    try:
        done = repair(config.server.data_dir, copy, clock=lambda: time.time_ns() // 1_000_000, make_custodian=hand_over)
    except ArchiveError as fault:
        end(f"Nothing was saved: {fault}.", as_json=as_json)
    if as_json:
        write_json({"event": "repaired", "is_whole": done.is_whole, **msgspec.to_builtins(done)})
    else:
        _tell(done, copy)
    raise SystemExit(0 if done.is_whole else 1)


def _tell(done: "Repair", copy: Path) -> None:
    """Say in words what was saved and what is missing."""
    from parvis.store.sqlite.repair import REPORT_NAME

    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.saved.items() if count)
    click.echo(f"Saved into {copy}: {counts}.")
    if done.is_whole:
        click.echo("Nothing is missing that can be told from here.")
    for lost in done.lost[:RANGES_SHOWN_MAX]:
        click.echo(f"Lost: record {lost}.")
    for lost in done.without_body[:RANGES_SHOWN_MAX]:
        click.echo(f"Lost but for its leaf: record {lost}.")
    if max(len(done.lost), len(done.without_body)) > RANGES_SHOWN_MAX:
        click.echo(f"There are more: see {copy / REPORT_NAME}.")
    if done.records_lost or done.bodies_lost:
        click.echo(f"In all {done.records_lost} records are lost, and of {done.bodies_lost} only the leaf is left.")
    if done.keys_lost:
        click.echo(f"Nobody can open {done.keys_lost} content keys any more: what lies under them is lost.")
    for name, count in done.rows_lost.items():
        click.echo(f"Damaged and left out: {count} rows of {name.replace('_', ' ')}.")
    if done.tables_by_page:
        names = ", ".join(name.replace("_", " ") for name in done.tables_by_page)
        click.echo(f"Read page by page, so that more may be missing than can be counted: {names}.")
    if done.unreadable_blocks:
        click.echo(f"The disk did not give {done.unreadable_blocks} blocks of 4096 bytes. Replace it.")
    click.echo(f"Check the copy with: parvis archive verify --data {copy}")
