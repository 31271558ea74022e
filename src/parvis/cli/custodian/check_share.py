"""`parvis custodian check-share`: is a share whole, and does it belong to the key in use?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import config_option, data_option, end, json_option, utc, write_json
from parvis.cli.custodian.options import configured, keys_or_exit
from parvis.cli.custodian.words import words_of_share

if TYPE_CHECKING:
    from parvis.archive.custody import CustodianKey


@click.command("check-share")
@config_option
@data_option
@click.option(
    "--keys",
    "key_list",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The keys of the archive, as `parvis custodian status --json` wrote them: no archive is needed then.",
)
@json_option
def command(config_file: Path | None, data: Path | None, key_list: Path | None, as_json: bool) -> None:
    """Check that a share is whole and belongs to the key in use.

    It asks for the words and does not show them; otherwise it reads them, or a share's file, from standard input.
    Nothing is kept and nothing is sent anywhere. Do it on a machine of your own, with --keys.

    Ends with 0 if the share belongs to a key of the archive, in use or earlier, and with 1 if not.
    """
    from parvis.app.secret_memory import lock_memory

    cautions = lock_memory()
    from parvis.app.custodian_keys import find
    from parvis.app.shares import BadShares, describe

    keys = _listed(key_list, as_json=as_json) if key_list else _kept(config_file, data, as_json=as_json)
    if not as_json:
        for sentence in cautions:
            click.echo(f"Caution: {sentence}", err=True)
    words = words_of_share()
    try:
        facts, known = describe(words), find(words, keys)
    except BadShares as bad:
        end(str(bad), as_json=as_json)
    if known is None:
        end(
            f"The words are whole (share {facts.index} of a key that needs {facts.threshold}), but they belong to no "
            "key of this archive.",
            as_json=as_json,
        )
    is_in_use = known.key.id == keys[-1].id
    if as_json:
        event = {"event": "share-belongs", "custodian": known.key.id.hex(), "share": known.number}
        write_json({**event, "in_use": is_in_use})
        return
    click.echo(f"The share is whole: share {known.number} of {known.key.shares} of the key {known.key.id.hex()}.")
    if is_in_use:
        click.echo(f"That key is in use since {utc(known.key.since_ms)}. Put the share back where it was.")
    else:
        click.echo("That key is not in use any more; keep the share for as long as the archive keeps what is under it.")


def _kept(config_file: Path | None, data: Path | None, *, as_json: bool) -> "list[CustodianKey]":
    config = configured(config_file, data, as_json=as_json)
    keys = keys_or_exit(config.server.data_dir, as_json=as_json)
    if not keys:
        end(f"There is no archive in {config.server.data_dir}. Name its keys with --keys.", as_json=as_json)
    return keys


def _listed(path: Path, *, as_json: bool) -> "list[CustodianKey]":
    from parvis.app.key_list import LIST_BYTES_MAX, BadList, read

    try:
        with path.open("rb") as file:
            keys = read(file.read(LIST_BYTES_MAX).decode().splitlines())
    except OSError as fault:
        end(f"{path} cannot be read: {fault.strerror}.", as_json=as_json)
    except BadList as bad:
        end(f"{path}: {bad}", as_json=as_json)
    except UnicodeDecodeError:
        end(f"{path} is no text.", as_json=as_json)
    if not keys:
        end(f"{path} names no key.", as_json=as_json)
    return keys
