"""The key store as one small file: the server's secret, its term keys, and the keys that sign its log.

Rule 1: it is replaced whole (written beside, synced, renamed), so a destroyed key is in no journal and no
free page.
Rule 2: it is made once, together with the database, and never made again for records that are already there.
Rule 3: only its owner may read it.

Source: docs/adr/0003-sealing-in-sqlite.md.
"""

import hmac
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

import msgspec

from parvis.archive.log_keys import LogKey
from parvis.archive.terms import RandomBytes, TermKey
from parvis.ports.archive import ArchiveError
from parvis.store import durable

KEYFILE_NAME: Final = "keys.json"
"""Name of the key store in the data folder."""

SECRET_BYTES: Final = 32
"""Random bytes of the server's secret."""

VERSION: Final = 1
"""The only layout of the file so far."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    store: bytes
    secret: bytes
    term_keys: list[TermKey]
    log_keys: list[LogKey] = []

    def __repr__(self) -> str:
        return "_Kept()"


def new_keyfile(store: bytes, random: RandomBytes, term_keys: Sequence[TermKey] = ()) -> bytes:
    """Give the bytes of a new key store that belongs to the database with this id."""
    kept = _Kept(version=VERSION, store=store, secret=random(SECRET_BYTES), term_keys=list(term_keys))
    return msgspec.json.encode(kept)


class KeyFile:
    """A :class:`parvis.ports.keys.KeyStore` in one file."""

    def __init__(self, path: Path) -> None:
        """Read the key store.

        Raises:
            ArchiveError: It is missing, open to others, or not a key store of a known version.
        """
        self._path = path
        self._kept = _read(path)
        self._changing = threading.Lock()

    @property
    def store(self) -> bytes:
        """Id of the database that these keys belong to."""
        return self._kept.store

    def derived(self, purpose: bytes) -> bytes:
        """Give 32 bytes of this server for one purpose: HMAC-SHA256 of the purpose under the secret."""
        return hmac.digest(self._kept.secret, purpose, "sha256")

    def term_keys(self) -> Sequence[TermKey]:
        """Give every term key that is not destroyed."""
        return self._kept.term_keys

    def change_term_keys(self, add: Sequence[TermKey] = (), destroy: Collection[bytes] = ()) -> None:
        """Keep more term keys and destroy others; the file says so, durably, before this returns."""
        with self._changing:
            left = [key for key in self._kept.term_keys if key.id not in destroy]
            kept = msgspec.structs.replace(self._kept, term_keys=[*left, *add])
            durable.replace(self._path, msgspec.json.encode(kept))
            self._kept = kept

    def log_keys(self) -> Sequence[LogKey]:
        """Give every key of the log, the oldest first."""
        return self._kept.log_keys

    def change_log_keys(self, change: Callable[[Sequence[LogKey]], Sequence[LogKey]]) -> None:
        """Keep what a call makes of the keys of the log; the file says so, durably, before this returns."""
        with self._changing:
            kept = msgspec.structs.replace(self._kept, log_keys=list(change(self._kept.log_keys)))
            durable.replace(self._path, msgspec.json.encode(kept))
            self._kept = kept


def _read(path: Path) -> _Kept:
    try:
        if durable.is_open(path):
            raise ArchiveError(f"the key file {path} is open to other users. Make it yours alone: chmod 600 {path}")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArchiveError(
            f"the key file {path} is missing, and without it the records beside it cannot be opened. "
            "Keys are never made anew for records that are there: put the file back from its backup"
        ) from None
    except OSError as fault:
        raise ArchiveError(f"the key file {path} cannot be read: {fault.strerror}") from fault
    try:
        kept = msgspec.json.decode(raw, type=_Kept)
    except msgspec.DecodeError:
        # The cause is left out: it may quote what stands in the file.
        raise ArchiveError(f"the key file {path} is damaged. Put it back from its backup") from None
    if kept.version != VERSION or len(kept.secret) != SECRET_BYTES:
        raise ArchiveError(f"the key file {path} is not of a version this program knows")
    return kept
