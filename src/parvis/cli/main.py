"""`parvis`: one verb per file, each imported when it runs, so that `--help` is quick.

A verb ends with 0 (done), 1 (refused or failed) or 2 (called wrongly). It writes whole sentences for people; with
`--json` it writes one JSON object per line instead.
"""

from typing import Final

import click

from parvis import __version__
from parvis.cli.lazy import LazyGroup

VERBS: Final = {
    "serve": "Start the server; without a file it needs no preparation.",
    "reload": "Have the running server read its configuration and certificates again.",
    "check": "Name every mistake in a configuration, and start nothing.",
    "archive": "Look after the archive: verify it, end terms, place holds, ask for openings.",
    "custodian": "Keep the key that opens the archive, in shares.",
    "account": "Look after an account: export what is kept about it, or erase it.",
    "demo": "Fill a running server with people: replay a chat log.",
    "hash-password": "Make the hash of an operator's password.",
}
"""Every verb with its line of help. Its file has its name, and holds the click command as ``command``."""


class Verbs(LazyGroup):
    """Every verb of the program."""

    package = "parvis.cli"
    verbs = VERBS


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="VERB [OPTIONS]...",
)
@click.version_option(__version__, prog_name="parvis", message="%(prog)s %(version)s")
def group() -> None:
    """Parvis: a public chat that anyone enters with a pseudonym, and where nobody is above the rules.

    `parvis serve` starts it here and now; `parvis VERB --help` explains a verb.
    """


def main() -> None:
    """Run the verb that the command line names, and exit with its status."""
    group(prog_name="parvis")


if __name__ == "__main__":
    main()
