"""`parvis custodian grant`: a custodian's yes."""

import sys
from pathlib import Path

import click

from parvis.cli.configuration import end, json_option, write_json


@click.command("grant")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True))
@click.option("--yes", is_flag=True, help="Do not ask; the words come from standard input.")
@json_option
def command(folder: Path, yes: bool, as_json: bool) -> None:
    """Read what is asked, and give one's share to it: sealed to the one program that waits for it.

    Do it in another terminal, or on a machine of your own with a copy of the folder (request.json and session.json
    are enough), and carry the grant that it writes to the folder where the program waits. Compare the fingerprint with
    the one that the program shows, by voice if you are apart. Your share opens this request and nothing else.
    """
    from parvis.app.secret_memory import lock_memory

    cautions = lock_memory()
    from parvis.app.opening_voices import NotGiven, asked_in, give
    from parvis.cli.custodian.words import words_of_share

    try:
        asked = asked_in(folder)
    except NotGiven as fault:
        end(str(fault), as_json=as_json)
    if not as_json:
        for sentence in cautions:
            click.echo(f"Caution: {sentence}", err=True)
        click.echo("\n".join(asked.lines))
        click.echo(f"\nFingerprint of the session that waits:  {asked.fingerprint}\n")
    if not yes:
        if not sys.stdin.isatty():
            end("Nobody can be asked here. Read what is asked, then say --yes.", as_json=as_json, status=2)
        if not click.confirm(
            "Does the program that opens show this fingerprint, and do you grant this?", default=False
        ):
            end("Not granted. To say so to the others: parvis custodian refuse FOLDER --reason TEXT", as_json=as_json)
    try:
        given = give(folder, asked, words_of_share())
    except NotGiven as fault:
        end(str(fault), as_json=as_json)
    if as_json:
        write_json(
            {"event": "granted", "share": given.share, "file": str(given.path), "fingerprint": asked.fingerprint}
        )
    else:
        click.echo(f"Share {given.share} is sealed to the session, in {given.path}. It opens this request alone.")
