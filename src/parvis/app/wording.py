"""Fluent files to text: the adapter of `ports/wording.py`.

The parser takes 40 ms to import, so it is loaded when the first message is said.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import parvis
from parvis.model.words import Words

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

FOLDER: Final = Path(parvis.__file__).with_name("words")
LANGUAGES: Final = ("en", "fr")
"""The languages that we speak."""


class FluentWording:
    """A :class:`parvis.ports.wording.Wording` over the files of the package."""

    def __init__(self, languages: Sequence[str] = LANGUAGES) -> None:
        """Speak these languages, of those there are; nothing is read yet."""
        self.languages = tuple(each for each in languages if each in LANGUAGES) or LANGUAGES

    def say(self, words: Words, language: str = "") -> str:
        """Give a message as one line of text; without a language in the first one."""
        bundle = self._bundles.get(language) or self._bundles[self.languages[0]]
        pattern = bundle.get_message(words.id).value
        if pattern is None:
            raise KeyError(words.id)
        text, errors = bundle.format_pattern(pattern, words.gaps)
        if errors:
            raise KeyError(f"{words.id}: {type(errors[0]).__name__}")
        return " ".join(str(text).split("\n"))

    @cached_property
    def _bundles(self) -> "dict[str, FluentBundle]":
        from fluent.runtime import FluentBundle, FluentResource

        bundles = {}
        for language in LANGUAGES:
            # Isolating marks around names would stand in lines of IRC, where no client expects them.
            bundle = bundles[language] = FluentBundle([language], use_isolating=False)
            for path in sorted((FOLDER / language).glob("*.ftl")):
                bundle.add_resource(FluentResource(path.read_text("utf-8")))
        return bundles
