"""Giving records their places in the log, and signing what has been placed.

Rule 1: the order is that of the records' numbers. There is one writer and its runs never overlap, so that the place of
a record is its rank.
Rule 2: only what is durable is placed, and a checkpoint is signed when its tiles are durable.
Rule 3: nothing is signed that does not extend what was signed last, as the files prove it that everybody reads.
Rule 4: tiles are made of leaves and may be made again; what was signed may not. Where no checkpoint is left of what a
key has signed, another log begins.

Source: docs/adr/0023-the-log.md; https://c2sp.org/tlog-checkpoint, "Signatures"; https://c2sp.org/tlog-tiles.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import structs

from parvis.archive import merkle
from parvis.archive.checkpoint import (
    Checkpoint,
    MalformedNote,
    UnsignedNote,
    parse_checkpoint,
    parse_note,
    sign,
    verify_note,
)
from parvis.archive.log_keys import LogKey, new_log_key, signing, without_ended
from parvis.archive.merkle import TILE_WIDTH, Edge, Tile, WrongProof, edge_widths, leaf_hash
from parvis.archive.record import LEAF_BYTES, record_id, run_and_counter
from parvis.archive.terms import RandomBytes
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore
from parvis.store.log.folder import LogFolder, MissingTile

LEAVES_READ: Final = 4 * TILE_WIDTH
"""Most leaves that are read at once; opening the database costs as much as placing the leaves of one step."""

WHAT_TO_DO: Final = (
    "Start nothing more on it: run parvis archive verify, with a checkpoint held elsewhere if there is one, and put "
    "the data folder back from its backup or save what is whole with parvis archive repair"
)


class Sequencing:
    """The log of one archive, one step at a time; not for two threads at once."""

    def __init__(
        self, folder: LogFolder, sealed: SealedStore, keys: KeyStore, clock: Callable[[], int], random: RandomBytes
    ) -> None:
        """Name the parts; nothing is read before :meth:`open`.

        Args:
            folder: Where the log's files are.
            sealed: The records.
            keys: Where the keys of the log are kept.
            clock: Gives milliseconds since 1970.
            random: Where random bytes come from.
        """
        self._folder = folder
        self._sealed = sealed
        self._keys = keys
        self._clock = clock
        self._random = random
        self._edge = Edge()
        self._number = 0
        self._ahead: list[tuple[int, bytes]] = []
        """Read and not placed yet, each of them durable."""
        self._signed: Checkpoint | None = None
        self._signed_raw: bytes | None = None

    @property
    def size(self) -> int:
        """Count the records that have a place."""
        return self._edge.size

    @property
    def signed(self) -> Checkpoint | None:
        """Give what was signed last."""
        return self._signed

    @property
    def signed_raw(self) -> bytes | None:
        """Give it as it was signed."""
        return self._signed_raw

    def begin(self, origin: str) -> list[str]:
        """Make the first key where there is none; give what the operator should read.

        Raises:
            ArchiveError: The origin is no name of a key.
        """
        keys = self._keys.log_keys()
        if not keys:
            try:
                first = new_log_key(origin, self._clock(), self._random)
            except MalformedNote as wrong:
                raise ArchiveError(f"the origin of the log cannot be {origin!r}: {wrong}. Set log_origin") from wrong
            self._keys.change_log_keys(lambda there: there or [first])
            return []
        if self._folder.checkpoint() is None and not self._folder.old_checkpoints():
            if self._was_repaired():
                return [self._begin_anew(keys, "Records were lost")]
            if any(key.has_signed for key in keys):
                # Whether these are the records that were signed, or those of an older backup, nothing here can tell.
                return [self._begin_anew(keys, "The files of the log are gone")]
        if keys[-1].origin != origin:
            return [f"The log goes on as {keys[-1].origin}: its origin is its identity and does not change."]
        return []

    def _was_repaired(self) -> bool:
        return any(absence.why == "damage" for absence in self._sealed.absences())

    def _begin_anew(self, keys: Sequence[LogKey], why: str) -> str:
        """Begin another log for what is left: it may not extend the one before, and must not seem to."""
        now_ms = self._clock()
        first = keys[0].origin
        made = new_log_key(f"{first}/{len(keys) + 1}", now_ms, self._random)
        self._keys.change_log_keys(
            lambda there: [*without_ended([structs.replace(key, until_ms=now_ms) for key in there], now_ms), made]
        )
        return (
            f"{why}, and the log of what is left begins anew as {made.origin}: it goes on from no checkpoint of "
            f"{keys[-1].origin}. Publish its key (parvis archive log-key)."
        )

    def open(self) -> list[str]:
        """Go on where the last checkpoint ends; give what the operator should read. Nothing is written.

        Raises:
            ArchiveCorrupt: The archive is not what was signed.
            ArchiveError: It cannot be read.
        """
        self._ahead = []
        raw = self._folder.checkpoint()
        if raw is None:
            kept = self._folder.old_checkpoints()
            raw = kept[-1] if kept else None
        if raw is None:
            self._edge, self._number, self._signed, self._signed_raw = Edge(), 0, None, None
            return []
        signed = self._read_signed(raw)
        ends = self._number_of(signed.size)
        notices = []
        edge = self._edge_from_tiles(signed)
        if edge is None:
            edge = self._edge_from_leaves(signed)
            notices.append("Tiles of the log were missing or damaged; they are made again from the leaves.")
        self._check_seam(edge, signed, ends)
        self._edge, self._number, self._signed, self._signed_raw = edge, ends, signed, raw
        return notices

    def mend(self) -> None:
        """Write the tiles of what was signed again if any of them is missing or torn.

        Raises:
            ArchiveCorrupt: Leaves have changed since.
        """
        signed = self._signed
        if signed is not None and not all(map(self._folder.has_tile, merkle.tiles_between(0, signed.size))):
            self._edge_from_leaves(signed, write=True)

    def advance(self, head: int) -> int:
        """Give places to records up to a number, at most a tile of them, and write the tiles they fill; give how many.

        Raises:
            ArchiveError: Records cannot be read.
            OSError: Tiles cannot be written.
        """
        if not self._ahead:
            # What is beyond the head may be written anew after a commit that failed: it is read again.
            self._ahead = [each for each in self._sealed.leaves(self._number, LEAVES_READ) if each[0] <= head]
        wanted = self._edge.room
        leaves, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        if leaves:
            full = self._edge.extend([_hashed(number, leaf) for number, leaf in leaves])
            self._number = leaves[-1][0]
            for tile, content in full:
                self._folder.put_tile(tile, content)
        return len(leaves)

    def sign(self) -> Checkpoint | None:
        """Sign what has been placed; None when that was signed already.

        Raises:
            ArchiveCorrupt: It does not extend what was signed last.
            OSError: Files cannot be written.
        """
        edge, signed = self._edge, self._signed
        keys = signing(self._keys.log_keys(), self._clock())
        if not edge.size or (signed is not None and signed.size == edge.size) or not keys:
            return None
        partial = edge.partial()
        for tile, content in partial:
            self._folder.put_tile(tile, content)
        made = Checkpoint(keys[0].origin, edge.size, edge.root())
        self._check_extends(made)
        self._folder.sync_tiles()
        if not all(key.has_signed for key in keys):
            ours = {key.public for key in keys}
            self._keys.change_log_keys(
                lambda there: [structs.replace(key, has_signed=key.has_signed or key.public in ours) for key in there]
            )
        raw = sign(made.text(), [(key.origin, key.private) for key in keys])
        self._folder.put_checkpoint(raw, made.size, self._clock())
        before = 0 if signed is None else signed.size
        self._signed, self._signed_raw = made, raw
        for level in range(merkle.TILE_LEVEL_MAX + 1):
            index = before >> merkle.TILE_HEIGHT * (level + 1)
            width = merkle.tile_width(level, index, made.size)
            if width:
                self._folder.drop_narrower(Tile(level, index, width))
        self._forget_ended()
        return made

    def _forget_ended(self) -> None:
        now_ms = self._clock()
        keys = list(self._keys.log_keys())
        if without_ended(keys, now_ms) != keys:
            self._keys.change_log_keys(lambda there: without_ended(there, now_ms))

    def _check_extends(self, made: Checkpoint) -> None:
        """Prove from the files that what is about to be signed extends what was signed last."""
        there = self._folder.checkpoint()
        if there is not None and there != self._signed_raw:
            raise ArchiveCorrupt(f"the checkpoint of the log was changed by something else. {WHAT_TO_DO}")
        signed = self._signed or Checkpoint(made.origin, 0, merkle.EMPTY_ROOT)
        if signed.size == 0:
            return
        for may_mend in (True, False):
            try:
                node_of = merkle.nodes_from_tiles(made.size, self._folder.tile)
                proof = merkle.consistency_proof(signed.size, made.size, node_of)
                merkle.verify_consistency(signed.size, made.size, proof, signed.root, made.root)
            except (MissingTile, WrongProof):
                if may_mend:
                    self._edge_from_leaves(signed, write=True)
                    continue
                raise ArchiveCorrupt(
                    f"the log of {made.size} records does not extend the one of {signed.size} that was signed. "
                    f"{WHAT_TO_DO}"
                ) from None
            return

    def _read_signed(self, raw: bytes) -> Checkpoint:
        try:
            note = parse_note(raw)
            signed = parse_checkpoint(note.text)
            verify_note(note, [key.verifier for key in self._keys.log_keys()])
        except (MalformedNote, UnsignedNote) as wrong:
            raise ArchiveCorrupt(
                f"the last checkpoint of the log, {self._folder.path / 'checkpoint'}, is not what this server signed: "
                f"{wrong}. {WHAT_TO_DO}"
            ) from wrong
        return signed

    def _number_of(self, size: int) -> int:
        """Give the number of the last record of a tree of some size."""
        left = size
        for run, count in self._sealed.runs():
            if left <= count:
                return record_id(run, left) if size else 0
            left -= count
        if not left:
            return 0
        raise ArchiveCorrupt(
            f"the archive holds {size - left} records and its last checkpoint was signed over {size}: the last "
            f"{left} are missing. {WHAT_TO_DO}"
        )

    def _edge_from_tiles(self, signed: Checkpoint) -> Edge | None:
        """Read the edge of what was signed; None if its tiles are not those."""
        rows: list[list[bytes]] = []
        try:
            for level, width in enumerate(edge_widths(signed.size)):
                index = signed.size >> merkle.TILE_HEIGHT * (level + 1)
                rows.append(merkle.split(self._folder.tile(Tile(level, index, width))) if width else [])
        except MissingTile:
            return None
        edge = Edge(signed.size, rows)
        return edge if edge.root() == signed.root else None

    def _edge_from_leaves(self, signed: Checkpoint, *, write: bool = False) -> Edge:
        """Make the tree of what was signed from the records, and its tiles if asked to."""
        edge = Edge()
        last = 0
        while edge.size < signed.size:
            leaves = self._sealed.leaves(last, min(edge.room, signed.size - edge.size))
            if not leaves:
                break
            for tile, content in edge.extend([_hashed(number, leaf) for number, leaf in leaves]):
                if write:
                    self._folder.put_tile(tile, content)
            last = leaves[-1][0]
        if edge.size != signed.size or edge.root() != signed.root:
            raise ArchiveCorrupt(
                f"the leaves of the first {signed.size} records do not make the tree that was signed. {WHAT_TO_DO}"
            )
        if write:
            for tile, content in edge.partial():
                self._folder.put_tile(tile, content)
            self._folder.sync_tiles()
        return edge

    def _check_seam(self, edge: Edge, signed: Checkpoint, ends: int) -> None:
        """Compare the last leaves of what was signed with those of the store."""
        row = edge.rows[0]
        if not row and signed.size:
            try:
                row = merkle.split(self._folder.tile(Tile(0, signed.size // TILE_WIDTH - 1)))
            except MissingTile:
                # It is made again from the same leaves.
                return
        if not row:
            return
        before = self._number_of(signed.size - len(row))
        found = [(number, _hashed(number, leaf)) for number, leaf in self._sealed.leaves(before, len(row))]
        if not found or found[-1][0] != ends or [hashed for _, hashed in found] != row:
            raise ArchiveCorrupt(
                f"the last records before record {signed.size} of the log are not those that were signed. {WHAT_TO_DO}"
            )


def _hashed(number: int, leaf: bytes) -> bytes:
    """Hash a leaf as it is stored.

    Raises:
        ArchiveCorrupt: It is none: what is placed once stays in the log for ever.
    """
    if not isinstance(leaf, bytes) or len(leaf) != LEAF_BYTES:
        run, counter = run_and_counter(number)
        raise ArchiveCorrupt(f"record {run}/{counter} has no leaf of a known version. {WHAT_TO_DO}")
    return leaf_hash(leaf)
