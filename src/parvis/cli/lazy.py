"""Groups of verbs, each verb in a file of its own that is imported when it runs, so that `--help` is quick."""

import importlib
from collections.abc import Mapping
from importlib.util import find_spec

import click


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports the one that is called: its file holds it as ``command``."""

    package = ""
    """Where the files are."""
    verbs: Mapping[str, str] = {}
    """Every verb with its line of help, in the order in which they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click gives it
        """List the verbs that are installed."""
        return [verb for verb in self.verbs if find_spec(self._module(verb)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; None if there is no such."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(self._module(cmd_name)).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, self.verbs[verb]) for verb in self.list_commands(ctx)])

    def _module(self, verb: str) -> str:
        return f"{self.package}.{verb.replace('-', '_')}"
