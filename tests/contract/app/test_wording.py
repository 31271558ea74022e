"""Fluent files to lines. Source: src/parvis/ports/wording.py."""

import pytest

from parvis.app.wording import FluentWording
from parvis.model.words import Words

PACE = Words("refused-pace", {"seconds": 3})


def test_words_are_said_in_the_language_of_their_reader() -> None:
    """The operator's first choice where the reader has none, or one that is not there."""
    wording = FluentWording(("fr", "en"))
    assert wording.languages == ("fr", "en")
    assert wording.say(PACE, "en").startswith("You write faster")
    for language in ("", "fr", "tlh"):
        assert wording.say(PACE, language).startswith("Vous écrivez plus vite")
    assert "3 s" in wording.say(PACE)


def test_a_message_that_is_not_there_is_a_fault() -> None:
    """And one with a gap that nobody fills."""
    for words in (Words("no-such-message"), Words("refused-pace")):
        with pytest.raises(KeyError):
            FluentWording().say(words)


def test_without_a_language_that_we_speak_all_are_spoken() -> None:
    """Whatever was asked for."""
    assert FluentWording(("tlh",)).languages == ("en", "fr")
