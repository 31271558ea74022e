"""Words for people, before a language is chosen: the id of a message and what stands in its gaps.

The messages themselves are Fluent files, `words/LANGUAGE/*.ftl`; every language has every id, and a test says so.
"""

import msgspec


class Words(msgspec.Struct, frozen=True):
    """One message for a person. Gaps hold names, counts and lengths of time, never more text than a name."""

    id: str
    gaps: dict[str, str | int] = {}

    def __repr__(self) -> str:
        """Give the id alone: names stay out of logs."""
        return f"Words({self.id})"


Told = str | Words
"""What a person is to read: words in any language, or a text that has one."""
