"""Metadata: what people say beside their name, and hosts beside a room's: pronouns, a status, a colour.

Source: IRCv3 draft/metadata-2.
"""

import re
from typing import Final

import msgspec

from parvis.model.person import Person

KEY_BYTES_MAX: Final = 32
"""Most bytes of a key; ours."""
DISPLAY_NAME: Final = "display-name"
"""A name that clients show in place of the pseudonym."""

_KEY: Final = re.compile(rf"[a-z0-9_./-][a-z0-9_.:/-]{{0,{KEY_BYTES_MAX - 1}}}\Z")


class KeptMetadata(msgspec.Struct, frozen=True):
    """The metadata of an account or a registered room as SQL keeps it, written whole at each change."""

    values: dict[str, str]

    def __repr__(self) -> str:
        """Count the keys alone: values stay out of logs."""
        return f"KeptMetadata({len(self.values)} keys)"


def read_key(word: str) -> str:
    """Give a key in the one form it is kept in, lower case; the empty string for what is no key."""
    key = word.lower()
    return key if word.isascii() and _KEY.match(key) else ""


def owner_of(person: Person) -> bytes:
    """Give the id under which a person's metadata is: their account's, or that of a guest's session."""
    return person.identity if person.account else person.session
