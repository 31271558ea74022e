"""Write src/parvis/model/lookalikes.py from the table of the package confusable-homoglyphs (pip install it first).

The package holds Unicode's confusables.txt as pairs in both directions. Each character of the file has one prototype,
and a prototype has none itself, so the pairs are stars: whoever has several neighbours is the prototype. Of a star of
two, the prototype is taken to be the one in ASCII, else the longer, else the lower one.
"""

import json
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from textwrap import wrap
from unicodedata import category, normalize

MODULE = Path(__file__).resolve().parents[1] / "src" / "parvis" / "model" / "lookalikes.py"

OPENING = '''\
"""Characters that look like others: Unicode's table of confusable characters (UTS 39), as far as names need it.

Written by scripts/lookalikes.py from confusable-homoglyphs {version}; not edited by hand. Left out is what stands in
ASCII, what NFKD takes apart by itself, and the marks on what a letter looks like. A line holds the characters that look
like something, a colon, and what that is; hexadecimal, so that nothing in this file looks like something else.

Copyright 1991-2024 Unicode, Inc., under the Unicode License V3 (LICENSES/Unicode-3.0.txt).
"""

from functools import cache
from typing import Final

_LOOKALIKES: Final = """\\
{lines}
"""


@cache
def table() -> dict[int, str]:
    """Give what each character looks like, as `str.translate` takes it. Read when first asked for, in a millisecond."""
    looks: dict[int, str] = {{}}
    for line in _LOOKALIKES.splitlines():
        characters, _, alike = line.partition(":")
        text = "".join(chr(int(code, 16)) for code in alike.split())
        for code in characters.split():
            looks[int(code, 16)] = text
    return looks
'''


def prototype(text: str, pairs: dict[str, list[str]]) -> str:
    """Give the middle of the star that a text belongs to."""
    around = pairs[text]
    if len(around) > 1:
        return text
    other = around[0]
    if len(pairs[other]) > 1:
        return other
    return min((text, other), key=lambda each: (not each.isascii(), -len(each), each))


def table(pairs: dict[str, list[str]]) -> dict[str, str]:
    """Give what each single character outside ASCII looks like, where NFKD does not see to it."""
    looks = {
        text: normalize("NFKD", prototype(text, pairs))
        for text in pairs
        if len(text) == 1 and not text.isascii() and normalize("NFKD", text) == text
    }
    # What a prototype is made of may look like something itself.
    for _ in range(3):
        looks = {text: "".join(looks.get(char, char) for char in alike) for text, alike in looks.items()}
    # A letter with a stroke looks like the letter: its mark counts as little as one that was added.
    looks = {text: alike if is_mark(text) else bare(alike) for text, alike in looks.items()}
    return {text: alike for text, alike in looks.items() if text != alike}


def is_mark(char: str) -> bool:
    """Tell whether a character is a mark without a place of its own."""
    return category(char) in {"Mn", "Me"}


def bare(text: str) -> str:
    """Take the marks off a text that is not made of marks alone."""
    return "".join(char for char in text if not is_mark(char)) or text


def written(looks: dict[str, str]) -> str:
    """Write the table, one line or more for each text that something looks like."""
    groups: dict[str, list[str]] = {}
    for text, alike in sorted(looks.items()):
        groups.setdefault(alike, []).append(f"{ord(text):x}")
    lines = []
    for alike, characters in sorted(groups.items()):
        tail = " ".join(f"{ord(char):x}" for char in alike)
        lines += [f"{part}:{tail}" for part in wrap(" ".join(characters), 118 - len(tail))]
    return "\n".join(lines)


if __name__ == "__main__":
    raw = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8"))
    known = {text: [each["c"] for each in around] for text, around in raw.items()}
    text = OPENING.format(version=version("confusable-homoglyphs"), lines=written(table(known)))
    if "--check" in sys.argv:
        sys.exit(MODULE.read_text(encoding="utf-8") != text)
    MODULE.write_text(text, encoding="utf-8")
