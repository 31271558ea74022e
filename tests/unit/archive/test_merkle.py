"""The tree of the log. Source: RFC 6962, section 2.1; RFC 9162, section 2.1; https://c2sp.org/tlog-tiles."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.archive import merkle
from parvis.archive.merkle import (
    EMPTY_ROOT,
    Edge,
    MalformedPath,
    Tile,
    WrongProof,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    nodes_from_tiles,
    parse_tile_path,
    root_at,
    split,
    subtree,
    tile_path,
    tile_width,
    tiles_between,
    verify_consistency,
    verify_inclusion,
)

(TREE,) = cases("merkle.json", "trees")["argvalues"]
HASHES = [leaf_hash(bytes.fromhex(leaf)) for leaf in TREE["leaves"]]
ROOTS = [bytes.fromhex(root) for root in TREE["roots"]]


def naive_root(hashes: list[bytes]) -> bytes:
    """Give the root as RFC 6962 defines it."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else sha256(b"").digest()
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return sha256(b"\1" + naive_root(hashes[:half]) + naive_root(hashes[half:])).digest()


def some_hashes(count: int) -> list[bytes]:
    """Make leaf hashes that differ."""
    return [leaf_hash(b"%d" % number) for number in range(count)]


class Log:
    """A tree with its tiles in memory."""

    def __init__(self, hashes: list[bytes]) -> None:
        """Append them one after the other."""
        self.edge = Edge()
        self.tiles: dict[tuple[int, int], bytes] = {}
        for hashed in hashes:
            self._keep(self.edge.append(hashed))
        self._keep(self.edge.partial())

    def _keep(self, tiles: list[tuple[Tile, bytes]]) -> None:
        for tile, content in tiles:
            assert len(content) == tile.width * 32
            self.tiles[tile.level, tile.index] = content

    def read(self, tile: Tile) -> bytes:
        """Give the bytes of a tile."""
        return self.tiles[tile.level, tile.index][: tile.width * 32]


def test_roots_are_those_of_the_reference() -> None:
    """Source: the tests of the reference implementation of RFC 6962."""
    edge = Edge()
    assert edge.root() == EMPTY_ROOT == bytes.fromhex(TREE["empty_root"])
    for hashed, root in zip(HASHES, ROOTS, strict=True):
        edge.append(hashed)
        assert edge.root() == root == naive_root(HASHES[: edge.size])


def test_many_leaves_at_once_make_the_tree_that_one_by_one_makes() -> None:
    """The same tiles, the same edge; more than fit one tile are refused whole."""
    hashes = some_hashes(700)
    one, many = Edge(), Edge()
    full_one = [tile for hashed in hashes for tile in one.append(hashed)]
    full_many = []
    left = hashes
    while left:
        count = min(many.room, 100)
        full_many += many.extend(left[:count])
        left = left[count:]
    assert full_many == full_one
    assert (many.size, many.rows, many.root()) == (700, one.rows, one.root())
    with pytest.raises(ValueError, match="room"):
        many.extend(hashes[: many.room + 1])
    assert (many.size, many.rows) == (700, one.rows)


@pytest.mark.parametrize(**cases("merkle.json", "inclusion"))
def test_inclusion_proofs_are_those_of_the_reference(case: dict[str, Any]) -> None:
    """Source: as above; RFC 9162, sections 2.1.3.1 and 2.1.3.2."""
    proof = [bytes.fromhex(step) for step in case["proof"]]
    index, size = case["index"], case["size"]
    assert inclusion_proof(index, size, nodes_from_tiles(8, Log(HASHES).read)) == proof
    verify_inclusion(index, size, HASHES[index], proof, ROOTS[size - 1])


@pytest.mark.parametrize(**cases("merkle.json", "consistency"))
def test_consistency_proofs_are_those_of_the_reference(case: dict[str, Any]) -> None:
    """Source: as above; RFC 9162, sections 2.1.4.1 and 2.1.4.2."""
    proof = [bytes.fromhex(step) for step in case["proof"]]
    old, new = case["old"], case["new"]
    assert consistency_proof(old, new, nodes_from_tiles(8, Log(HASHES).read)) == proof
    verify_consistency(old, new, proof, ROOTS[old - 1], ROOTS[new - 1])


@given(st.integers(0, 700), st.data())
@settings(max_examples=60, deadline=None)
def test_a_tree_of_tiles_is_the_tree_of_its_leaves(size: int, data: st.DataObject) -> None:
    """Root, proofs and older roots from tiles are those of the definition."""
    hashes = some_hashes(size)
    log = Log(hashes)
    assert log.edge.root() == naive_root(hashes)
    node_of = nodes_from_tiles(size, log.read)
    older = data.draw(st.integers(0, size))
    assert root_at(older, node_of) == naive_root(hashes[:older])
    if older:
        index = data.draw(st.integers(0, older - 1))
        verify_inclusion(
            index, older, hashes[index], inclusion_proof(index, older, node_of), naive_root(hashes[:older])
        )
        proof = consistency_proof(older, size, node_of)
        verify_consistency(older, size, proof, naive_root(hashes[:older]), naive_root(hashes))
    assert Edge(size, log.edge.rows).root() == log.edge.root()


@given(st.integers(2, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_a_proof_that_was_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    """Another leaf, place, size, step, order or length."""
    hashes = some_hashes(size)
    node_of = nodes_from_tiles(size, Log(hashes).read)
    root = naive_root(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, node_of)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index))
    at = data.draw(st.integers(0, len(proof) - 1))
    wrong = [*proof[:at], bytes(32), *proof[at + 1 :]]
    for leaf, place, steps in (
        (hashes[other], index, proof),
        (hashes[index], other, proof),
        (hashes[index], index, wrong),
        (hashes[index], index, proof[:-1]),
        (hashes[index], index, [*proof, bytes(32)]),
        (hashes[index], size, proof),
    ):
        with pytest.raises(WrongProof):
            verify_inclusion(place, size, leaf, steps, root)
    old = data.draw(st.integers(1, size - 1))
    steps = consistency_proof(old, size, node_of)
    old_root = naive_root(hashes[:old])
    for tried in ([*steps[:-1]], [*steps, bytes(32)], [bytes(32), *steps[1:]]):
        with pytest.raises(WrongProof):
            verify_consistency(old, size, tried, old_root, root)
    with pytest.raises(WrongProof):
        verify_consistency(old, size, steps, bytes(32), root)
    with pytest.raises(WrongProof):
        verify_consistency(old, size, steps, old_root, bytes(32))


def test_the_empty_tree_begins_every_tree_and_every_tree_itself() -> None:
    """Neither needs a proof. Source: RFC 9162, section 2.1.4."""
    verify_consistency(0, 8, [], EMPTY_ROOT, ROOTS[7])
    verify_consistency(8, 8, [], ROOTS[7], ROOTS[7])
    for old, root in ((0, ROOTS[7]), (8, ROOTS[6])):
        with pytest.raises(WrongProof):
            verify_consistency(old, 8, [], root, ROOTS[7])
    with pytest.raises(WrongProof):
        verify_consistency(8, 8, [bytes(32)], ROOTS[7], ROOTS[7])
    with pytest.raises(WrongProof):
        verify_consistency(9, 8, [], ROOTS[7], ROOTS[7])


def test_proofs_have_bounds() -> None:
    """Steps are hashes, and a tree has no more levels than its size has bits."""
    for proof in ([b"short"], [bytes(32)] * 65):
        with pytest.raises(WrongProof):
            verify_inclusion(0, 8, HASHES[0], proof, ROOTS[7])
        with pytest.raises(WrongProof):
            verify_consistency(1, 8, proof, ROOTS[0], ROOTS[7])
    node_of = nodes_from_tiles(8, Log(HASHES).read)
    for index, size in ((8, 8), (-1, 8), (0, 1 << 63)):
        with pytest.raises(ValueError, match="leaf is"):
            inclusion_proof(index, size, node_of)
    for old, new in ((0, 8), (9, 8), (1, 1 << 63)):
        with pytest.raises(ValueError, match="sizes are"):
            consistency_proof(old, new, node_of)


@pytest.mark.parametrize(**cases("merkle.json", "tile_paths"))
def test_tiles_have_one_path(case: dict[str, Any]) -> None:
    """Source: https://c2sp.org/tlog-tiles, "Merkle Tree"."""
    tile = Tile(case["level"], case["index"], case["width"])
    assert (tile_path(tile), parse_tile_path(case["path"])) == (case["path"], tile)


@pytest.mark.parametrize(**cases("merkle.json", "bad_tile_paths"))
def test_what_is_no_path_of_a_tile_is_refused(case: dict[str, str]) -> None:
    """Above all what leaves the folder, and a second name for a tile."""
    with pytest.raises(MalformedPath):
        parse_tile_path(case["path"])


@given(st.integers(0, 7), st.integers(0, 10**21 - 1), st.integers(1, 256))
def test_paths_read_back(level: int, index: int, width: int) -> None:
    """Whatever the tile."""
    assert parse_tile_path(tile_path(Tile(level, index, width))) == Tile(level, index, width)


@pytest.mark.parametrize(**cases("merkle.json", "tiles"))
def test_a_tree_has_these_tiles(case: dict[str, Any]) -> None:
    """Source: https://c2sp.org/tlog-tiles, "Partial Tiles"."""
    tiles = tiles_between(0, case["size"])
    full = [tile for tile in tiles if tile.width == 256]
    assert [sum(tile.level == level for tile in full) for level in range(3)] == case["full"]
    partial = [[tile.level, tile.index, tile.width] for tile in tiles if tile.width < 256]
    assert partial == case["partial"]


@given(st.integers(0, 100_000), st.integers(0, 3_000))
def test_what_a_growing_tree_adds_is_what_it_lacked(old: int, more: int) -> None:
    """Nothing is written twice but tiles that were not full."""
    before, after = set(tiles_between(0, old)), set(tiles_between(0, old + more))
    added = set(tiles_between(old, old + more))
    assert added <= after
    assert {tile for tile in after if tile.width == 256} <= before | added
    assert all(tile_width(tile.level, tile.index, old + more) == tile.width for tile in after)


def test_an_edge_is_of_its_size() -> None:
    """Rows of another tree are refused."""
    with pytest.raises(ValueError, match="tree of 3"):
        Edge(3, [[bytes(32)] * 2, *[[] for _ in range(7)]])


def test_a_tile_is_split_into_hashes_and_folded() -> None:
    """The hash of a full tile is a hash of the tile above."""
    hashes = some_hashes(256)
    assert split(b"".join(hashes)) == hashes
    assert subtree(hashes) == naive_root(hashes) == Log(hashes).read(Tile(1, 0, 1))
    assert merkle.node_hash(hashes[0], hashes[1]) == naive_root(hashes[:2])
