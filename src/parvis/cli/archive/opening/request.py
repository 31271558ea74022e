"""`parvis archive opening request`: ask for an opening."""

from pathlib import Path
from typing import Final

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, write_json
from parvis.cli.deed import done_or_exit
from parvis.cli.moments import Length, Moment

GROUNDS: Final = ("judicial-order", "requisition", "e-evidence", "threat-to-life", "data-subject", "other")
"""As `legal/openings.py` has them, which is not imported for --help."""


@click.command("request")
@config_option
@data_option
@click.option("--ground", type=click.Choice(GROUNDS), required=True, help="On which ground.")
@click.option("--explanation", default="", metavar="TEXT", help="The ground in words; needed with `other`.")
@click.option("--reference", required=True, metavar="TEXT", help="How the order or the case is called.")
@click.option("--requester", required=True, metavar="NAME", help="Whom the result is for.")
@click.option(
    "--requester-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    metavar="FILE.pub",
    help="Their public key, as `keygen` wrote it.",
)
@click.option("--account", "accounts", multiple=True, metavar="NAME", help="An account, or a guest who is here.")
@click.option("--identity", "identities", multiple=True, metavar="HEX", help="An account or guest by its id.")
@click.option("--room", "rooms", multiple=True, metavar="NAME", help="A room.")
@click.option("--conversation", "conversations", multiple=True, metavar="HEX", help="A conversation by its id.")
@click.option("--pair", "pairs", multiple=True, nargs=2, metavar="NAME NAME", help="The private conversation of two.")
@click.option(
    "--written-only",
    is_flag=True,
    help="Of accounts, only what they wrote; without it their private conversations are whole.",
)
@click.option("--vault", is_flag=True, help="From which addresses the accounts came, as well.")
@click.option(
    "--from", "from_ms", type=Moment(), required=True, help="Begin of the span; UTC unless it says otherwise."
)
@click.option("--to", "to_ms", type=Moment(), help="Its end; without it: now.")
@click.option("--valid", "valid_s", type=Length(), default="1h", show_default=True, help="How long it can be granted.")
@click.option("--emergency", is_flag=True, help="One custodian need not wait: a threat to life, or e-evidence.")
@click.option("--custodian", metavar="HEX", help="An earlier custodians' key, for what was sealed to it.")
@json_option
def command(
    config_file: Path | None,
    data: Path | None,
    requester_key: Path,
    valid_s: int,
    emergency: bool,
    as_json: bool,
    **words: object,
) -> None:
    """Ask for an opening of the archive: who said what, in a span of time that is over.

    It goes into the log at once. Then `export` puts together what custodians need. Where one custodian alone can open
    the archive, that is possible a day later, unless it is an emergency.
    """
    from parvis.app.requester_keys import BadKey, read_public

    try:
        public = read_public(requester_key)
    except BadKey as bad:
        end(str(bad), as_json=as_json)
    asking = {**words, "public": public, "valid_ms": 1000 * valid_s, "is_emergency": emergency}
    done = done_or_exit(config_file, data, "opening.request", asking, as_json=as_json)
    if as_json:
        write_json({"event": "requested", **done})
        return
    click.echo("\n".join(done["lines"]))
    click.echo(f"\nIt is in the log. Its digest is {done['digest']}.")
    if done["not_before_ms"] > done["asked_ms"]:
        from parvis.model.moments import told

        click.echo(
            "One custodian alone can open this archive, so the export waits for a day: until "
            f"{told(done['not_before_ms'])}."
        )
    if done["board_told"] is not None:
        click.echo(
            "The board was told by mail."
            if done["board_told"]
            else "Nobody was told by mail: set board_address in [archive], and [mail], so that your board is."
        )
    click.echo(f"Next: parvis archive opening export {done['opening'][:8]}")
