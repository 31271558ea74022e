"""`parvis archive log`: what was done to the archive, from the records of the audit."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, load_or_exit, with_data, write_json
from parvis.cli.moments import Moment
from parvis.model.moments import written


@click.command("log")
@config_option
@data_option
@click.option("--since", "since_ms", type=Moment(), default=0, help="Only what was done since then.")
@click.option("--what", multiple=True, metavar="WHAT", help="Only entries of this kind, as `log-key-rotated`.")
@json_option
def command(config_file: Path | None, data: Path | None, since_ms: int, what: tuple[str, ...], as_json: bool) -> None:
    """Show what was done to the archive, the oldest first; the server may be running.

    Each entry is a record of the archive itself: `parvis archive verify` finds one that is changed or missing.
    """
    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    import msgspec

    from parvis.ports.archive import ArchiveError
    from parvis.store.sqlite.reader import audit_records

    count = 0
    try:
        for record in audit_records(config.server.data_dir):
            if record.header.time_ms < since_ms:
                continue
            try:
                entry = msgspec.json.decode(record.line, type=dict[str, object])
            except msgspec.DecodeError:
                entry = {"what": "unreadable"}
            if what and entry.get("what") not in what:
                continue
            count += 1
            number = f"{record.header.run}/{record.header.counter}"
            if as_json:
                write_json({"record": number, "time_ms": record.header.time_ms, **entry})
            else:
                click.echo(_line(number, record.header.time_ms, entry))
    except ArchiveError as fault:
        end(f"The archive cannot be read: {fault}.", as_json=as_json)
    if not as_json and not count:
        click.echo("No entry is like that." if what or since_ms else "There is no entry yet.")


def _line(number: str, time_ms: int, entry: dict[str, object]) -> str:
    # Words of whoever asked may hold anything: they are shown as one printable line.
    told = ", ".join(
        f"{name.removesuffix('_ms')} {_moment(value) if name.endswith('_ms') else _shown(value)}"
        for name, value in entry.items()
        if name not in {"what", "by"} and value not in ("", None, [])
    )
    return f"{_moment(time_ms)}  {number}  {_shown(entry.get('what', ''))} by {_shown(entry.get('by', 'server'))}" + (
        f": {told}" if told else ""
    )


def _moment(value: object) -> str:
    if not isinstance(value, int):
        return _shown(value)
    return written(value) if value else "never"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    if isinstance(value, dict):
        return f"({', '.join(f'{name} {_shown(each)}' for name, each in value.items())})"
    text = str(value)
    return text if text.isprintable() else ascii(text)
