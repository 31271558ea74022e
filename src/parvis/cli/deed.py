"""What verbs share that have a deed done."""

from pathlib import Path
from typing import TYPE_CHECKING

from parvis.cli.configuration import end, load_or_exit, with_data

if TYPE_CHECKING:
    from parvis.app.office import Words


def done_or_exit(config_file: Path | None, data: Path | None, deed: str, words: "Words", *, as_json: bool) -> "Words":
    """Have a deed done and give its answer; when it is not done, say why and end with status 1."""
    config = with_data(load_or_exit(config_file, as_json=as_json, to_stderr=True), data)
    from parvis.app.asking import ask
    from parvis.app.office import NotDone

    try:
        return ask(config, deed, words)
    except NotDone as refused:
        end(str(refused), as_json=as_json)
