"""`parvis demo`: fill a server with people who are not there."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, json_option, load_or_exit, write_json

if TYPE_CHECKING:
    from parvis.app.demo.replay import Played, Replay, Score, Venue

DEFAULT_PORT = 6667


class Speed(click.ParamType[float]):
    """How many times faster than the log's clock; `max` is infinite."""

    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a number above zero, or `max`."""
        if value == "max":
            return float("inf")
        try:
            speed = float(str(value))
        except ValueError:
            speed = 0.0
        if not speed > 0:
            self.fail("give a number above 0, such as 60 for a minute in a second, or max", param, ctx)
        return speed


@click.group("demo")
def command() -> None:
    """Fill a server with people who are not there."""


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for the archive of a server of its own; without it the archive is thrown away.",
)
@click.option("--host", help="Play on a server that runs already, in place of one of its own.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Its port (6667); for a server of its own the port it listens on (any free one).",
)
@click.option(
    "--speed",
    type=Speed(),
    default="max",
    show_default=True,
    metavar="X|max",
    help="How many times faster than the log's clock; max: as fast as the server takes it.",
)
@click.option("--room", metavar="NAME", help="The room to play in; without it, the file's name.")
@json_option
def replay(
    files: tuple[Path, ...],
    config_file: Path | None,
    data: Path | None,
    host: str | None,
    port: int | None,
    speed: float,
    room: str | None,
    as_json: bool,
) -> None:
    """Play chat logs: every pseudonym becomes a client on a connection of its own, in a room for each file.

    What was said is said again, in the log's order, and every client checks that it hears each line once, in
    order, unharmed. Without --host it starts a server of its own for this machine alone, ends it, and reads in its
    archive that every line was kept. A running server must let that many people come from one address
    (`exempt_loopback`). Ends with 0 if all is well, with 1 if anything is lost, doubled, out of order or harmed.
    """
    if host is not None and (config_file is not None or data is not None):
        raise click.UsageError("--config and --data are for a server of its own; with --host it is another's.")
    if config_file is not None and (data is not None or port is not None):
        raise click.UsageError("With --config the file says where the server listens and where its data is.")
    from parvis.app.demo.member import ReplayFailed
    from parvis.app.demo.replay import Replay, Venue

    if config_file is not None:
        data = _data_dir(config_file, as_json=as_json)
    venue = Venue(host, port if port is not None else (DEFAULT_PORT if host else 0), config_file, data)
    try:
        score = _play(Replay(list(files), room), venue, speed)
    except ReplayFailed as failed:
        if as_json:
            write_json({"event": "failed", "text": str(failed)})
        else:
            click.echo(f"The replay ended early: {failed}.", err=True)
        raise SystemExit(1) from None
    for played in score.played:
        if as_json:
            write_json({"event": "played", **_counts(played)})
        else:
            click.echo(_told(played))
    if as_json:
        write_json({"event": "summary", **_totals(score)})
    else:
        click.echo(_summary(score))
    raise SystemExit(0 if score.is_whole else 1)


def _data_dir(config_file: Path, *, as_json: bool) -> Path | None:
    from parvis.app.config import StoreKind

    config = load_or_exit(config_file, as_json=as_json, to_stderr=True)
    return config.server.data_dir if config.archive.store is StoreKind.SQLITE else None


def _play(replay: "Replay", venue: "Venue", speed: float) -> "Score":
    import sys

    import uvloop

    with click.progressbar(length=replay.steps, label="Replay", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        return uvloop.run(replay.play(venue, None if speed == float("inf") else speed, lambda: bar.update(1)))


def _counts(played: "Played") -> dict[str, object]:
    import msgspec

    kept = played.kept
    return {
        "room": played.room,
        **msgspec.structs.asdict(played.tally),
        "not_understood": played.unread,
        "without_text": played.empty,
        "archived": None if kept is None else kept.lines,
        "archive_wrong": None if kept is None else kept.wrong,
    }


def _totals(score: "Score") -> dict[str, object]:
    lines = sum(played.tally.lines for played in score.played)
    deliveries = sum(played.tally.deliveries for played in score.played)
    return {
        "rooms": len(score.played),
        "people": sum(played.tally.people for played in score.played),
        "lines": lines,
        "deliveries": deliveries,
        "seconds": round(score.seconds, 3),
        "lines_per_second": round(lines / score.seconds),
        "deliveries_per_second": round(deliveries / score.seconds),
        "whole": score.is_whole,
    }


def _told(played: "Played") -> str:
    tally, kept = played.tally, played.kept
    told = [
        (
            f"{played.room}: {_many(tally.people, 'person', 'people')}, {_many(tally.lines, 'line')}, "
            f"{_many(tally.events, 'join, part, rename or the like', 'joins, parts, renames and the like')}"
        ),
        (
            f"  {_many(tally.deliveries, 'delivery', 'deliveries')} to others; {tally.lost} lost, "
            f"{tally.duplicated} duplicated, {tally.reordered} reordered, {tally.harmed} harmed, "
            f"{tally.refused} refused"
        ),
    ]
    if kept is None:
        told.append("  the archive of this server cannot be read from here")
    else:
        told.append(f"  in the archive: {_many(kept.lines, 'line')}, {kept.wrong} missing or out of order")
    passed_over = [
        (played.unread, "not understood"),
        (played.empty, "without text"),
        (tally.left_out, "that cannot be played"),
        (tally.refused_acts, "that the server refused (a name taken, a right missing)"),
    ]
    told += [f"  of the log: {_many(count, 'line')} {why}" for count, why in passed_over if count]
    return "\n".join(told)


def _summary(score: "Score") -> str:
    totals = _totals(score)
    verdict = "Everything arrived as it was said." if score.is_whole else "Not everything arrived as it was said."
    return (
        f"{totals['lines']} lines and {totals['deliveries']} deliveries in {score.seconds:.1f} s: "
        f"{totals['lines_per_second']} lines and {totals['deliveries_per_second']} deliveries per second.\n{verdict}"
    )


def _many(count: int, one: str, more: str | None = None) -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"
