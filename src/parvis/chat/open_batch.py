"""A batch that a connection has opened and not closed yet."""

from parvis.irc.multiline import Gathering


class OpenBatch:
    """One per connection at most. Refused ones stay until they are closed, so that their later lines go nowhere."""

    __slots__ = ("gathering", "heard_s", "label", "reference")

    def __init__(self, reference: str, label: str | None, heard_s: float, gathering: Gathering | None) -> None:
        """Open it.

        Args:
            reference: What the client calls it.
            label: The label of its opening, under which the whole of it is answered; None: it has been, or has none.
            heard_s: When something of it last came, by the steady clock.
            gathering: Its lines; None: it was refused, and its sender was told.
        """
        self.reference = reference
        self.label = label
        self.heard_s = heard_s
        self.gathering = gathering
