"""`parvis archive verify`: check every record, and whether all of it is what was signed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, data_option, json_option, load_or_exit, with_data, write_json

if TYPE_CHECKING:
    from parvis.store.sqlite.verifying import Verification


@click.command("verify")
@config_option
@data_option
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A checkpoint of the log that was kept elsewhere. May be given several times.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY",
    help="Key that those checkpoints must be signed with, as /log/keys gave it; by default those of the key store.",
)
@click.option(
    "--mirror",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="A copy of the log's files (tile/...) that was kept elsewhere: it tells which record is not as it was.",
)
@click.option(
    "--roots",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificates in PEM: time stamps of checkpoints must lead to them.",
)
@json_option
def command(
    config_file: Path | None,
    data: Path | None,
    checkpoints: tuple[Path, ...],
    keys: tuple[str, ...],
    mirror: Path | None,
    roots: Path | None,
    as_json: bool,
) -> None:
    """Check every record of the archive; the server may be running.

    With a checkpoint that was kept elsewhere it also finds what somebody changed who could write to everything here.
    Ends with 0 when all is well and with 1 when something is wrong.
    """
    from parvis.archive.checkpoint import NOTE_BYTES_MAX, MalformedNote, parse_verifier_key
    from parvis.ports.archive import ArchiveError
    from parvis.store.sqlite.verifying import Held, verify_archive

    try:
        trusted = [parse_verifier_key(key) for key in keys]
    except MalformedNote as wrong:
        raise click.BadParameter(f"{wrong}.", param_hint="--key") from None
    if data is not None and not data.is_dir():
        raise click.BadParameter(f"there is no folder {data}.", param_hint="--data")
    data_dir = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data).server.data_dir
    held = []
    for path in checkpoints:
        with path.open("rb") as file:
            held.append(Held(name=str(path), raw=file.read(NOTE_BYTES_MAX + 1)))
    try:
        found = verify_archive(data_dir, held=held, trusted=trusted, mirror=mirror)
        if roots is not None:
            _check_stamps(found, data_dir, roots)
    except ArchiveError as fault:
        if as_json:
            write_json({"type": "error", "what": str(fault)})
        else:
            click.echo(f"The archive cannot be checked: {fault}.", err=True)
        raise SystemExit(1) from fault
    if as_json:
        _write(found)
    else:
        _tell(found)
    raise SystemExit(1 if found.problems_total else 0)


def _check_stamps(found: "Verification", data_dir: Path, roots: Path) -> None:
    """Check the time stamps of checkpoints; the checkpoints themselves are checked already."""
    from parvis.archive.checkpoint import MalformedNote, parse_checkpoint, parse_note
    from parvis.archive.timestamps import WrongStamp, load_roots, verify_stamp
    from parvis.model.moments import told
    from parvis.store.log.folder import LOG_NAME, LogFolder

    try:
        trusted = load_roots(roots.read_bytes())
    except WrongStamp as wrong:
        raise click.BadParameter(f"{wrong}.", param_hint="--roots") from None
    for raw, answer in LogFolder(data_dir / LOG_NAME).stamps():
        try:
            size = parse_checkpoint(parse_note(raw).text).size
            at_ms = verify_stamp(raw, answer, trusted)
        except (MalformedNote, WrongStamp) as wrong:
            found.wrong(f"A time stamp of a checkpoint cannot be relied on: {wrong}.")
            continue
        found.notes.append(f"The first {size} records were there at {told(at_ms)}, by a time stamp.")


def _counts(found: "Verification") -> dict[str, object]:
    names = ("records", "runs", "opened", "closed", "covered", "undelivered", "lost")
    counts: dict[str, object] = {name: getattr(found, name) for name in names}
    return counts | {"wraps": found.keys.wraps, "problems": found.problems_total}


def _write(found: "Verification") -> None:
    import msgspec

    for lost in found.lost_records:
        write_json({"type": "lost", **msgspec.structs.asdict(lost)})
    for problem in found.problems:
        write_json({"type": "problem", **msgspec.structs.asdict(problem)})
    for fault in found.keys.faults:
        write_json({"type": "key", **msgspec.structs.asdict(fault)})
    for verdict in found.checkpoints:
        write_json({"type": "checkpoint", **msgspec.structs.asdict(verdict)})
    for note in found.notes:
        write_json({"type": "note", "text": note})
    if (first := found.first_fault()) is not None:
        write_json({"type": "first", **msgspec.structs.asdict(first)})
    write_json({"type": "summary", **_counts(found)})


def _tell(found: "Verification") -> None:
    for lost in found.lost_records:
        click.echo(f"Records {lost.run}/{lost.first} to {lost.run}/{lost.last} were lost, as a repair noted.")
    for problem in found.problems:
        click.echo(f"Record {problem.run}/{problem.counter}: {problem.what}.")
    for fault in found.keys.faults:
        click.echo(f"Content key {fault.key}: {fault.what}.")
    for verdict in found.checkpoints:
        says = "matches" if verdict.matches else f"does not match: {verdict.why}"
        click.echo(f"Checkpoint {verdict.name} over {verdict.size} records {says}.")
    for note in found.notes:
        click.echo(note)
    named = len(found.problems) + len(found.keys.faults)
    counted = found.problems_total - found.told_otherwise
    if counted > named:
        click.echo(f"... and {counted - named} more.")
    if (first := found.first_fault()) is not None:
        words = {"changed": "is changed", "missing": "is missing", "added": "was added", "reordered": "is reordered"}
        place = f" (place {first.index} of the log)" if first.index is not None else ""
        click.echo(f"The first record that is not as it was: {first.run}/{first.counter}{place} {words[first.fault]}.")
    click.echo(
        f"{found.records} records in {found.runs} runs: {found.opened} opened, {found.closed} closed, "
        f"{found.undelivered} undelivered, {found.problems_total} problems."
    )
