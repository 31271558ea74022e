"""Content keys by id, opened through their visible wraps.

Rule: none that was opened is given after its term key was destroyed.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from parvis.archive.content_keys import ContentKey, UnopenedKey, WrappedKey, unwrap_visible
from parvis.archive.terms import TermKey
from parvis.archive.verify import ClosedKey
from parvis.ports.keys import KeyStore

KEYS_HELD_MAX: Final = 4096
"""Most opened content keys a finder holds."""

_KEY: Final = "SELECT conversation, hour, run, term_key, visible_wrap FROM content_keys WHERE id = ?"

_FIRST: Final = "SELECT first_id FROM content_keys WHERE id = ?"


class KeyFinder:
    """Finds content keys, and holds the latest."""

    def __init__(self, connection: sqlite3.Connection, keys: KeyStore) -> None:
        """Read wraps from a database, and term keys from a key store that may get more of them."""
        self._connection = connection
        self._keys = keys
        self._seen: Sequence[TermKey] = ()
        self._term_keys: dict[bytes, TermKey] = {}
        self._held: OrderedDict[bytes, ContentKey | ClosedKey | None] = OrderedDict()

    def find(self, key_id: bytes) -> ContentKey | ClosedKey | None:
        """Give a key; `ClosedKey` when its term is over, None when it is missing or does not open."""
        term_keys = self._keys.term_keys()
        if term_keys is not self._seen:
            # A day has begun or a term has ended since they were read: what is held may be neither complete nor ours.
            self._seen = term_keys
            self._term_keys = {key.id: key for key in term_keys}
            self._held.clear()
        if key_id in self._held:
            self._held.move_to_end(key_id)
            return self._held[key_id]
        found = self._held[key_id] = self._read(key_id)
        if len(self._held) > KEYS_HELD_MAX:
            self._held.popitem(last=False)
        return found

    def first_of(self, key_id: bytes) -> int:
        """Give the number of the first record under a key, as it is noted; 0 where it is not."""
        row = self._connection.execute(_FIRST, (key_id,)).fetchone()
        return row[0] if row is not None and isinstance(row[0], int) else 0

    def _read(self, key_id: bytes) -> ContentKey | ClosedKey | None:
        row = self._connection.execute(_KEY, (key_id,)).fetchone()
        if row is None:
            return None
        conversation, hour, run, term_key_id, wrap = row
        if not isinstance(hour, int) or not isinstance(run, int):
            return None
        if wrap is None or term_key_id not in self._term_keys:
            return ClosedKey(conversation=conversation, hour=hour, run=run)
        wrapped = WrappedKey(
            id=key_id,
            conversation=conversation,
            hour=hour,
            run=run,
            term_key=term_key_id,
            visible_wrap=wrap,
        )
        try:
            return unwrap_visible(wrapped, self._term_keys[term_key_id])
        except UnopenedKey:
            return None
