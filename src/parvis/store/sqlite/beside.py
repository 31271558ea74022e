"""Checking what stands beside records and their keys: runs, custodians' keys, the keys of the vault.

No leaf covers these rows. What they say follows from records, from the audit, or from the term key that they lie
under. Source: docs/adr/0023-the-log.md; docs/adr/0021-custodians.md; docs/adr/0024-the-identification-vault.md.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from parvis.archive.custody import UnopenedCustody, lift_term
from parvis.archive.record import COUNTER_BITS, RUN_MAX, MalformedRecord, parse_header, record_id
from parvis.archive.terms import TermKey, TermKind
from parvis.model.audit import AuditEntry, CustodianKeySet

_RUNS: Final = "SELECT run, started_ms, ended_ms FROM runs ORDER BY run"
_RUN_OF: Final = "SELECT max(id) FROM records WHERE id <= ?"
_BEHIND_ALL: Final = (1 << 63) - 1
_HEADER: Final = "SELECT header FROM records WHERE id = ?"
_CUSTODIANS: Final = "SELECT id, shares, threshold, since_ms FROM custodians"
_WRONG_RANGE: Final = (
    "SELECT 1 FROM undelivered WHERE typeof(last_id) != 'integer' OR last_id < first_id"
    " OR NOT EXISTS (SELECT 1 FROM records WHERE records.id = last_id) LIMIT 1"
)
_VAULT_KEYS: Final = "SELECT id, kind, day_ms, custodian, term_key, wrap FROM vault_keys"
_STRAY: Final = "SELECT count(*) FROM vault WHERE key NOT IN (SELECT id FROM vault_keys)"


def problems_beside(
    connection: sqlite3.Connection, term_keys: Mapping[bytes, TermKey], audit: Iterable[AuditEntry]
) -> Iterator[str]:
    """Check them; give each problem as a whole sentence.

    Args:
        connection: The database.
        term_keys: Those of the key store, by id.
        audit: What the audit tells, in order, as far as it can be read.
    """
    if connection.execute("SELECT 1 FROM records WHERE id <= 0 LIMIT 1").fetchone():
        yield "There is a record whose number belongs to no run."
    if connection.execute(_WRONG_RANGE).fetchone():
        yield "What is noted of records that nobody saw is damaged."
    yield from _runs(connection)
    yield from _custodians(connection, [entry for entry in audit if isinstance(entry, CustodianKeySet)])
    yield from _vault_keys(connection, term_keys)


def _runs(connection: sqlite3.Connection) -> Iterator[str]:
    known = set()
    for run, started_ms, ended_ms in connection.execute(_RUNS).fetchall():
        known.add(run)
        if not isinstance(started_ms, int) or not isinstance(ended_ms, int | None) or (ended_ms or started_ms) < 0:
            yield f"When run {run} began or ended is damaged."
            continue
        first_id = record_id(run, 1) if 0 < run <= RUN_MAX else 0
        row = connection.execute(_HEADER, (first_id,)).fetchone()
        try:
            begun_ms = None if row is None or row[0] is None else parse_header(row[0]).time_ms
        except (MalformedRecord, TypeError):
            # The record is named by whoever checks records.
            begun_ms = None
        if begun_ms is not None and begun_ms != started_ms:
            yield f"Run {run} is not noted to have begun when its first record says."
    before = _BEHIND_ALL
    while (newest := connection.execute(_RUN_OF, (before,)).fetchone()[0]) is not None and newest > 0:
        run = newest >> COUNTER_BITS
        if run not in known:
            yield f"There are records of run {run}, and no run of that number is noted."
        before = (run << COUNTER_BITS) - 1


def _custodians(connection: sqlite3.Connection, told: list[CustodianKeySet]) -> Iterator[str]:
    rows = connection.execute(_CUSTODIANS).fetchall()
    by_id = {row[0]: row for row in rows}
    for entry in told:
        row = by_id.get(bytes.fromhex(entry.custodian))
        if row is None:
            yield f"The custodians' key {entry.custodian} that the audit tells of is not there."
        elif (row[1], row[2]) != (entry.shares, entry.threshold):
            yield f"Shares or threshold of the custodians' key {entry.custodian} are not those that the audit tells."
    if not all(isinstance(row[3], int) for row in rows):
        yield "Since when a custodians' key is in use is damaged."
    elif told and rows and max(rows, key=lambda row: row[3])[0] != bytes.fromhex(told[-1].custodian):
        yield "The custodians' key in use is not the newest that the audit tells of."


def _vault_keys(connection: sqlite3.Connection, term_keys: Mapping[bytes, TermKey]) -> Iterator[str]:
    live = {(str(key.kind), key.begins_ms) for key in term_keys.values()}
    custodians = {key_id for (key_id,) in connection.execute("SELECT id FROM custodians")}
    for key_id, kind, day_ms, custodian, term_key_id, wrap in connection.execute(_VAULT_KEYS).fetchall():
        name = key_id.hex() if isinstance(key_id, bytes) else "?"
        term_key = term_keys.get(term_key_id) if isinstance(term_key_id, bytes) else None
        if custodian not in custodians:
            yield f"The vault's key {name} is for custodians that are not known."
        if term_key is None:
            if (kind, day_ms) in live or not isinstance(term_key_id, bytes):
                yield f"The vault's key {name} lies under a term key that is not known."
            continue
        try:
            lift_term(wrap, term_key, key_id)
        except (UnopenedCustody, TypeError):
            yield f"The vault's key {name} is damaged."
            continue
        if term_key.kind is not TermKind.HOLD and (kind, day_ms) != (term_key.kind, term_key.begins_ms):
            yield f"The vault's key {name} is noted under another kind or day than its term key."
    (stray,) = connection.execute(_STRAY).fetchone()
    if stray:
        yield f"{stray} rows of the vault lie under no key of it."
