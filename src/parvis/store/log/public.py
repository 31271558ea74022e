"""The log as the world sees it, read from its files."""

from collections.abc import Sequence

from parvis.archive import merkle
from parvis.archive.checkpoint import MalformedNote, parse_checkpoint, parse_note
from parvis.archive.merkle import Tile
from parvis.ports.keys import KeyStore
from parvis.ports.log import Consistency, Inclusion, NotInLog, PublishedKey
from parvis.ports.sealed import SealedStore
from parvis.store.log.folder import LogFolder, MissingTile

_NOTHING = "There is no checkpoint yet. Ask again in a minute."


class FileLog:
    """A :class:`parvis.ports.log.PublicLog` of a folder."""

    def __init__(self, folder: LogFolder, sealed: SealedStore, keys: KeyStore) -> None:
        """Name the parts; nothing is read before a call."""
        self._folder = folder
        self._sealed = sealed
        self._keys = keys

    def checkpoint(self) -> bytes:
        """Give the newest checkpoint."""
        raw = self._folder.checkpoint()
        if raw is None:
            raise NotInLog(_NOTHING)
        return raw

    def tile(self, tile: Tile) -> bytes:
        """Give the bytes of a tile, if what was signed has it."""
        if tile.width > merkle.tile_width(tile.level, tile.index, self._size()):
            raise NotInLog("The tree that was signed last has no such tile.")
        try:
            return self._folder.tile(tile)
        except MissingTile:
            raise NotInLog("This tile is missing; it will be made again.") from None

    def keys(self) -> Sequence[PublishedKey]:
        """Give every key that signs or signed."""
        return [
            PublishedKey(vkey=str(key.verifier), since_ms=key.since_ms, until_ms=key.until_ms or None)
            for key in self._keys.log_keys()
        ]

    def inclusion(self, index: int, size: int | None) -> Inclusion:
        """Prove that a leaf is in the tree."""
        size = self._size_or(size)
        if not 0 <= index < size:
            raise NotInLog(f"The tree of {size} leaves has no leaf {index}: they count from 0.")
        node_of = merkle.nodes_from_tiles(size, self._folder.tile)
        try:
            proof = merkle.inclusion_proof(index, size, node_of)
            return Inclusion(index=index, size=size, leaf_hash=node_of(0, index), proof=proof)
        except MissingTile:
            raise NotInLog("A tile is missing; it will be made again.") from None

    def index_of(self, run: int, counter: int) -> int:
        """Give the place of a record: those of a run count from 1, and runs follow each other."""
        place = 0
        for each, count in self._sealed.runs():
            if each == run:
                if 0 < counter <= count:
                    return place + counter - 1
                break
            place += count
        raise NotInLog(f"There is no record {run}/{counter}.")

    def consistency(self, old: int, new: int | None) -> Consistency:
        """Prove that a tree is the beginning of another."""
        new = self._size_or(new)
        if not 0 < old <= new:
            raise NotInLog(f"A tree of {old} leaves is not the beginning of one of {new}; the smallest has 1.")
        node_of = merkle.nodes_from_tiles(new, self._folder.tile)
        try:
            return Consistency(old=old, new=new, proof=merkle.consistency_proof(old, new, node_of))
        except MissingTile:
            raise NotInLog("A tile is missing; it will be made again.") from None

    def timestamp(self) -> bytes:
        """Give the newest time stamp."""
        answer = self._folder.newest_stamp()
        if answer is None:
            raise NotInLog("No checkpoint has a time stamp.")
        return answer

    def _size(self) -> int:
        try:
            return parse_checkpoint(parse_note(self.checkpoint()).text).size
        except MalformedNote:
            raise NotInLog("The checkpoint is damaged. The operator must look at it.") from None

    def _size_or(self, size: int | None) -> int:
        newest = self._size()
        if size is None:
            return newest
        if size > newest:
            raise NotInLog(f"The tree that was signed last has {newest} leaves, not {size}.")
        return size
