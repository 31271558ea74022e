"""One form for texts that people type in different ones: passwords and names of accounts, before they are hashed.

Source: RFC 4013 (SASLprep), which is a profile of RFC 3454 (stringprep).
"""

import stringprep
import unicodedata

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class Prohibited(ValueError):
    """The text holds a character that SASLprep does not allow. The message never shows it."""


def prepare(text: str) -> str:
    """Give the prepared form of a text: spaces are one kind, invisible joiners gone, the rest in form NFKC.

    Raises:
        Prohibited: It holds control characters and the like, or mixes directions of writing (RFC 3454, section 6).
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if any(table(char) for char in prepared for table in _PROHIBITED):
        raise Prohibited("a character is prohibited")
    if any(map(stringprep.in_table_d1, prepared)):
        is_framed = stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])
        if not is_framed or any(map(stringprep.in_table_d2, prepared)):
            raise Prohibited("directions of writing are mixed")
    return prepared


def password(text: str) -> bytes:
    """Give the bytes of a password that are hashed: prepared where it can be, as they came where it cannot."""
    try:
        return prepare(text).encode()
    except Prohibited:
        return text.encode()
