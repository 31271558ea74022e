"""After a run that was killed: what its identification vault did not come to is told by the next run.

At most a second of operations is missing, and the records themselves are there: number, time, kind and session. Which
connection of the session it was is known no more; whose connections they were is. Keys of the day that the run had in
memory are gone with it, so the audit is told what lies under them.

Source: docs/adr/0024-the-identification-vault.md.
"""

from collections.abc import Iterator

from parvis.archive import vault
from parvis.archive.record import Header, parse_header, record_id
from parvis.chat.vault import Vault, sealed_entry
from parvis.model.kept import Keep, KeptKind, KeptVault, read
from parvis.ports.archive import Opened
from parvis.ports.sealed import SealedStore, Wanted


def recover(book: Vault, opened: Opened, sealed: SealedStore) -> None:
    """Have the vault go on behind the run before, if that one did not end as it should.

    Raises:
        ArchiveError: What is stored cannot be read.
    """
    before = _kept(opened.kept)
    if before is None or not before.open:
        return
    begins = record_id(opened.run, 0)
    ended = [sealed_entry(key, vault.digest(row.sealed for row in sealed.vault_rows(key.id))) for key in before.open]
    left = vault.operations_of_sessions(_headers(sealed, before.noted + 1, begins - 1))
    book.recover(left, ended)


def _kept(kept: list[Keep]) -> KeptVault | None:
    for each in kept:
        if each.kind is KeptKind.VAULT:
            return read(each, KeptVault)
    return None


def _headers(sealed: SealedStore, first: int, last: int) -> Iterator[tuple[int, Header]]:
    """Give the headers of records that somebody may have read."""
    unseen = sealed.undelivered()
    for row in sealed.rows(Wanted(first_id=first, last_id=last)):
        if row.header is not None and not any(begin <= row.number <= end for begin, end in unseen):
            yield row.number, parse_header(row.header)
