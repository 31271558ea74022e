"""Checking a whole archive: every record, every stored key, and whether all of it is what was signed.

Nothing is written, and the server may be running. Records are checked in parts, by as many processes as the machine has
cores once there are many; what they share is what a part's report holds.

Source: docs/adr/0023-the-log.md.
"""

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from parvis.archive import absences as noted
from parvis.archive.checkpoint import (
    Checkpoint,
    MalformedNote,
    UnsignedNote,
    VerifierKey,
    parse_checkpoint,
    parse_note,
    verify_note,
)
from parvis.archive.comparing import LOOK_AHEAD, Difference, Roots, difference
from parvis.archive.content_keys import ContentKey
from parvis.archive.merkle import HASH_BYTES, TILE_WIDTH, Tile, leaf_hash, split, tile_width
from parvis.archive.reading import opened_record
from parvis.archive.record import MalformedRecord, UnopenedRecord, parse_header, record_id
from parvis.archive.vault import vault_problems
from parvis.archive.verify import ABSENT, Check, Fault, Ranges, Report, absences_told
from parvis.model.audit import VaultSealed, read_entry
from parvis.model.ids import AUDIT
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.log.folder import LOG_NAME, LogFolder, MissingTile
from parvis.store.sqlite.database import DATABASE_NAME, connect, uri_of
from parvis.store.sqlite.key_finder import KeyFinder
from parvis.store.sqlite.reader import audit_records, reading
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.wraps import Keys, check_keys

ROWS_AT_ONCE: Final = 1000
"""Most records of one reading transaction."""

PART_RECORDS: Final = 16_384
"""Most records of a part: half a megabyte of leaf hashes comes back from it."""

ALONE_RECORDS: Final = 40_000
"""Up to so many one process is quicker than several, which take a third of a second to begin."""

PROCESSES_MAX: Final = 8
"""Most processes that check."""

_ROWS: Final = "SELECT id, header, salt, ciphertext, leaf FROM records WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
_NEXT: Final = "SELECT id FROM records WHERE id > ? AND id <= ? ORDER BY id LIMIT 1"
_EMPTY_RUNS: Final = (
    "SELECT run FROM runs WHERE NOT EXISTS (SELECT 1 FROM records"
    " WHERE records.id BETWEEN run << 40 AND (run + 1 << 40) - 1)"
)
_AUDIT_BEHIND: Final = (
    "SELECT header, ciphertext FROM records WHERE id > ? AND substr(header, 57, 16) = ? ORDER BY id DESC"
)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint that is kept elsewhere, as it was fetched, and what its file is called."""

    name: str
    raw: bytes


class CheckpointVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint says of the archive."""

    name: str
    size: int
    root: str
    """In hex."""
    matches: bool
    why: str = ""
    """Why it does not."""
    signed_by: list[str] = []


class Verification(Report, kw_only=True):
    """What a check of everything found. Problems count all of it."""

    keys: Keys = msgspec.field(default_factory=Keys)
    checkpoints: list[CheckpointVerdict] = msgspec.field(default_factory=list)
    difference: Difference | None = None
    """The first record that is not as it was signed, where that can be told."""
    notes: list[str] = msgspec.field(default_factory=list)
    """What else there is to say, in whole sentences; those about something wrong are counted."""

    told_otherwise: int = 0
    """Problems that are told by notes and checkpoints."""

    def wrong(self, sentence: str) -> None:
        """Say something that is wrong and belongs to no record."""
        self.problems_total += 1
        self.told_otherwise += 1
        self.notes.append(sentence)

    def first_fault(self) -> Difference | None:
        """Name the first record that is not as it was, by what was signed or else by itself."""
        by_itself = None
        if self.problems:
            named = [(each.run, each.from_counter or each.counter, each.fault) for each in self.problems]
            run, counter, fault = min(named)
            by_itself = Difference(fault=fault, run=run, counter=counter)
        signed = self.difference
        if signed is None or by_itself is None:
            return signed or by_itself
        # Where both name one record, its place in the log is known.
        return by_itself if (by_itself.run, by_itself.counter) < (signed.run, signed.counter) else signed


class _Mark(msgspec.Struct, frozen=True):
    """A checkpoint that a key we trust has signed."""

    name: str
    checkpoint: Checkpoint
    signed_by: list[str]


def verify_archive(
    data_dir: Path,
    *,
    held: Sequence[Held] = (),
    trusted: Sequence[VerifierKey] = (),
    mirror: Path | None = None,
    now_ms: int | None = None,
) -> Verification:
    """Check everything that is there when the check begins; the server may be running.

    Args:
        data_dir: The data folder.
        held: Checkpoints that are kept elsewhere.
        trusted: Keys that these must be signed with, in place of those of the key store.
        mirror: A copy of the log's files that was kept elsewhere.
        now_ms: The time of day, by which rows of the vault may be gone; that of this machine when absent.

    Raises:
        ArchiveError: The store cannot be read at all.
    """
    with reading(data_dir) as (connection, keys):
        found = Verification()
        own = LogFolder(data_dir / LOG_NAME)
        ours = [key.verifier for key in keys.log_keys()]
        # Read before the records: what is signed is there.
        newest = own.checkpoint()
        marks: list[_Mark] = []
        for name, raw in _own_checkpoints(own, newest):
            _mark(found, marks, name, raw, ours)
        for each in held:
            _mark(found, marks, each.name, each.raw, trusted or ours)
        own_size = max((mark.checkpoint.size for mark in marks if mark.name == _NEWEST), default=0)
        sources = [_Tiles("the mirror", LogFolder(mirror), None)] if mirror is not None else []
        sources.append(_Tiles("the log's own tiles", own, own_size))
        roots = Roots([mark.checkpoint.size for mark in marks])
        head = SqliteSealed(data_dir).head()
        _check_records(connection, data_dir, found, roots, sources)
        _check_absences(connection, keys, found, head)
        found.keys = check_keys(connection, {key.id: key for key in keys.term_keys()})
        found.problems_total += found.keys.faults_total
        for problem in _vault_problems(data_dir, now_ms):
            found.wrong(problem)
        _compare(connection, found, marks, roots, sources)
        return found


_NEWEST: Final = "log/checkpoint"


def _own_checkpoints(own: LogFolder, newest: bytes | None) -> Iterator[tuple[str, bytes]]:
    for raw in own.old_checkpoints():
        yield "log/old", raw
    for raw, _ in own.stamps():
        yield "log/stamped", raw
    if newest is not None:
        yield _NEWEST, newest


def _mark(found: Verification, marks: list[_Mark], name: str, raw: bytes, known: Sequence[VerifierKey]) -> None:
    """Read a checkpoint and check who signed it."""
    try:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
        signers = verify_note(note, known)
        if all(signer.name != checkpoint.origin for signer in signers):
            raise UnsignedNote(f"it is of {checkpoint.origin}, and no key of that name has signed it")
    except (MalformedNote, UnsignedNote) as wrong:
        found.wrong(f"The checkpoint {name} cannot be relied on: {wrong}.")
        return
    marks.append(_Mark(name, checkpoint, [str(signer) for signer in signers]))


# Records


def _check_records(
    connection: sqlite3.Connection, data_dir: Path, found: Verification, roots: Roots, sources: "list[_Tiles]"
) -> None:
    runs = SqliteSealed(data_dir).runs()
    lost = _lost(connection)
    for part in _parts(data_dir, list(_ranges(connection)), sum(count for _, count in runs)):
        index = found.records
        for source in sources:
            source.compare(index, part.leaf_hashes)
        roots.append(split(part.leaf_hashes))
        found.add(part, lost)
    # A run and its first record are one transaction, so that also a run that begins now has one.
    for (run,) in connection.execute(_EMPTY_RUNS):
        found.tell(record_id(run, 0), "run has no record", Fault.MISSING)


def _ranges(connection: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    """Cut what is there into parts by number: the first excluded, the last included.

    Each begins at a record that is there: a number may be damaged, and the space in front of it is without end.
    """
    ((head,),) = connection.execute("SELECT max(id) FROM records").fetchall()
    after = 0
    while row := connection.execute(_NEXT, (after, head)).fetchone():
        last = min(row[0] + PART_RECORDS - 1, head)
        yield row[0] - 1, last
        after = last


def _parts(data_dir: Path, ranges: Sequence[tuple[int, int]], records: int) -> Iterator[Report]:
    """Check the parts, in order; several at a time when there are many, and never more in memory than that."""
    processes = min(os.cpu_count() or 1, PROCESSES_MAX)
    if records <= ALONE_RECORDS or processes == 1:
        with reading(data_dir) as (connection, keys):
            finder = KeyFinder(connection, keys)
            for each in ranges:
                yield _checked(connection, finder, *each)
        return
    # Not forked: this process may have threads.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            waiting: list[Future[Report]] = []
            for each in ranges:
                waiting.append(pool.submit(_checked_apart, data_dir, *each))
                if len(waiting) > 2 * processes:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()
    except BrokenProcessPool as broken:
        raise ArchiveError("a process that checked records was ended; try again") from broken


def _checked(connection: sqlite3.Connection, finder: KeyFinder, after: int, last: int) -> Report:
    """Check the records behind a number, up to another."""
    absent = _absent(connection)
    while True:
        check = Check(finder.find, absent, _undelivered(connection), _lost(connection))
        row = check.row
        at = after
        while rows := connection.execute(_ROWS, (at, last, ROWS_AT_ONCE)).fetchall():
            for number, header, salt, ciphertext, leaf in rows:
                try:
                    row(number, header, salt, ciphertext, leaf)
                except TypeError:
                    check.no_bytes(number)
            at = rows[-1][0]
        report = check.done()
        if all(problem.what != ABSENT for problem in report.problems):
            return report
        now_absent = _absent(connection)
        if now_absent == absent:
            return report
        # A term ended or something was erased meanwhile.
        absent = now_absent


def _checked_apart(data_dir: Path, after: int, last: int) -> Report:
    """Do it in a process apart, which lives for this alone."""
    return _checked(*_opened(data_dir), after, last)


@lru_cache(maxsize=1)
def _opened(data_dir: Path) -> tuple[sqlite3.Connection, KeyFinder]:
    """Open database and keys once in a process."""
    connection = connect(uri_of(data_dir / DATABASE_NAME, "ro"))
    connection.execute("PRAGMA query_only = ON")
    return connection, KeyFinder(connection, KeyFile(data_dir / KEYFILE_NAME))


def _undelivered(connection: sqlite3.Connection) -> Ranges:
    return connection.execute("SELECT first_id, last_id FROM undelivered ORDER BY first_id").fetchall()


def _absent(connection: sqlite3.Connection) -> Ranges:
    return connection.execute("SELECT first_id, last_id FROM absences ORDER BY first_id").fetchall()


def _lost(connection: sqlite3.Connection) -> Ranges:
    query = "SELECT first_id, last_id FROM absences WHERE why = 'damage' ORDER BY first_id"
    return connection.execute(query).fetchall()


# Absent bodies


def _check_absences(connection: sqlite3.Connection, keys: KeyFile, found: Verification, head: int) -> None:
    """Compare what is noted of absent bodies with what the newest record of the audit says of it."""
    finder = KeyFinder(connection, keys)
    told = found.absences_told
    connection.execute("BEGIN")
    rows = connection.execute("SELECT first_id, last_id, why FROM absences ORDER BY first_id").fetchall()
    for header, ciphertext in connection.execute(_AUDIT_BEHIND, (head, AUDIT)):
        try:
            key = finder.find(parse_header(header).content_key)
            if isinstance(key, ContentKey):
                line = opened_record(header, ciphertext, key.key, undelivered=False).line
                if newer := absences_told(line):
                    told = newer
                    break
        except (MalformedRecord, UnopenedRecord):
            # It came after the check began, and the next one finds it.
            continue
    connection.execute("COMMIT")
    try:
        ranges = [noted.Absence(first_id=first, last_id=last, why=noted.Why(why)) for first, last, why in rows]
        digest = noted.digest(ranges).hex()
    except ValueError:
        found.wrong("What is noted of absent bodies is damaged.")
        return
    if (rows or told) and digest != told:
        found.wrong("What is noted of absent bodies is not what the newest entry of the audit says of it.")


def _vault_problems(data_dir: Path, now_ms: int | None) -> list[str]:
    """Compare the rows of the vault with the digests that the audit tells."""
    sealed = SqliteSealed(data_dir)
    told: list[VaultSealed] = []
    try:
        for record in audit_records(data_dir):
            with suppress(msgspec.DecodeError):
                entry = read_entry(record.line)
                if isinstance(entry, VaultSealed):
                    told.append(entry)
    except ArchiveCorrupt:
        # The record is named already, and those behind it cannot be told from missing ones.
        return []
    rows = ((key.id, (row.sealed for row in sealed.vault_rows(key.id))) for key in sealed.vault_keys())
    return vault_problems(rows, told, now_ms if now_ms is not None else time.time_ns() // 1_000_000)


# What was signed


class _Tiles:
    """Leaf hashes from tiles, read beside the records."""

    def __init__(self, name: str, folder: LogFolder, size: int | None) -> None:
        """Read the tiles of a folder; of a mirror's it is found out how many leaves they hold."""
        self.name = name
        self._folder = folder
        self.size = _leaves_in(folder) if size is None else size
        self.parts_at: int | None = None
        """The first place where the records and these tiles differ."""
        self.missing_at: int | None = None
        self._at = -1
        self._tile = b""

    def compare(self, index: int, hashes: bytes) -> None:
        """Compare leaf hashes from some place on."""
        at = 0
        count = len(hashes) // HASH_BYTES
        while at < count and self.parts_at is None and index + at < self.size:
            known = self.from_place(index + at)
            if not known:
                self.missing_at = index + at
                self.parts_at = index + at
                return
            here = hashes[at * HASH_BYTES : at * HASH_BYTES + len(known)]
            if here != known[: len(here)]:
                pairs = zip(split(here), split(known), strict=False)
                self.parts_at = index + at + next(place for place, (a, b) in enumerate(pairs) if a != b)
            at += len(known) // HASH_BYTES

    def from_place(self, index: int) -> bytes:
        """Give the hashes of a tile from a place on; nothing if the tile is not there."""
        tile, inside = divmod(index, TILE_WIDTH)
        if tile != self._at:
            self._at = tile
            try:
                self._tile = self._folder.tile(Tile(0, tile, tile_width(0, tile, self.size)))
            except MissingTile:
                self._tile = b""
        return self._tile[inside * HASH_BYTES :]

    def window(self, index: int) -> list[bytes]:
        """Give a few hashes from a place on."""
        hashes: list[bytes] = []
        while len(hashes) < LOOK_AHEAD and index + len(hashes) < self.size:
            more = split(self.from_place(index + len(hashes)))
            if not more:
                break
            hashes += more
        return hashes[:LOOK_AHEAD]

    def roots(self, sizes: Sequence[int]) -> dict[int, bytes]:
        """Give the roots that these tiles make of some sizes."""
        roots = Roots(sizes)
        while roots.size < min(self.size, max(sizes)):
            more = split(self.from_place(roots.size))
            if not more:
                break
            roots.append(more)
        return roots.at


def _leaves_in(folder: LogFolder) -> int:
    """Find how many leaves a mirror's tiles hold: by its own checkpoint, or by looking."""
    raw = folder.checkpoint()
    if raw is not None:
        try:
            return parse_checkpoint(parse_note(raw).text).size
        except MalformedNote:
            pass
    index = 0
    while folder.has_tile(Tile(0, index)):
        index += 1
    return index * TILE_WIDTH + folder.widest(Tile(0, index))


def _compare(
    connection: sqlite3.Connection, found: Verification, marks: Sequence[_Mark], roots: Roots, sources: "list[_Tiles]"
) -> None:
    """Say which checkpoints the records match, and where they part from those that they do not."""
    bad: list[_Mark] = []
    good = 0
    for mark in marks:
        checkpoint = mark.checkpoint
        root = roots.at.get(checkpoint.size)
        if root == checkpoint.root:
            why = ""
            good = max(good, checkpoint.size)
        else:
            bad.append(mark)
            why = "records are missing at the end" if root is None else "the records make another root"
            found.problems_total += 1
            found.told_otherwise += 1
        if why or not mark.name.startswith("log/old"):
            found.checkpoints.append(
                CheckpointVerdict(
                    name=mark.name,
                    size=checkpoint.size,
                    root=checkpoint.root.hex(),
                    matches=not why,
                    why=why,
                    signed_by=mark.signed_by,
                )
            )
    if not bad:
        _tell_of_tiles(found, sources, good)
        return
    sizes = [mark.checkpoint.size for mark in bad]
    for source in sources:
        made = source.roots(sizes)
        proved = [mark for mark in bad if made.get(mark.checkpoint.size) == mark.checkpoint.root]
        if not proved:
            continue
        index = source.parts_at if source.parts_at is not None else found.records
        if index < max(mark.checkpoint.size for mark in proved):
            found.difference = _difference(connection, source, index)
            return
    least = min(sizes)
    before = max(
        (mark.checkpoint.size for mark in marks if mark not in bad and mark.checkpoint.size < least), default=0
    )
    if found.records < least and roots.size >= before:
        found.notes.append(
            f"The archive holds {found.records} records of {least} that were signed: those from place {found.records} "
            "on are missing, or some in front of them."
        )
    found.notes.append(
        f"What differs lies at places {before} to {least - 1} of the log: the records up to there are as they were "
        "signed. A mirror of the log's tiles (--mirror) names the record."
    )


def _tell_of_tiles(found: Verification, sources: "list[_Tiles]", good: int) -> None:
    for source in sources:
        if source.parts_at is not None and source.parts_at < good:
            found.wrong(
                f"The records are what was signed, but {source.name} are not, from place {source.parts_at} on. Of the "
                "log's own, remove the folder log/tile and start the server: it makes them again."
            )


def _difference(connection: sqlite3.Connection, source: _Tiles, index: int) -> Difference:
    """Look at the records and the tiles around the place where they part."""
    query = "SELECT id, leaf FROM records ORDER BY id LIMIT ? OFFSET ?"
    before = 0
    if index:
        ((before, _),) = connection.execute(query, (1, index - 1)).fetchall()
    rows = connection.execute(query, (LOOK_AHEAD, index)).fetchall()
    numbers = [number for number, _ in rows]
    return difference(
        index,
        before,
        numbers,
        [leaf_hash(leaf if isinstance(leaf, bytes) else b"") for _, leaf in rows],
        source.window(index),
    )
