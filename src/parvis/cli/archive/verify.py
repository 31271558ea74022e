"""`parvis archive verify`: check every record."""

from pathlib import Path

import click


@click.command("verify")
@click.option(
    "--data",
    "data_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("parvis-data"),
    show_default=True,
    help="The data folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def command(data_dir: Path, as_json: bool) -> None:
    """Check every record of the archive; the server may be running.

    Ends with 0 when all is well and with 1 when something is wrong.
    """
    import msgspec

    from parvis.ports.archive import ArchiveError
    from parvis.store.sqlite.reader import verify_archive

    try:
        report = verify_archive(data_dir)
    except ArchiveError as fault:
        if as_json:
            _print_json(msgspec.json.encode({"type": "error", "what": str(fault)}))
        else:
            click.echo(f"The archive cannot be checked: {fault}.", err=True)
        raise SystemExit(1) from fault
    counts = {
        "records": report.records,
        "runs": report.runs,
        "opened": report.opened,
        "closed": report.closed,
        "covered": report.covered,
        "undelivered": report.undelivered,
        "lost": report.lost,
        "problems": report.problems_total,
    }
    if as_json:
        for lost in report.lost_records:
            _print_json(msgspec.json.encode({"type": "lost", **msgspec.structs.asdict(lost)}))
        for problem in report.problems:
            _print_json(msgspec.json.encode({"type": "problem", **msgspec.structs.asdict(problem)}))
        _print_json(msgspec.json.encode({"type": "summary", **counts}))
    else:
        for lost in report.lost_records:
            click.echo(f"Records {lost.run}/{lost.first} to {lost.run}/{lost.last} were lost, as a repair noted.")
        for problem in report.problems:
            click.echo(f"Record {problem.run}/{problem.counter}: {problem.what}.")
        if report.problems_total > len(report.problems):
            click.echo(f"... and {report.problems_total - len(report.problems)} more.")
        click.echo(
            f"{report.records} records in {report.runs} runs: {report.opened} opened, {report.closed} closed, "
            f"{report.undelivered} undelivered, {report.lost} lost, {report.problems_total} problems."
        )
    raise SystemExit(1 if report.problems_total else 0)


def _print_json(line: bytes) -> None:
    click.echo(line.decode())
