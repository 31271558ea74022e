"""`parvis archive opening keygen`: the key pair of whoever asks for an opening."""

from pathlib import Path

import click

from parvis.cli.configuration import end, json_option, write_json


@click.command("keygen")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    required=True,
    help="Where the private key goes; the public one goes beside it, into FILE.pub.",
)
@json_option
def command(out: Path, as_json: bool) -> None:
    """Make the key pair of whoever asks for an opening, on their own machine.

    The public half goes to who runs the server, for `request --requester-key`; the private one stays, and opens what
    custodians gave. Without it nobody can read the result. Needs no server.
    """
    from parvis.app.requester_keys import BadKey, make

    try:
        key_id = make(out)
    except BadKey as bad:
        end(str(bad), as_json=as_json)
    if as_json:
        write_json({"event": "made", "private": str(out), "public": f"{out}.pub", "key": key_id})
    else:
        click.echo(f"Private key: {out} (keep it to yourself)\nPublic key:  {out}.pub\nIts id:      {key_id}")
