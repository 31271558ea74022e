"""What members ask of what is kept about them, as commands and pages reach it."""

import asyncio
from typing import Final

from parvis.app.export_links import TOKEN_BYTES, ExportLinks
from parvis.chat.service import Chat
from parvis.model.ids import IdentityId
from parvis.moderation.erasures import Erasures
from parvis.ports.archive import ArchiveError
from parvis.ports.clock import Clock
from parvis.ports.keys import KeyStore
from parvis.ports.rights import EraseAsked, TooBusy
from parvis.ports.sealed import SealedStore

EXPORT_PATH: Final = "/export/"
"""Where pages give an export; the token follows."""
WAITING_MAX: Final = 8
"""Most who wait for their files at a time; further ones are told to try again. Ours."""
_TOKEN_CHARACTERS_MAX: Final = 2 * TOKEN_BYTES


class OwnRights:
    """A :class:`parvis.ports.rights.Rights`."""

    def __init__(self, erasures: Erasures, links: ExportLinks, clock: Clock, *, has_pages: bool) -> None:
        """Know what does it.

        Args:
            erasures: Erases.
            links: Makes links.
            clock: The time.
            has_pages: Whether any listener serves pages: without one a link leads nowhere.
        """
        self._erasures = erasures
        self._links = links
        self._clock = clock
        self._has_pages = has_pages

    @property
    def has_pages(self) -> bool:
        """Tell whether this server serves pages."""
        return self._has_pages

    def erase(self, identity: IdentityId) -> EraseAsked:
        """Begin an erasure that is due when the report window is over."""
        return self._erasures.ask(identity, self._clock.now_ms(), at_once=False)

    def export_link(self, identity: IdentityId) -> str | None:
        """Give the path of a new link."""
        token = self._links.make(identity, self._clock.now_ms())
        return None if token is None else EXPORT_PATH + token


class ExportDesk:
    """A :class:`parvis.ports.rights.Exports`: one file at a time, made in a thread."""

    def __init__(self, chat: Chat, links: ExportLinks, sealed: SealedStore, keys: KeyStore) -> None:
        """Serve the links of a chat."""
        self._chat = chat
        self._links = links
        self._sealed = sealed
        self._keys = keys
        self._one = asyncio.Lock()
        self._waiting = 0

    async def fetch(self, token: str, language: str) -> bytes | None:
        """Use a link up and give its file."""
        if len(token) > _TOKEN_CHARACTERS_MAX:
            return None
        if self._waiting >= WAITING_MAX:
            raise TooBusy
        self._waiting += 1
        try:
            return await self._made(token, language)
        finally:
            self._waiting -= 1

    async def _made(self, token: str, language: str) -> bytes | None:
        # Imported for the first export, and not for every start.
        from parvis.app.about import about
        from parvis.moderation.exports import make_export

        identity = self._links.take(token, self._chat.clock.now_ms())
        if identity is None:
            return None
        async with self._one:
            account = self._chat.world.accounts.get(identity)
            if account is None:
                # It was closed since the link was made.
                return None
            now_ms = self._chat.clock.now_ms()
            told = about(self._chat, account)
            try:
                return await asyncio.to_thread(make_export, told, self._sealed, self._keys, now_ms, language)
            except ArchiveError:
                self._links.give_back(token, identity, now_ms)
                raise
