"""Checking what is stored of keys: each wrap opens its outer layer, and stands where its kind belongs.

What is sealed to custodians is not opened; that its outer layer opens says that not one bit of it has changed.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from parvis.archive.content_keys import UnopenedKey, WrappedKey, unwrap_visible
from parvis.archive.custody import UnopenedCustody, custodian_id, lift_term
from parvis.archive.terms import CUSTODY_TERM_OF, HOUR_MS, VISIBLE_TERM_OF, TermKey, TermKind, day_of
from parvis.model.ids import ConversationId

KEYS_AT_ONCE: Final = 500
"""Most rows of one reading."""

HOUR_MAX: Final = 1 << 40
"""Beyond any hour since 1970 that a record's time could be in."""

FAULTS_NAMED_MAX: Final = 1000
"""Most damaged keys that are named; all are counted."""

_KEYS: Final = (
    "SELECT id, conversation, hour, run, term_key, visible_wrap, data, first_id,"
    " (SELECT substr(header, 73, 16) FROM records WHERE records.id = first_id),"
    " EXISTS (SELECT 1 FROM records WHERE records.id = first_id)"
    " FROM content_keys WHERE id > ? ORDER BY id LIMIT ?"
)
_WRAPS: Final = (
    "SELECT custody_wraps.rowid, content_key, custody_wraps.term_key, custodian, wrap, data FROM custody_wraps"
    " LEFT JOIN content_keys ON content_keys.id = content_key WHERE custody_wraps.rowid > ?"
    " ORDER BY custody_wraps.rowid LIMIT ?"
)


class KeyFault(msgspec.Struct, frozen=True, kw_only=True):
    """A stored key that is damaged. `key` is its opaque id in hex."""

    key: str
    what: str


class Keys(msgspec.Struct, kw_only=True):
    """What a check of stored keys found."""

    wraps: int = 0
    """Wraps for custodians whose outer layer was opened."""
    ended: int = 0
    """Wraps whose term key is gone."""
    faults_total: int = 0
    faults: list[KeyFault] = []

    def tell(self, key: bytes, what: str) -> None:
        """Note a damaged key."""
        self.faults_total += 1
        if len(self.faults) < FAULTS_NAMED_MAX:
            # A damaged row may hold anything.
            self.faults.append(KeyFault(key=key.hex() if isinstance(key, bytes) else "?", what=what))


def check_keys(connection: sqlite3.Connection, term_keys: Mapping[bytes, TermKey]) -> Keys:
    """Check every key and wrap that is stored, a few rows at a time."""
    found = Keys()
    custodians = _check_custodians(connection, found)
    live = {(key.kind, key.begins_ms) for key in term_keys.values()}
    _check_content_keys(connection, term_keys, live, found)
    for rowid_row in _pages(connection, _WRAPS, 0):
        _, content_key, term_key_id, custodian, wrap, data = rowid_row
        if custodian not in custodians:
            found.tell(content_key, "a wrap is for custodians that are not known")
        term_key = term_keys.get(term_key_id)
        if data is None:
            # Its content key goes with it; one of the two has gone.
            found.ended += 1
            continue
        if term_key is None:
            found.ended += 1
            continue
        try:
            lift_term(wrap, term_key, content_key)
        except UnopenedCustody:
            found.tell(content_key, "a wrap for custodians is damaged")
            continue
        found.wraps += 1
        if term_key.kind is not TermKind.HOLD and data in _CUSTODY and term_key.kind is not _CUSTODY[data]:
            found.tell(content_key, "a wrap for custodians lies under the term of another kind of data")
    return found


_CUSTODY: Final = {str(data): kind for data, kind in CUSTODY_TERM_OF.items()}
_VISIBLE: Final = {str(data): kind for data, kind in VISIBLE_TERM_OF.items()}


def _check_custodians(connection: sqlite3.Connection, found: Keys) -> set[bytes]:
    known: set[bytes] = set()
    for key_id, suite, public in connection.execute("SELECT id, suite, public FROM custodians"):
        known.add(key_id)
        try:
            named = custodian_id(suite, public)
        except (TypeError, ValueError):
            named = None
        if named != key_id:
            found.tell(key_id, "a custodians' public key is not the one that its id names")
    return known


def _check_content_keys(
    connection: sqlite3.Connection,
    term_keys: Mapping[bytes, TermKey],
    live: set[tuple[TermKind, int]],
    found: Keys,
) -> None:
    for row in _pages(connection, _KEYS, b""):
        key_id, conversation, hour, run, term_key_id, wrap, data, first_id, first_key, has_first = row
        if data not in _VISIBLE:
            found.tell(key_id, "its kind of data is not known")
            continue
        if not isinstance(hour, int) or not 0 <= hour < HOUR_MAX:
            found.tell(key_id, "its hour is no hour")
            continue
        if first_id and (not has_first or first_key not in (None, key_id)):
            found.tell(key_id, "its first record is missing, or lies under another key")
        begins_ms = day_of(hour * HOUR_MS)
        under = connection.execute("SELECT term_key FROM custody_wraps WHERE content_key = ?", (key_id,)).fetchall()
        # Keys made before there were custodians have no first record noted, and no wrap for them.
        if first_id and (_CUSTODY[data], begins_ms) in live and not any(each in term_keys for (each,) in under):
            found.tell(key_id, "its wrap for custodians is missing")
        if wrap is None or term_key_id is None:
            continue
        term_key = term_keys.get(term_key_id)
        if term_key is None:
            if (_VISIBLE[data], begins_ms) in live:
                found.tell(key_id, "its visible wrap is under a term key that is not known")
            continue
        wrapped = WrappedKey(
            id=key_id,
            conversation=ConversationId(conversation),
            hour=hour,
            run=run,
            term_key=term_key_id,
            visible_wrap=wrap,
        )
        try:
            unwrap_visible(wrapped, term_key)
        except UnopenedKey:
            found.tell(key_id, "its visible wrap is damaged, or what it belongs to")
        if term_key.kind is not _VISIBLE[data]:
            found.tell(key_id, "its visible wrap lies under the term of another kind of data")


def _pages(connection: sqlite3.Connection, query: str, after: int | bytes) -> Iterator[tuple]:  # type: ignore[type-arg]
    while rows := connection.execute(query, (after, KEYS_AT_ONCE)).fetchall():
        yield from rows
        after = rows[-1][0]
