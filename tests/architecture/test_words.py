"""Every message stands in every language, with the same gaps. Source: src/parvis/model/words.py."""

import re
from pathlib import Path

import parvis
from parvis.app.wording import FOLDER, LANGUAGES

MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) =((?:.*\n(?:[ \t]+.*\n|\n(?=[ \t]))*))", re.MULTILINE)
SOURCE = Path(parvis.__file__).parent


def messages(language: str) -> dict[str, set[str]]:
    """Give the gaps of each message of a language, and fail where one stands twice."""
    found: dict[str, set[str]] = {}
    for path in sorted((FOLDER / language).glob("*.ftl")):
        for name, text in MESSAGE.findall(path.read_text("utf-8") + "\n"):
            assert name not in found, f"{name} stands twice in {language}"
            found[name] = set(re.findall(r"\$(\w+)", text))
    return found


def test_languages_have_the_same_messages_with_the_same_gaps() -> None:
    """In files of the same names."""
    first = messages(LANGUAGES[0])
    assert first
    for language in LANGUAGES[1:]:
        assert messages(language) == first
        names = [{path.name for path in (FOLDER / each).iterdir()} for each in (LANGUAGES[0], language)]
        assert names[0] == names[1]


def test_french_is_written_as_french_is() -> None:
    """A narrow no-break space or none in front of what asks for one, never a plain one; typographic apostrophes."""
    for path in (FOLDER / "fr").glob("*.ftl"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            text = re.sub(r"\{[^}]*\}", "", line.partition("=")[2])
            assert not re.search(r" [;:!?»]|« |\w'\w", text), f"{path.name}:{number}"
