"""`parvis archive log`: what was done to the archive, from the records of the audit."""

from datetime import UTC, datetime
from pathlib import Path

import click

from parvis.cli.configuration import config_option, json_option, load_or_exit, write_json


@click.command("log")
@config_option
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Only what was done since then (UTC).",
)
@click.option("--what", multiple=True, metavar="WHAT", help="Only entries of this kind, as `log-key-rotated`.")
@json_option
def command(
    config_file: Path | None, data: Path | None, since: datetime | None, what: tuple[str, ...], as_json: bool
) -> None:
    """Show what was done to the archive, the oldest first; the server may be running.

    Each entry is a record of the archive itself: `parvis archive verify` finds one that is changed or missing.
    """
    folder = data if data is not None else load_or_exit(config_file, as_json=as_json, to_stderr=True).server.data_dir
    import msgspec

    from parvis.ports.archive import ArchiveError
    from parvis.store.sqlite.reader import audit_records

    since_ms = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    try:
        for record in audit_records(folder):
            if record.header.time_ms < since_ms:
                continue
            try:
                entry = msgspec.json.decode(record.line, type=dict[str, object])
            except msgspec.DecodeError:
                entry = {"what": "unreadable"}
            if what and entry.get("what") not in what:
                continue
            number = f"{record.header.run}/{record.header.counter}"
            if as_json:
                write_json({"record": number, "time_ms": record.header.time_ms, **entry})
            else:
                click.echo(_line(number, record.header.time_ms, entry))
    except ArchiveError as fault:
        if as_json:
            write_json({"type": "error", "what": str(fault)})
        else:
            click.echo(f"The archive cannot be read: {fault}.", err=True)
        raise SystemExit(1) from fault


def _line(number: str, time_ms: int, entry: dict[str, object]) -> str:
    when = datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    rest = [(name, value) for name, value in entry.items() if name not in {"what", "by"} and value not in ("", None)]
    # Words of whoever asked may hold anything: they are shown as one printable line.
    told = ", ".join(f"{name} {_shown(value)}" for name, value in rest)
    return f"{when}  {number}  {_shown(entry.get('what', ''))} by {_shown(entry.get('by', 'server'))}" + (
        f": {told}" if told else ""
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if text.isprintable() else ascii(text)
