"""`parvis archive hold`: keep something beyond its term, for as long as a ground allows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit

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
@click.option("--from", "span_from", default="", metavar="MOMENT", help="Since when. Without it: since ever.")
@click.option("--until", "span_until", default="", metavar="MOMENT", help="Until when. Without it: the hold's end.")
@click.option("--ground", type=click.Choice(GROUNDS), required=True, help="Why.")
@click.option("--reference", required=True, help="The file number of the order or claim.")
@click.option("--ends", default="", metavar="MOMENT", help="When it ends by itself.")
@click.option("--days", type=click.IntRange(1, 3660), default=None, help="Or after how many days.")
@click.option("--may-notify-user", is_flag=True, help="The authority lets the person be told.")
@config_option
@data_option
@json_option
def place(
    accounts: tuple[str, ...],
    conversations: tuple[str, ...],
    vault: bool,
    span_from: str,
    span_until: str,
    ground: str,
    reference: str,
    ends: str,
    days: int | None,
    may_notify_user: bool,
    config_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Place a hold. With accounts and conversations it covers what meets both; for either, place two."""
    asked: Words = {
        "accounts": list(accounts),
        "conversations": list(conversations),
        "vault": vault,
        "span_from": span_from,
        "span_until": span_until,
        "ground": ground,
        "reference": reference,
        "ends": ends,
        "days": days or 0,
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
        click.echo(f"    {', '.join(scope)}; written from {hold['from']} until {hold['until']}")
    counted = "1 hold" if len(done["holds"]) == 1 else f"{len(done['holds'])} holds"
    click.echo(f"{counted}; {done['erasures_waiting']} erasures are not finished.")


@command.command("extend")
@click.argument("hold")
@click.option("--ends", default="", metavar="MOMENT", help="The new end.")
@click.option("--days", type=click.IntRange(1, 3660), default=None, help="Or by how many days more.")
@click.option("--reference", default="", help="Of the decision to extend it, if it is another.")
@config_option
@data_option
@json_option
def extend(
    hold: str,
    ends: str,
    days: int | None,
    reference: str,
    config_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Decide anew that HOLD goes on, until a later end."""
    asked: Words = {"hold": hold, "ends": ends, "days": days or 0, "reference": reference}
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
