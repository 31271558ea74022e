"""Upkeep as SQL: what goes, what is wrapped anew, what is noted of it. The caller holds the transaction."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from parvis.archive.content_keys import CustodyWrap, MadeKey
from parvis.archive.custody import CustodianKey
from parvis.ports.archive import VAULT_ROWS_MAX, Upkeep

_PUT_KEY: Final = "INSERT INTO content_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_WRAP: Final = "INSERT OR REPLACE INTO custody_wraps VALUES (?, ?, ?, ?)"
_PUT_CUSTODIAN: Final = "INSERT OR REPLACE INTO custodians VALUES (?, ?, ?, ?, ?, ?, ?)"
_CUSTODIANS: Final = (
    "SELECT id, suite, public, shares, threshold, since_ms, share_checks FROM custodians ORDER BY since_ms, id DESC"
)
_ERASE: Final = "UPDATE records SET header = NULL, salt = NULL, ciphertext = NULL WHERE id = ?"
_CLOSE: Final = "UPDATE content_keys SET term_key = NULL, visible_wrap = NULL WHERE id = ?"
_PLACE: Final = "UPDATE content_keys SET data = ?, first_id = ? WHERE id = ?"
_DROP_WRAP: Final = "DELETE FROM custody_wraps WHERE content_key = ? AND term_key = ?"
_DROP_KEY: Final = "DELETE FROM content_keys WHERE id = ?"
_PUT_ABSENCE: Final = "INSERT INTO absences VALUES (?, ?, ?)"
_PUT_VAULT_KEY: Final = "INSERT OR REPLACE INTO vault_keys VALUES (?, ?, ?, ?, ?, ?)"
_PUT_VAULT: Final = "INSERT INTO vault (key, sealed) VALUES (?, ?)"
_DROP_VAULT: Final = "DELETE FROM vault WHERE id IN (SELECT id FROM vault WHERE key = ? LIMIT ?)"
_DROP_VAULT_KEY: Final = "DELETE FROM vault_keys WHERE id = ? AND NOT EXISTS (SELECT 1 FROM vault WHERE key = ?)"


def put_key(connection: sqlite3.Connection, made: MadeKey) -> None:
    """Write a content key that was just made, wrapped twice."""
    key = made.wrapped
    row = (key.id, key.conversation, key.hour, key.run, key.term_key, key.visible_wrap, key.data, key.first_id)
    connection.execute(_PUT_KEY, row)
    _put_wrap(connection, made.custody)


def put_custodian(connection: sqlite3.Connection, key: CustodianKey) -> None:
    """Write a custodians' key."""
    row = (key.id, key.suite, key.public, key.shares, key.threshold, key.since_ms, key.share_checks)
    connection.execute(_PUT_CUSTODIAN, row)


def all_custodians(connection: sqlite3.Connection) -> list[CustodianKey]:
    """Read every custodians' key there was, the newest, which is in use, last."""
    names = CustodianKey.__struct_fields__
    return [CustodianKey(**dict(zip(names, row, strict=True))) for row in connection.execute(_CUSTODIANS)]


def newest_custodian(connection: sqlite3.Connection) -> CustodianKey | None:
    """Read the custodians' key in use; None where there never was one."""
    keys = all_custodians(connection)
    return keys[-1] if keys else None


def put(connection: sqlite3.Connection, upkeep: Upkeep) -> None:
    """Do all of one part of upkeep."""
    if upkeep.custodian is not None:
        put_custodian(connection, upkeep.custodian)
    if upkeep.absences is not None:
        connection.execute("DELETE FROM absences")
        rows = [(absence.first_id, absence.last_id, absence.why) for absence in upkeep.absences]
        connection.executemany(_PUT_ABSENCE, rows)
    _each(connection, _ERASE, [(number,) for number in upkeep.erase])
    _each(connection, _CLOSE, [(key,) for key in upkeep.close_visible])
    _each(connection, _PLACE, [(place.data, place.first_id, place.key) for place in upkeep.place_keys])
    for wrap in upkeep.add_wraps:
        _put_wrap(connection, wrap)
    _each(connection, _DROP_WRAP, upkeep.drop_wraps)
    _each(connection, _DROP_KEY, [(key,) for key in upkeep.drop_keys])
    for vault_key in upkeep.vault_keys:
        row = (vault_key.id, vault_key.kind, vault_key.day_ms, vault_key.custodian, vault_key.term_key, vault_key.wrap)
        connection.execute(_PUT_VAULT_KEY, row)
    _each(connection, _PUT_VAULT, [(row.key, row.sealed) for row in upkeep.vault])
    for key in upkeep.drop_vault:
        connection.execute(_DROP_VAULT, (key, VAULT_ROWS_MAX))
        connection.execute(_DROP_VAULT_KEY, (key, key))


def _each(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    """Run a statement for each row. With none it is not begun: that alone gives up the interpreter's lock."""
    if rows:
        connection.executemany(statement, rows)


def _put_wrap(connection: sqlite3.Connection, wrap: CustodyWrap) -> None:
    connection.execute(_PUT_WRAP, (wrap.content_key, wrap.term_key, wrap.custodian, wrap.wrap))
