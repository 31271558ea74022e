"""Content keys of the schema before custodians' wraps: wrapped for them at the first start that knows of custodians.

Such a key bears `first_id` 0, which no other does. Each part is a batch like any other: what it adds, and the record of
the audit that tells of it. A start that was cut short goes on with what is left at the next one.

Whether a conversation was private nobody noted then. One in which people only ever wrote is private; what belongs to
a room begins with somebody's coming in. Decisions lay among the presences of everybody, and stay there.

Source: docs/adr/0020-terms-and-wraps.md; docs/adr/0027-damage-and-repair.md.
"""

import sqlite3
from collections.abc import Iterator
from typing import Final

from parvis.archive.content_keys import ContentKey, CustodyWrap, wrap_for_custodians
from parvis.archive.custody import NONCE_BYTES, CustodianKey
from parvis.archive.record import record_id
from parvis.archive.terms import CUSTODY_TERM_OF, HOUR_MS, RandomBytes
from parvis.model.audit import KeysAdopted, audit_record
from parvis.model.ids import PRESENCE
from parvis.model.records import DataKind, RecordKind
from parvis.ports.archive import Batch, KeyPlace, Upkeep
from parvis.ports.keys import KeyStore
from parvis.store.beginning import TermBook
from parvis.store.sqlite.key_finder import KeyFinder

KEYS_AT_ONCE: Final = 200
"""Content keys of one part: some 15 ms of wrapping."""

_WRITTEN: Final = bytes((RecordKind.MESSAGE, RecordKind.NOTICE, RecordKind.TAG_MESSAGE, RecordKind.REDACTED))
"""Kinds of records of which a private conversation consists."""

_UNPLACED: Final = "SELECT id, conversation, hour, run FROM content_keys WHERE first_id = 0 ORDER BY id"
# Where the fields stand in a header, counted from 1 (archive/record.py).
_FIRST_RECORDS: Final = "SELECT substr(header, 73, 16), min(id) FROM records WHERE header IS NOT NULL GROUP BY 1"
_ROOMS: Final = (
    "SELECT substr(header, 57, 16) FROM records WHERE header IS NOT NULL AND instr(?, substr(header, 2, 1)) = 0"
    " UNION SELECT id FROM rooms"
)


def adopting(
    connection: sqlite3.Connection, keys: KeyStore, terms: TermBook, custodian: CustodianKey, random: RandomBytes
) -> Iterator[Batch]:
    """Give the parts that give every older content key its place and, where the server can open it, a custodians' wrap.

    Args:
        connection: The writer's; each part is to be committed before the next is asked for.
        keys: Where term keys are.
        terms: Gives the term keys of the days of these content keys, and makes those that never were.
        custodian: Whom they are wrapped for.
        random: Where random bytes come from.
    """
    unplaced = connection.execute(_UNPLACED).fetchall()
    if not unplaced:
        return
    first_records: dict[bytes, int] = dict(connection.execute(_FIRST_RECORDS))
    rooms = {PRESENCE, *(conversation for (conversation,) in connection.execute(_ROOMS, (_WRITTEN,)))}
    finder = KeyFinder(connection, keys)
    for at in range(0, len(unplaced), KEYS_AT_ONCE):
        places: list[KeyPlace] = []
        wraps: list[CustodyWrap] = []
        for key_id, conversation, hour, run in unplaced[at : at + KEYS_AT_ONCE]:
            data = DataKind.ROOMS if conversation in rooms else DataKind.PRIVATE
            # Of a key without any record, the first that its run could have.
            places.append(KeyPlace(key=key_id, data=data, first_id=first_records.get(key_id, record_id(run, 1))))
            key = finder.find(key_id)
            if isinstance(key, ContentKey):
                term_key = terms.covering(CUSTODY_TERM_OF[data], hour * HOUR_MS)
                wraps.append(wrap_for_custodians(key, custodian, term_key, random(NONCE_BYTES)))
        entry = KeysAdopted(wrapped=len(wraps), closed=len(places) - len(wraps))
        yield Batch([audit_record(entry)], upkeep=[Upkeep(place_keys=tuple(places), add_wraps=tuple(wraps))])
