"""`parvis archive opening`: from the request to what it gave; one file per verb."""

import click

from parvis.cli.lazy import LazyGroup


class _Verbs(LazyGroup):
    package = "parvis.cli.archive.opening"
    verbs = {  # noqa: RUF012  # read only
        "keygen": "Make the key pair of whoever asks: the result is sealed to it.",
        "request": "Ask for an opening: ground, reference, whom and what, from when to when.",
        "list": "List the openings that have not ended.",
        "show": "Show one opening as custodians will read it.",
        "export": "Put together what custodians open, into a folder to carry to them.",
        "record": "Take what custodians did into the log.",
        "release": "Log that the result is read, and give the server's half of its key.",
        "read": "Open a result: with the requester's key and what the server released.",
        "end": "End an opening: nothing more is exported or released.",
    }


@click.group("opening", cls=_Verbs)
def command() -> None:
    """Open a part of the archive, on a ground and by a quorum (docs/handbook/custodian.md)."""
