"""The identification vault opened with the custodians' seed, as an opening does it; for tests alone."""

from collections.abc import Iterator, Sequence

from parvis.archive import custody, vault
from parvis.archive.terms import TermKey
from parvis.model.audit import VaultSealed, read_entry
from parvis.model.records import RecordKind
from parvis.ports.archive import VaultKey
from parvis.ports.sealed import SealedStore
from parvis.store.memory import MemoryStore
from parvis.store.memory_sealed import MemorySealed
from parvis.store.vault import check_vault


def day_key(stored: VaultKey, term_keys: Sequence[TermKey], seed: bytes) -> bytes:
    """Open the key of a day."""
    (term_key,) = [key for key in term_keys if key.id == stored.term_key]
    sealed = custody.lift_term(stored.wrap, term_key, stored.id)
    info = vault.key_info(stored.id, stored.kind, stored.day_ms, stored.custodian)
    return vault.open_day_key(custody.private_key(seed), sealed, info)


def entries_under(
    sealed: SealedStore, stored: VaultKey, term_keys: Sequence[TermKey], seed: bytes
) -> Iterator[vault.Entry]:
    """Give what lies under one key."""
    key = day_key(stored, term_keys, seed)
    for row in vault.without_repeats(row.sealed for row in sealed.vault_rows(stored.id)):
        yield from vault.read_entries(vault.open_row(key, stored.id, row))


def all_entries(sealed: SealedStore, term_keys: Sequence[TermKey], seed: bytes) -> list[vault.Entry]:
    """Give every entry, the oldest day first."""
    return [entry for stored in sealed.vault_keys() for entry in entries_under(sealed, stored, term_keys, seed)]


def entries_of(store: MemoryStore) -> list[vault.Entry]:
    """Give every entry of a store in memory."""
    return all_entries(MemorySealed(store), store.keys.term_keys(), store.custodian_seed)


def operations_in(entries: Sequence[vault.Entry]) -> list[vault.Operation]:
    """Give the operations among entries."""
    return [each for entry in entries if isinstance(entry, vault.Operations) for each in vault.operations_of(entry)]


def told_by(store: MemoryStore) -> list[VaultSealed]:
    """Give what the audit tells of the vault."""
    lines = [record.line for record in store.opened_records() if record.header.kind is RecordKind.AUDIT]
    told = map(read_entry, lines)
    return [entry for entry in told if isinstance(entry, VaultSealed)]


def problems_of(store: MemoryStore, now_ms: int) -> list[str]:
    """Compare what is stored of the vault with what the audit tells of it."""
    return check_vault(MemorySealed(store), told_by(store), now_ms)
