"""Whom somebody has chosen to read nothing from, as it is kept for an account over a restart."""

import msgspec


class KeptSilence(msgspec.Struct, frozen=True, kw_only=True):
    """The masks of one account, in the order they were listed. Written whole at each change."""

    masks: tuple[str, ...]

    def __repr__(self) -> str:
        """Give the count alone: names stay out of logs."""
        return f"KeptSilence({len(self.masks)} masks)"
