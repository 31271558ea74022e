"""`parvis archive`: look after what was sealed; one file per verb."""

import click

from parvis.cli.lazy import LazyGroup


class _Verbs(LazyGroup):
    package = "parvis.cli.archive"
    verbs = {  # noqa: RUF012  # read only
        "verify": "Check every record, against a checkpoint held elsewhere if there is one.",
        "log": "Show what was done to the archive, from the record of the audit.",
        "opening": "Ask for an opening, follow it, and read what it gave.",
        "hold": "Keep something beyond its term: place, list, extend, end.",
        "terms": "Show what is kept for how long, and end what is due.",
        "backup": "Copy the database, or the keys apart from it.",
        "log-key": "Show or rotate the key that signs checkpoints.",
        "repair": "Save what is whole of a damaged archive into another folder.",
    }


@click.group("archive", cls=_Verbs)
def command() -> None:
    """Look after the sealed archive."""
