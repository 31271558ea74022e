"""Words for people in the language of their reader."""

from collections.abc import Sequence
from typing import Protocol

from parvis.model.words import Words


class Wording(Protocol):
    """Every message in every language.

    Concurrency: any thread; never blocks but for the first message, which loads them all.
    Durability: none.
    Failure: a message that is not there is a fault of the program (`KeyError`); a language that is not there is
    answered in the first one.
    """

    @property
    def languages(self) -> Sequence[str]:
        """The languages there are, the operator's first choice first (BCP 47)."""

    def say(self, words: Words, language: str = "") -> str:
        """Give a message as one line of text; without a language in the first one."""
