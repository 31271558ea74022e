"""`parvis account erase`: an account is closed, and what was written from it goes."""

from pathlib import Path

import click

from parvis.cli.configuration import config_option, data_option, json_option, write_json
from parvis.cli.deed import done_or_exit

REMAINS = (
    "What remains, and why: hashes in the log, which tell nothing and by which anybody can check it; decisions about "
    "the person and their reasons, for the term of decisions, since somebody must answer for them; this act in the "
    "audit, without a name; what stood in the account and the record of connections, sealed, which the law asks for "
    "and custodians alone can open, for its term."
)


@click.command("erase")
@click.argument("account", metavar="NAME|ID")
@click.option(
    "--after-report-window", is_flag=True, help="Close the account now, and let the words go when no report can follow."
)
@click.option("--reason", default="", help="Why; it is recorded in the audit. Name nobody.")
@config_option
@data_option
@json_option
def command(
    account: str,
    after_report_window: bool,
    reason: str,
    config_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Close an account and erase what was written from it: header, salt and ciphertext of each record.

    It is named by its pseudonym, or by the id of an account that is closed or of a guest. This cannot be undone.
    """
    asked = {"account": account, "after_report_window": after_report_window, "reason": reason}
    done = done_or_exit(config_file, data, "account.erase", asked, as_json=as_json)
    if as_json:
        write_json({"event": "erased", **done, "remains": REMAINS})
        return
    if done["was_open"]:
        click.echo("The account is closed: its password, certificates, lists and markers are gone.")
    if done["at_once"]:
        click.echo("What was written from it is shown to nobody any more, and is erased from the archive.")
    else:
        click.echo(f"What was written from it is shown to nobody any more, and is erased at {done['due']}.")
    click.echo(REMAINS)
