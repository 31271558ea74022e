"""The stored rows of the identification vault, for checking them against the audit: nothing is opened here."""

from collections.abc import Iterable, Iterator

from parvis.archive.vault import vault_problems
from parvis.model.audit import VaultSealed
from parvis.ports.sealed import SealedStore


def stored_rows(sealed: SealedStore) -> Iterator[tuple[bytes, Iterator[bytes]]]:
    """Give each key's id with its rows, a few at a time in memory."""
    for key in sealed.vault_keys():
        yield key.id, (row.sealed for row in sealed.vault_rows(key.id))


def check_vault(sealed: SealedStore, told: Iterable[VaultSealed], now_ms: int) -> list[str]:
    """Say what is wrong with what is stored of the vault; each problem is a whole sentence.

    Args:
        sealed: What is stored.
        told: Every record of the audit that tells of a key of the vault.
        now_ms: The time of day.
    """
    return vault_problems(stored_rows(sealed), told, now_ms)
