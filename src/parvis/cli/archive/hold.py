"""`parvis archive hold`: keep something beyond its term, for as long as a ground allows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit
from parvis.cli.moments import Moment

if TYPE_CHECKING:
    from parvis.app.office import Words

GROUNDS = ("epoc-pr", "epoc", "judicial", "report", "claim")


@click.group("hold")
def command() -> None:
    """Keep something beyond its term. A hold has a ground, an end, and a record in the audit; nobody is told of it."""


@command.command("place")
@click.option("--account", "accounts", multiple=True, metavar="NAME|ID", help="Whose words; several may be named.")
@click.option("--conversation", "conversations", multiple=True, metavar="ROOM|ID", help="Where; several may be named.")
@click.option("--vault", is_flag=True, help="The identification vault of these days too: everybody's, of whole days.")
@click.option("--from", "from_ms", type=Moment(), help="Since when. Without it: since ever.")
@click.option("--until", "until_ms", type=Moment(), help="Until when. Without it: the hold's end.")
@click.option("--ground", type=click.Choice(GROUNDS), required=True, help="Why.")
@click.option("--reference", required=True, help="The file number of the order or claim.")
@click.option("--ends", "ends_ms", type=Moment(), help="When it ends by itself.")
@click.option("--days", type=click.IntRange(1, 3660), default=None, help="Or after how many days.")
@click.option("--may-notify-user", is_flag=True, help="The authority lets the person be told.")
@config_option
@data_option
@json_option
def place(
    accounts: tuple[str, ...],
    conversations: tuple[str, ...],
    vault: bool,
    from_ms: int | None,
    until_ms: int | None,
    ground: str,
    reference: str,
    ends_ms: int | None,
    days: int | None,
    may_notify_user: bool,
    config_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Place a hold, with its end as --ends or --days.

    With accounts and conversations it covers what meets both; for either, place two.
    """
    _see_end(ends_ms, days)
    asked: Words = {
        "accounts": list(accounts),
        "conversations": list(conversations),
        "vault": vault,
        "from_ms": from_ms or 0,
        "until_ms": until_ms,
        "ground": ground,
        "reference": reference,
        "ends_ms": ends_ms,
        "days": days,
        "may_notify_user": may_notify_user,
    }
    done = done_or_exit(config_file, data, "holds.place", asked, as_json=as_json)
    if as_json:
        write_json({"event": "hold-placed", **done})
    else:
        click.echo(f"Hold {done['hold']} is placed. It ends by itself at {done['ends']}.")


@command.command("list")
@config_option
@data_option
@json_option
def list_(config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """List the holds, the one that ends first in front."""
    done = done_or_exit(config_file, data, "holds.list", {}, as_json=as_json)
    if as_json:
        for hold in done["holds"]:
            write_json({"event": "hold", **hold})
        write_json({"event": "holds", "count": len(done["holds"]), "erasures_waiting": done["erasures_waiting"]})
        return
    for hold in done["holds"]:
        scope = [*(f"account {each}" for each in hold["accounts"]), *(f"in {each}" for each in hold["conversations"])]
        scope += ["vault"] * hold["vault"]
        click.echo(f"{hold['hold']}  {hold['state']}, ends {hold['ends']}, {hold['ground']}, {hold['reference']}")
        since = f"written from {hold['from']} until" if hold["from"] else "written until"
        click.echo(f"    {', '.join(scope)}; {since} {hold['until']}")
    held, waiting = len(done["holds"]), done["erasures_waiting"]
    counted = "1 hold" if held == 1 else f"{held} holds"
    click.echo(f"{counted}; {'1 erasure is' if waiting == 1 else f'{waiting} erasures are'} not finished.")


@command.command("extend")
@click.argument("hold")
@click.option("--ends", "ends_ms", type=Moment(), help="The new end.")
@click.option("--days", type=click.IntRange(1, 3660), default=None, help="Or by how many days more.")
@click.option("--reference", default="", help="Of the decision to extend it, if it is another.")
@config_option
@data_option
@json_option
def extend(
    hold: str,
    ends_ms: int | None,
    days: int | None,
    reference: str,
    config_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Decide anew that HOLD goes on, until a later end, given as --ends or --days."""
    _see_end(ends_ms, days)
    asked: Words = {"hold": hold, "ends_ms": ends_ms, "days": days, "reference": reference}
    done = done_or_exit(config_file, data, "holds.extend", asked, as_json=as_json)
    if as_json:
        write_json({"event": "hold-extended", **done})
    else:
        click.echo(f"Hold {done['hold']} is extended. It ends by itself at {done['ends']}.")


@command.command("end")
@click.argument("hold")
@click.option("--reason", required=True, help="Why before its time; it is recorded in the audit.")
@config_option
@data_option
@json_option
def end(hold: str, reason: str, config_file: Path | None, data: Path | None, as_json: bool) -> None:
    """End HOLD before its time: what no other hold and no term keeps goes at once."""
    done = done_or_exit(config_file, data, "holds.end", {"hold": hold, "reason": reason}, as_json=as_json)
    if as_json:
        write_json({"event": "hold-ended", **done})
    else:
        click.echo(f"Hold {done['hold']} has ended, and what only it kept is gone.")


def _see_end(ends_ms: int | None, days: int | None) -> None:
    if (ends_ms is None) == (days is None):
        raise click.UsageError("A hold needs an end: give --ends or --days, and not both.")
