"""`parvis account`: what is kept about somebody, and that it goes; one file per verb."""

import click

from parvis.cli.lazy import LazyGroup


class _Verbs(LazyGroup):
    package = "parvis.cli.account"
    verbs = {  # noqa: RUF012  # read only
        "export": "Write what is kept about an account into a file.",
        "erase": "Close an account and erase what was written from it.",
    }


@click.group("account", cls=_Verbs)
def command() -> None:
    """Look after an account."""
