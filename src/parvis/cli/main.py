"""`parvis`: one verb per file, each imported when it runs, so that `--help` is quick.

A verb ends with 0 (done), 1 (refused or failed) or 2 (called wrongly). It writes whole sentences for people; with
`--json` it writes one JSON object per line instead.
"""

import importlib
from importlib.util import find_spec
from typing import Final

import click

from parvis import __version__

VERBS: Final = {
    "serve": "Start the server; without a file it needs no preparation.",
    "reload": "Have the running server read its configuration and certificates again.",
    "check": "Name every mistake in a configuration, and start nothing.",
    "archive": "Look after the archive: verify what is sealed.",
    "demo": "Fill a running server with people: replay a chat log.",
    "hash-password": "Make the hash of an operator's password.",
}
"""Every verb with its line of help. Its file has its name, and holds the click command as ``command``."""


class Verbs(click.Group):
    """A group that knows its verbs by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click gives it
        """List the verbs that are installed, in the order of the table above."""
        return [verb for verb in VERBS if find_spec(_module(verb)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; None if there is no such."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(_module(cmd_name)).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, VERBS[verb]) for verb in self.list_commands(ctx)])


def _module(verb: str) -> str:
    return f"parvis.cli.{verb.replace('-', '_')}"


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
