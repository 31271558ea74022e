"""`parvis custodian open`: the program that opens."""

import signal
from pathlib import Path

import click

from parvis.cli.configuration import end, json_option, write_json
from parvis.cli.moments import Length


@click.command("open")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True))
@click.option("--wait", "wait_s", type=Length(), default="15m", show_default=True, help="How long to wait for shares.")
@click.option("--digest", default="", metavar="HEX", help="The digest of the export as the server's log has it.")
@json_option
def command(folder: Path, wait_s: int, digest: str, as_json: bool) -> None:
    """Wait for shares, open what was asked for, seal it to whoever asked, and forget.

    FOLDER is what `parvis archive opening export` made. Run it on a machine of a custodian, not on the server's.
    It shows a fingerprint: custodians compare it with what `parvis custodian grant` shows them. It ends by itself.
    """
    from parvis.app.secret_memory import lock_memory

    cautions = lock_memory()
    from parvis.app.opening_program import NotOpened, OpeningProgram
    from parvis.store.opening_folder import BadFolder

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    # However it is told to end, it leaves proceedings and no shares.
    for told in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, stop)
    for sentence in cautions if not as_json else ():
        click.echo(f"Caution: {sentence}", err=True)

    def tell(event: str, facts: dict[str, object]) -> None:
        if as_json:
            write_json({"event": event, **facts})
            return
        click.echo(str(facts["text"]))
        if event == "waiting":
            click.echo(
                f"\nFingerprint of this session:  {facts['fingerprint']}\n\n"
                f"Waiting for shares: parvis custodian grant {folder}"
            )

    try:
        proceedings = OpeningProgram(folder, tell, wait_s=wait_s, expected=digest).run()
    except (NotOpened, BadFolder) as fault:
        end(str(fault), as_json=as_json)
    opened = proceedings.opened
    if opened is None:
        end(f"Nothing was opened. {proceedings.why}", as_json=as_json)
    if as_json:
        write_json({"event": "opened", "records": opened.records, "withheld": opened.withheld, "result": opened.result})
        return
    click.echo(
        f"{opened.records} records are sealed to whoever asked; {opened.withheld} were not asked for and withheld."
    )
    if opened.unopened or opened.leaves_wrong:
        click.echo(f"{opened.unopened} could not be opened; {opened.leaves_wrong} do not match their leaf in the log.")
    click.echo(
        "The shares are forgotten. Carry the folder back to the server: parvis archive opening record FOLDER\n"
        "Delete what is left of it elsewhere."
    )
