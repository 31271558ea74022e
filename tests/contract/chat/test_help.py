"""Every command has its help, written as it is used. Source: modern IRC, "HELP"; `chat/commands/help_texts.py`."""

import pytest
from tests.promises.harness import Square

from parvis.chat.commands.help_texts import HELP
from parvis.chat.commands.table import COMMANDS


def test_every_command_of_the_table_has_help_and_nothing_else_has() -> None:
    """So that a new one brings its text. Source: `help_texts.py`."""
    assert HELP.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", sorted(HELP))
def test_help_begins_with_the_syntax_and_is_told_whole(command: str) -> None:
    """Each text fits on its line behind the longest pseudonym. Source: RFC 1459, section 2.3."""
    syntax, *texts = HELP[command]
    assert all(way.split()[0] == command for way in syntax.split(" | "))
    assert texts
    square = Square(server=f"{'s' * 50}.example.org")
    anna = square.enters("a" * 32)
    anna.says(f"HELP {command.lower()}")
    square.end_turn()
    told = [line.split(" :", 1)[1] for line in anna.hears()]
    assert told == [syntax, "", *texts, "End of HELP"]
