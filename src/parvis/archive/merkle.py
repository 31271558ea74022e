"""The Merkle tree of the log: hashes, proofs, and the tiles that its hashes are stored in.

A tree is told by its size and its root. Everything else is read through a :data:`NodeOf`, which gives the hash of a
*whole* subtree: level 0 are leaf hashes, node `index` of `level` spans the leaves from `index << level` on.

Source: RFC 6962, section 2.1; RFC 9162, sections 2.1.1 to 2.1.4; https://c2sp.org/tlog-tiles; vectors/merkle.json.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

HASH_BYTES: Final = 32
"""A SHA-256."""

TILE_HEIGHT: Final = 8
"""Levels of the tree in one tile."""

TILE_WIDTH: Final = 1 << TILE_HEIGHT
"""Hashes of a full tile."""

TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
"""Bytes of a full tile."""

SIZE_MAX: Final = (1 << 63) - 1
"""Most leaves: numbers of records are 63 bits."""

TILE_LEVEL_MAX: Final = 7
"""Highest level of tiles that a tree of `SIZE_MAX` leaves has."""

PROOF_HASHES_MAX: Final = 64
"""Most hashes of a proof: a tree of `SIZE_MAX` leaves has 63 levels, and a consistency proof one hash more."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves."""

NodeOf = Callable[[int, int], bytes]
"""Gives the hash of a whole subtree by level and index."""

_TILE_PATH: Final = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class WrongProof(ValueError):
    """A proof does not lead to the root, or is not of a form that a tree of this size has."""


class MalformedPath(ValueError):
    """No path of a tile."""


class Tile(msgspec.Struct, frozen=True, order=True):
    """Where a tile stands, and how many hashes of it there are."""

    level: int
    index: int
    width: int = TILE_WIDTH


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above."""
    return sha256(b"\1" + left + right).digest()


def subtree(hashes: Sequence[bytes]) -> bytes:
    """Fold a power of two of hashes into the subtree they are; by hand, because every record passes here."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\1" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


class Edge:
    """The right edge of a tree that grows: of each level of tiles the hashes of the one that is not full yet.

    Its memory does not grow with the tree.
    """

    def __init__(self, size: int = 0, rows: Sequence[Sequence[bytes]] = ()) -> None:
        """Begin empty, or with the tiles of a tree that are not full, those of leaves first.

        Raises:
            ValueError: A tree of this size has others.
        """
        self.size = size
        self.rows: list[list[bytes]] = [list(row) for row in rows] or [[] for _ in range(TILE_LEVEL_MAX + 1)]
        if [len(row) for row in self.rows] != edge_widths(size):
            raise ValueError(f"tiles are not those of a tree of {size}")

    @property
    def room(self) -> int:
        """Count the leaves that fill the tile of leaves."""
        return TILE_WIDTH - len(self.rows[0])

    def append(self, hashed: bytes) -> list[tuple[Tile, bytes]]:
        """Add a leaf by its hash; give the tiles that it makes full, with their bytes."""
        return self.extend((hashed,))

    def extend(self, hashes: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaves by their hashes, at most `room`; give the tiles that they make full, with their bytes.

        Raises:
            ValueError: They are more than fit the tile of leaves.
        """
        if len(hashes) > self.room:
            raise ValueError(f"{len(hashes)} leaves do not fit a tile that has room for {self.room}")
        self.size += len(hashes)
        self.rows[0] += hashes
        full: list[tuple[Tile, bytes]] = []
        for level, row in enumerate(self.rows):
            if len(row) < TILE_WIDTH:
                break
            full.append((Tile(level, (self.size >> TILE_HEIGHT * (level + 1)) - 1), b"".join(row)))
            self.rows[level + 1].append(subtree(row))
            row.clear()
        return full

    def partial(self) -> list[tuple[Tile, bytes]]:
        """Give the tiles that are not full and not empty, with their bytes."""
        return [
            (Tile(level, self.size >> TILE_HEIGHT * (level + 1), len(row)), b"".join(row))
            for level, row in enumerate(self.rows)
            if row
        ]

    def root(self) -> bytes:
        """Give the root."""

        def node_of(level: int, index: int) -> bytes:
            tile_level, inside = divmod(level, TILE_HEIGHT)
            at = (index << inside) % TILE_WIDTH
            return subtree(self.rows[tile_level][at : at + (1 << inside)])

        return root_at(self.size, node_of)


def edge_widths(size: int) -> list[int]:
    """Give how many hashes the tile that is not full has, for each level."""
    return [(size >> TILE_HEIGHT * level) % TILE_WIDTH for level in range(TILE_LEVEL_MAX + 1)]


def root_at(size: int, node_of: NodeOf) -> bytes:
    """Give the root that a tree had at some size."""
    return _hash_of(0, size, node_of)


def inclusion_proof(index: int, size: int, node_of: NodeOf) -> list[bytes]:
    """Prove that a leaf is in a tree (RFC 9162, section 2.1.3.1).

    Raises:
        ValueError: There is no such leaf.
    """
    if not 0 <= index < size <= SIZE_MAX:
        raise ValueError(f"leaf is {index}, tree has {size}")
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(_hash_of(middle, last, node_of))
            last = middle
        else:
            path.append(_hash_of(first, middle, node_of))
            first = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node_of: NodeOf) -> list[bytes]:
    """Prove that a tree is the beginning of another (RFC 9162, section 2.1.4.1).

    Raises:
        ValueError: The sizes are not those of two trees that begin alike; an empty one needs no proof.
    """
    if not 0 < old <= new <= SIZE_MAX:
        raise ValueError(f"sizes are {old} and {new}")
    path: list[bytes] = []
    first, last = 0, new
    is_known = True
    while old != last:
        middle = first + _split(last - first)
        if old <= middle:
            path.append(_hash_of(middle, last, node_of))
            last = middle
        else:
            path.append(_hash_of(first, middle, node_of))
            first = middle
            is_known = False
    if not is_known:
        path.append(_hash_of(first, last, node_of))
    return path[::-1]


def verify_inclusion(index: int, size: int, hashed: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf is in a tree (RFC 9162, section 2.1.3.2).

    Raises:
        WrongProof: It does not follow.
    """
    _check_hashes(proof)
    if not 0 <= index < size <= SIZE_MAX:
        raise WrongProof(f"leaf is {index}, tree has {size}")
    node, last = index, size - 1
    for step in proof:
        if last == 0:
            raise WrongProof("proof is too long")
        if node & 1 or node == last:
            hashed = node_hash(step, hashed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        node, last = node >> 1, last >> 1
    if last or hashed != root:
        raise WrongProof("proof does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that a tree is the beginning of another (RFC 9162, section 2.1.4.2).

    Raises:
        WrongProof: It does not follow.
    """
    _check_hashes(proof)
    if not 0 <= old <= new <= SIZE_MAX:
        raise WrongProof(f"sizes are {old} and {new}")
    if old in (0, new):
        if proof or old_root != (new_root if old else EMPTY_ROOT):
            raise WrongProof("proof does not lead to the roots")
        return
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise WrongProof("proof is too short")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    from_old = from_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise WrongProof("proof is too long")
        if node & 1 or node == last:
            from_old, from_new = node_hash(step, from_old), node_hash(step, from_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            from_new = node_hash(from_new, step)
        node, last = node >> 1, last >> 1
    if last or from_old != old_root or from_new != new_root:
        raise WrongProof("proof does not lead to the roots")


def tile_path(tile: Tile) -> str:
    """Name a tile as files and addresses do: `0/x001/x234/067`, a partial one with `.p/` and its width."""
    digits = f"{tile.index:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = f"{tile.level}/" + "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
    return path if tile.width == TILE_WIDTH else f"{path}.p/{tile.width}"


def parse_tile_path(path: str) -> Tile:
    """Read the name of a tile; each has one.

    Raises:
        MalformedPath: It is none.
    """
    match = _TILE_PATH.fullmatch(path)
    if match is None:
        raise MalformedPath("path is not that of a tile")
    level, index, width = match.groups()
    tile = Tile(int(level), int(index.replace("x", "").replace("/", "")), int(width or TILE_WIDTH))
    if tile.level > TILE_LEVEL_MAX or (width is not None and tile.width >= TILE_WIDTH) or tile_path(tile) != path:
        raise MalformedPath("path is not that of a tile")
    return tile


def tiles_between(old: int, new: int) -> list[Tile]:
    """Give the tiles that a tree has and did not have when it was smaller, those of leaves first."""
    tiles: list[Tile] = []
    for level in range(TILE_LEVEL_MAX + 1):
        before, after = old >> TILE_HEIGHT * level, new >> TILE_HEIGHT * level
        if after == before:
            break
        first = before >> TILE_HEIGHT
        full = after >> TILE_HEIGHT
        tiles += [Tile(level, index) for index in range(first, full)]
        if after % TILE_WIDTH:
            tiles.append(Tile(level, full, after % TILE_WIDTH))
    return tiles


def tile_width(level: int, index: int, size: int) -> int:
    """Give how many hashes a tile has in a tree of some size; 0: it is not there."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH))


def nodes_from_tiles(size: int, read: Callable[[Tile], bytes]) -> NodeOf:
    """Give what reads whole subtrees of a tree of some size from its tiles.

    Args:
        size: How many leaves the tree has.
        read: Gives the bytes of a tile, as many as its width asks for.
    """

    def node_of(level: int, index: int) -> bytes:
        tile_level, inside = divmod(level, TILE_HEIGHT)
        first = index << inside
        tile_index, at = divmod(first, TILE_WIDTH)
        content = read(Tile(tile_level, tile_index, tile_width(tile_level, tile_index, size)))
        return subtree(split(content)[at : at + (1 << inside)])

    return node_of


def split(content: bytes) -> list[bytes]:
    """Take the bytes of a tile apart into hashes."""
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def _split(count: int) -> int:
    """Give the largest power of two below a count above 1."""
    return 1 << ((count - 1).bit_length() - 1)


def _whole(first: int, last: int) -> list[tuple[int, int]]:
    """Give level and index of the whole subtrees that make up leaves from a place that begins one, in order."""
    found: list[tuple[int, int]] = []
    while first < last:
        level = (last - first).bit_length() - 1
        found.append((level, first >> level))
        first += 1 << level
    return found


def _hash_of(first: int, last: int, node_of: NodeOf) -> bytes:
    """Give the hash of a range of leaves that begins where a whole subtree of its size would."""
    peaks = [node_of(level, index) for level, index in _whole(first, last)]
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def _check_hashes(proof: Sequence[bytes]) -> None:
    if len(proof) > PROOF_HASHES_MAX or any(len(step) != HASH_BYTES for step in proof):
        raise WrongProof("proof is not made of hashes, or of too many")
