"""Shares on a terminal: one at a time, to one person, who writes it down and proves it by two words."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from parvis.archive.custody import CustodianKey

CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"
"""Clears the screen and what was scrolled off it (ECMA-48, ED; 3 is xterm's)."""
ASKED: Final = 2
"""Words that are asked for."""
SAME: Final = 4
"""The first words say which share of which key it is; all shares of a key have three of them in common."""


def hand_over(key: "CustodianKey", shares: Sequence[str]) -> None:
    """Show every share, and come back only when each was written down.

    Raises:
        click.Abort: Somebody broke it off; the shares open nothing then.
    """
    click.echo(
        f"A key is made and split into {len(shares)}. Each share is shown once and alone, to be written on paper by\n"
        "the person who will keep it. Nothing is changed before the last one is written down; Ctrl-C breaks it off.\n"
    )
    try:
        for number, words in enumerate(shares, 1):
            _hand_over_one(key, number, words.split())
    finally:
        click.echo(CLEAR, nl=False)


def _hand_over_one(key: "CustodianKey", number: int, words: list[str]) -> None:
    from parvis.app.share_files import columns, heading

    _wait(f"Share {number} of {key.shares}: only the person who will keep it should see the screen now. Press Enter.")
    while True:
        click.echo(CLEAR, nl=False)
        click.echo(f"{heading(key, number)}\n\nWrite these {len(words)} words down, with that line above:\n")
        click.echo(columns(words))
        _wait("\nPress Enter when they are written down; two of them are asked for then.")
        click.echo(CLEAR, nl=False)
        if _proves(words):
            click.echo(CLEAR, nl=False)
            click.echo(f"Share {number} of {key.shares} is written down.")
            return
        _wait("That is not the word. Press Enter to see the share again.")


def _proves(words: list[str]) -> bool:
    for at in sorted(secrets.SystemRandom().sample(range(SAME, len(words)), ASKED)):
        if str(click.prompt(f"Word {at + 1}")).strip().lower() != words[at]:
            return False
    return True


def _wait(text: str) -> None:
    click.prompt(text, default="", show_default=False, prompt_suffix="")
