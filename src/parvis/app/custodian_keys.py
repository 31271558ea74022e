"""Custodians' keys: making one with its shares, and knowing a share again. For programs apart, never for the server."""

import hmac
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from parvis.app import shares as slip39
from parvis.app.secret_memory import wipe
from parvis.archive import custody
from parvis.archive.custody import CustodianKey


class Known(msgspec.Struct, frozen=True):
    """Where a share belongs: to this key, as this one of its shares."""

    key: CustodianKey
    number: int


def make(shares: int, threshold: int, now_ms: int) -> tuple[CustodianKey, list[str]]:
    """Make a key and split it: its public half, and the words of each share. The private half is nowhere else.

    Raises:
        ValueError: It cannot be split so.
    """
    seed = bytearray(os.urandom(custody.SEED_BYTES))
    try:
        words = slip39.split(seed, shares, threshold)
        public = custody.public_bytes(bytes(seed))
    finally:
        wipe(seed)
    own_id = custody.custodian_id(custody.HYBRID, public)
    checks = b"".join(slip39.check_of(own_id, share) for share in words)
    return custody.custodian_key(public, shares, threshold, now_ms, checks), words


def find(words: str, keys: Sequence[CustodianKey]) -> Known | None:
    """Say to which of these keys a share belongs; None if to none of them.

    Raises:
        BadShares: It is no share at all.
    """
    facts = slip39.describe(words)
    for key in reversed(keys):
        if facts.threshold == key.threshold and facts.index <= key.shares and _belongs(words, facts.index, key):
            return Known(key, facts.index)
    return None


def _belongs(words: str, index: int, key: CustodianKey) -> bool:
    if key.threshold == 1:
        # One share is the whole key: what it opens says more than what is noted of it.
        seed = slip39.combine([words])
        try:
            return custody.custodian_id(key.suite, custody.public_bytes(bytes(seed))) == key.id
        finally:
            wipe(seed)
    noted = key.share_checks[(index - 1) * custody.SHARE_CHECK_BYTES : index * custody.SHARE_CHECK_BYTES]
    return hmac.compare_digest(noted, slip39.check_of(key.id, words))


def keys_of(data_dir: Path) -> list[CustodianKey]:
    """Read every custodians' key of an archive, the one in use last; none where there is no archive yet.

    Raises:
        ArchiveError: It cannot be read.
    """
    from parvis.store.sqlite.database import DATABASE_NAME
    from parvis.store.sqlite.sealed import SqliteSealed

    return SqliteSealed(data_dir).custodians() if (data_dir / DATABASE_NAME).exists() else []
