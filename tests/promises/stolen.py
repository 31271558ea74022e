"""What somebody gets out of a copy of everything a server has: they try every key there against every wrap and row."""

import shutil
import tempfile
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from parvis.archive import custody
from parvis.archive.content_keys import (
    ContentKey,
    UnopenedKey,
    WrappedKey,
    custody_info,
    unwrap_visible,
)
from parvis.archive.reading import opened_record
from parvis.archive.record import UnopenedRecord, parse_header
from parvis.archive.terms import TermKey
from parvis.ports.sealed import StoredKey, Wanted
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.sealed import SqliteSealed


def everything(folder: Path) -> dict[str, bytes]:
    """Give the bytes of every file of a data folder, write-ahead log and passing names included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def holds_words(raw: bytes, words: bytes) -> bool:
    """Tell whether words stand in bytes, in clear or as base64 would write them at any place."""
    forms = [words, words.decode().encode("utf-16-le")]
    forms += [b64encode(bytes(shift) + words)[(shift * 8 + 5) // 6 : -4] for shift in range(3)]
    return any(form in raw for form in forms)


def readable(folder: Path, seed: bytes | None = None) -> list[bytes]:
    """Open whatever opens in a copy of a data folder.

    Args:
        folder: The data folder; a server may be running over it, and the copy is made of all its files.
        seed: The custodians' private half, if all of them help.
    """
    with tempfile.TemporaryDirectory() as stolen:
        copy = Path(stolen) / "copy"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("control.sock", "*-shm"))
        keys = KeyFile(copy / KEYFILE_NAME)
        return lines_of(copy, list(keys.term_keys()), seed)


def lines_of(folder: Path, term_keys: list[TermKey], seed: bytes | None) -> list[bytes]:
    """Open every row of a database with whatever key some wrap gives."""
    sealed = SqliteSealed(folder)
    content_keys = {key for stored in sealed.content_keys() for key in _opened(sealed, stored, term_keys, seed)}
    by_id: dict[bytes, list[bytes]] = {}
    for key_id, key in content_keys:
        by_id.setdefault(key_id, []).append(key)
    found: list[bytes] = []
    for row in sealed.rows(Wanted()):
        if row.header is None or row.ciphertext is None:
            continue
        for key in by_id.get(parse_header(row.header).content_key, []):
            with suppress(UnopenedRecord):
                found.append(opened_record(row.header, row.ciphertext, key, undelivered=False).line)
    return found


def _opened(
    sealed: SqliteSealed, stored: StoredKey, term_keys: list[TermKey], seed: bytes | None
) -> set[tuple[bytes, bytes]]:
    """Open one content key in every way there is."""
    found: set[tuple[bytes, bytes]] = set()
    about = ContentKey(id=stored.id, conversation=stored.conversation, hour=stored.hour, run=stored.run, key=b"")
    for term_key in term_keys:
        if stored.visible_wrap is not None:
            wrapped = WrappedKey(
                id=stored.id,
                conversation=stored.conversation,
                hour=stored.hour,
                run=stored.run,
                term_key=term_key.id,
                visible_wrap=stored.visible_wrap,
            )
            with suppress(UnopenedKey):
                found.add((stored.id, unwrap_visible(wrapped, term_key).key))
        for wrap in sealed.wraps_of(stored.id):
            with suppress(custody.UnopenedCustody):
                inner = custody.lift_term(wrap.wrap, term_key, stored.id)
                if seed is not None:
                    info = custody_info(about, wrap.custodian)
                    found.add((stored.id, custody.open_sealed(custody.private_key(seed), inner, info)))
    return found
