"""Words as a reader of English reads them, for tests that look at what is told."""

from parvis.app.wording import FluentWording
from parvis.model.words import Told

WORDING = FluentWording(("en", "fr"))


def said(told: Told) -> str:
    """Give words in English."""
    return told if isinstance(told, str) else WORDING.say(told)
