"""What verbs share that have a deed done: the data folder, and how it is told that it was not done."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from parvis.cli.configuration import load_or_exit, write_json

if TYPE_CHECKING:
    from parvis.app.office import Words

_Verb = TypeVar("_Verb", bound=Callable[..., Any])

data_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)


def done_or_exit(config_file: Path | None, data: Path | None, deed: str, words: "Words", *, as_json: bool) -> "Words":
    """Have a deed done and give its answer; when it is not done, say why and end with status 1."""
    config = load_or_exit(config_file, as_json=as_json, to_stderr=True)
    from msgspec.structs import replace

    from parvis.app.asking import ask
    from parvis.app.office import NotDone

    if data is not None:
        config = replace(config, server=replace(config.server, data_dir=data))
    try:
        return ask(config, deed, words)
    except NotDone as refused:
        if as_json:
            write_json({"event": "not-done", "text": str(refused)})
        else:
            click.echo(str(refused), err=True)
        raise SystemExit(1) from None
