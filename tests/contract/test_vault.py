"""Every adapter of the archive keeps what the identification vault is told, and gives it back in its order.

Source: src/parvis/ports/archive.py, `Upkeep`; src/parvis/ports/sealed.py; docs/adr/0024-the-identification-vault.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, MemoryStage, SqliteStage, Stage, a_batch, sealed

from parvis.archive import vault
from parvis.archive.terms import DAY_MS, TermKind
from parvis.model.audit import VaultSealed, audit_record
from parvis.ports.archive import VAULT_ROWS_MAX, Archive, Batch, Sealed, Unavailable, Upkeep, VaultKey, VaultRow
from parvis.ports.sealed import SealedStore
from parvis.store.memory import Fault
from parvis.store.memory_sealed import MemorySealed
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.vault import check_vault

DAY = NOON_MS - NOON_MS % DAY_MS
KEY = vault.DayKey(id=b"k" * 16, kind=TermKind.CONNECTIONS, day_ms=DAY, key=b"K" * 32)
STORED = VaultKey(id=KEY.id, kind=KEY.kind, day_ms=DAY, custodian=b"c" * 16, term_key=b"t" * 16, wrap=b"wrap")


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Give a stage of each adapter, and close what is left open on it."""
    made: Stage = request.param(tmp_path)
    yield made
    if isinstance(made, SqliteStage):
        made.driver.goes_on.set()
        for archive in made.made:
            archive.close()


def opened(stage: Stage) -> tuple[Archive, SealedStore]:
    """Open an archive, and what reads beside it."""
    archive = stage.archive()
    archive.open(stage.clock())
    if isinstance(stage, SqliteStage):
        return archive, SqliteSealed(stage.data_dir)
    assert isinstance(stage, MemoryStage)
    return archive, MemorySealed(stage.store)


def rows(first: int, count: int) -> tuple[VaultRow, ...]:
    """Seal rows with these numbers."""
    entry = vault.Ended(time_ms=NOON_MS, connection=b"c" * 16)
    (plaintext,) = vault.pack_rows([entry])
    return tuple(
        VaultRow(key=KEY.id, sealed=vault.seal_row(KEY, at, plaintext, at.to_bytes(12)))
        for at in range(first, first + count)
    )


def told(found: vault.Digest) -> VaultSealed:
    """Make what the audit tells of the key."""
    return VaultSealed(
        key=KEY.id.hex(), kind=KEY.kind, day_ms=DAY, rows=found.rows, digest=found.hex(), ends_ms=NOON_MS + DAY_MS
    )


def test_keys_and_rows_are_durable_with_the_batch_and_read_in_order(stage: Stage) -> None:
    """Of one key each, in the order in which they were written."""
    archive, store = opened(stage)
    batch = a_batch(b"one")
    batch.upkeep.append(Upkeep(vault_keys=(STORED,), vault=rows(0, 2)))
    assert isinstance(sealed(stage, archive, batch), Sealed)
    alone = Batch([], upkeep=[Upkeep(vault=rows(2, 1))])
    assert isinstance(sealed(stage, archive, alone), Sealed)
    assert store.vault_keys() == [STORED]
    found = list(store.vault_rows(KEY.id))
    assert found == list(rows(0, 3))
    assert list(store.vault_rows(b"x" * 16)) == []
    entry = told(vault.digest(row.sealed for row in found))
    assert check_vault(store, [entry], NOON_MS) == []
    assert len(check_vault(store, [told(vault.digest(row.sealed for row in found[:2]))], NOON_MS)) == 1


@pytest.mark.parametrize("fault", [Fault.FAILS, Fault.UNKNOWN])
def test_a_commit_that_is_made_again_leaves_each_row_once_for_who_reads(stage: Stage, fault: Fault) -> None:
    """It may have been durable although it failed: then key and rows are written once more, as they were."""
    archive, store = opened(stage)
    batch = a_batch(b"one")
    batch.upkeep.append(Upkeep(vault_keys=(STORED,), vault=rows(0, 2)))
    stage.let_fail(fault)
    assert isinstance(sealed(stage, archive, batch), Unavailable)
    assert isinstance(sealed(stage, archive, batch), Sealed)
    assert store.vault_keys() == [STORED]
    found = [row.sealed for row in store.vault_rows(KEY.id)]
    assert list(vault.without_repeats(found)) == [row.sealed for row in rows(0, 2)]
    assert check_vault(store, [told(vault.digest(found))], NOON_MS) == []


def test_rows_are_dropped_in_parts_and_the_key_with_the_last(stage: Stage) -> None:
    """What has ended is no problem to who checks, whole or in part."""
    archive, store = opened(stage)
    many = rows(0, VAULT_ROWS_MAX + 1)
    entry = told(vault.digest(row.sealed for row in many))
    first = Batch([audit_record(entry)], upkeep=[Upkeep(vault_keys=(STORED,), vault=many)])
    assert isinstance(sealed(stage, archive, first), Sealed)
    drop = Batch([], upkeep=[Upkeep(drop_vault=(KEY.id,))])
    assert isinstance(sealed(stage, archive, drop), Sealed)
    assert (len(list(store.vault_rows(KEY.id))), len(store.vault_keys())) == (1, 1)
    assert check_vault(store, [entry], entry.ends_ms) == []
    assert len(check_vault(store, [entry], entry.ends_ms - 1)) == 1
    assert isinstance(sealed(stage, archive, drop), Sealed)
    assert store.vault_keys() == []
    assert check_vault(store, [entry], entry.ends_ms) == []
    assert len(check_vault(store, [entry], entry.ends_ms - 1)) == 1
