"""`parvis custodian`: the key that opens the archive, its shares, and what custodians do; one file per verb."""

import click

from parvis.cli.lazy import LazyGroup


class _Verbs(LazyGroup):
    package = "parvis.cli.custodian"
    verbs = {  # noqa: RUF012  # read only
        "init": "Make a key, hand its shares over once, and have the archive sealed to it.",
        "rotate": "Go over to a new key; what was sealed stays with the old one.",
        "status": "Say which key is in use, and how it is split.",
        "check-share": "Check that a share is whole and belongs to the key in use.",
        "open": "Wait for shares, open what was asked for, seal it to whoever asked, and forget.",
        "grant": "Give one's share to an opening, after reading what is asked.",
        "refuse": "Refuse an opening, with a reason.",
    }


@click.group("custodian", cls=_Verbs)
def command() -> None:
    """Keep the key that opens the archive, in shares."""
