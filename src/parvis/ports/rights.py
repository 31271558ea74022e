"""What the law lets people ask of what is kept about them: that it goes, and that they are given it."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from parvis.model.ids import IdentityId
from parvis.model.kept import Keep
from parvis.model.records import Unsealed

Hide = Callable[[IdentityId], None]
"""Has nobody shown what an identity wrote any more, at once. Does not wait."""


class EraseAsked(msgspec.Struct, frozen=True):
    """What makes an erasure last: for the batch that closes the account."""

    due_ms: int
    """When what was written goes."""
    record: Unsealed
    keep: Keep


class Rights(Protocol):
    """Erasure and access, as commands ask for them. Called on the event loop; nothing waits.

    Durability: an erasure is durable with the batch that holds its record and value; a link lives in memory alone.
    """

    def erase(self, identity: IdentityId) -> EraseAsked:
        """Begin an erasure of what an account wrote: nobody is shown it any more; it goes after the report window."""

    @property
    def has_pages(self) -> bool:
        """Tell whether this server serves pages: without them a link leads nowhere."""

    def export_link(self, identity: IdentityId) -> str | None:
        """Give the path of a link, good once and for a bounded time, to what is kept about an account.

        None: it was asked for too often.
        """


class TooBusy(Exception):
    """Others are waiting for their files already."""


class Exports(Protocol):
    """What the pages ask: the file behind a link."""

    async def fetch(self, token: str, language: str) -> bytes | None:
        """Give the file of a link, which is good no longer; None: there is no such link, or it was used, or is too old.

        Args:
            token: What follows in its path.
            language: `fr` or `en`.

        Raises:
            ArchiveError: It could not be read. The link is good still.
            TooBusy: Too many wait. The link is good still.
        """
