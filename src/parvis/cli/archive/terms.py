"""`parvis archive terms`: what is kept for how long, and ending what is due."""

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


@click.group("terms", invoke_without_command=True)
@config_option
@data_option
@json_option
@click.pass_context
def command(context: click.Context, config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """Show what is kept for how long, and when term keys end; `end` ends what is due."""
    if context.invoked_subcommand is not None:
        return
    import time

    from parvis.app.retention import schedule_of
    from parvis.archive.terms import ends_of
    from parvis.legal.retention import term_in_words
    from parvis.ports.archive import ArchiveError
    from parvis.store.keyfile import KEYFILE_NAME, KeyFile

    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    schedule = schedule_of(config)
    try:
        keys = KeyFile(archive_of(config, as_json=as_json) / KEYFILE_NAME).term_keys()
    except ArchiveError as fault:
        end(f"The key store cannot be read: {fault}.", as_json=as_json)
    ends = ends_of(keys, time.time_ns() // 1_000_000)
    if as_json:
        for kind in schedule.kinds:
            term = term_in_words(kind.term, "en")
            write_json({"event": "kind", "id": kind.id, "term": term, "ends": str(kind.ends)})
        for each in ends:
            row = {"kind": str(each.kind), "keys": each.keys, "due": each.due}
            write_json({"event": "term-keys", **row, "next": utc(each.next_ms), "last": utc(each.last_ms)})
        return
    click.echo(f"Profile {schedule.profile}. Kept:")
    for kind in schedule.kinds:
        click.echo(f"  {kind.name.en}: {term_in_words(kind.term, 'en')}.")
    click.echo("Term keys:")
    for each in ends:
        due = f", {each.due} of them due" if each.due else ""
        click.echo(f"  {each.kind}: {each.keys}{due}; the next ends {utc(each.next_ms)}, the last {utc(each.last_ms)}.")


@command.command("end")
@config_option
@data_option
@click.option(
    "--confirm-clock",
    is_flag=True,
    help="Say that the clock is right, which stands far ahead of the last time that was sure. It is recorded.",
)
@json_option
def end_(config_file: Path | None, data: Path | None, confirm_clock: bool, as_json: bool) -> None:
    """End now what is due. The server does so by itself, each midnight and each hour.

    Ends with 0 when nothing is left that is due, with 1 when it could not be ended, or when the clock is doubted.
    """
    words = {"confirm_clock": True} if confirm_clock else {}
    ended = done_or_exit(config_file, data, "terms.end", words, as_json=as_json)
    if as_json:
        write_json({"event": "ended", **ended})
        return
    click.echo(
        f"Ended: {ended['term_keys']} term keys, {ended['records']} records, {ended['content_keys']} content keys, "
        f"{ended['vault_rows']} rows of the vault."
    )
