"""What lasts beside the archive is sealed: for its row alone, with its key store alone.

Source: docs/adr/0028-what-lasts-is-sealed.md; vectors/kept.json.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.archive_stages import NOON_MS, SqliteStage, a_batch, sealed

from parvis.model.kept import Keep, KeptKind
from parvis.model.records import KeptRoom
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.store.keyfile import KEYFILE_NAME, KeyFile, new_keyfile
from parvis.store.memory import MemoryKeys
from parvis.store.sqlite.database import DATABASE_NAME
from parvis.store.sqlite.kept_seal import NONCE_BYTES, KeptSeal
from parvis.store.sqlite.sealed import SqliteSealed

VECTORS: Final = json.loads((Path(__file__).parents[2] / "vectors" / "kept.json").read_text(encoding="utf-8"))
SEAL: Final = KeptSeal(MemoryKeys())
WORDS: Final = b"zirkonblende"
kinds = st.sampled_from(KeptKind)


@pytest.fixture
def keyfile(tmp_path: Path) -> KeyFile:
    """Give the key store of the vectors."""
    path = tmp_path / "keys.json"
    path.touch(0o600)
    path.write_bytes(new_keyfile(bytes(16), lambda _count: bytes.fromhex(VECTORS["secret"])))
    return KeyFile(path)


@pytest.mark.parametrize("case", VECTORS["values"], ids=lambda case: case["why"])
def test_a_value_is_sealed_as_in_the_vectors(keyfile: KeyFile, case: dict[str, Any]) -> None:
    """Its row's id and its bytes, both ways."""
    seal = KeptSeal(keyfile, lambda _count: bytes.fromhex(case["nonce"]))
    kind, value_id, value = KeptKind(case["kind"]), bytes.fromhex(case["id"]), bytes.fromhex(case["value"])
    row_id, stored = bytes.fromhex(case["row_id"]), bytes.fromhex(case["sealed"])
    assert seal.row_id(kind, value_id) == row_id
    assert seal.seal_value(row_id, kind, value_id, value) == stored
    assert seal.open_value(row_id, kind, stored) == Keep(kind, value_id, value)


@pytest.mark.parametrize("case", VECTORS["rooms"], ids=lambda case: case["why"])
def test_a_room_is_sealed_as_in_the_vectors(keyfile: KeyFile, case: dict[str, Any]) -> None:
    """Its bytes, both ways."""
    seal = KeptSeal(keyfile, lambda _count: bytes.fromhex(case["nonce"]))
    room = msgspec.json.decode(case["json"], type=KeptRoom)
    assert seal.seal_room(room).hex() == case["sealed"]
    assert seal.open_room(bytes.fromhex(case["id"]), bytes.fromhex(case["sealed"])) == room


@given(kinds, st.binary(max_size=300), st.binary(max_size=300))
def test_what_was_sealed_comes_back(kind: KeptKind, value_id: bytes, value: bytes) -> None:
    """Whatever its id and its bytes; and twice sealed is not the same."""
    row_id = SEAL.row_id(kind, value_id)
    stored = SEAL.seal_value(row_id, kind, value_id, value)
    assert SEAL.open_value(row_id, kind, stored) == Keep(kind, value_id, value)
    assert SEAL.seal_value(row_id, kind, value_id, value) != stored


@given(kinds, kinds, st.binary(max_size=40), st.binary(max_size=40))
def test_rows_of_different_values_differ(kind: KeptKind, other: KeptKind, one: bytes, two: bytes) -> None:
    """The same id under another kind, and another id: neither tells of the first."""
    assert (SEAL.row_id(kind, one) == SEAL.row_id(other, two)) is ((kind, one) == (other, two))
    assert KeptSeal(MemoryKeys()).row_id(kind, one) != SEAL.row_id(kind, one)


@given(st.data())
def test_what_was_changed_does_not_open(data: st.DataObject) -> None:
    """A bit, its length, its row, its kind, the key store: a sentence names kind and row, and nothing of it."""
    row_id = SEAL.row_id(KeptKind.SILENCE, WORDS)
    stored = SEAL.seal_value(row_id, KeptKind.SILENCE, WORDS, WORDS)
    bit = data.draw(st.integers(0, 8 * len(stored) - 1))
    flipped = bytearray(stored)
    flipped[bit // 8] ^= 1 << bit % 8
    shorter = stored[: data.draw(st.integers(0, len(stored) - 1))]
    other_row = SEAL.row_id(KeptKind.SILENCE, b"another")
    for seal, row, kind, raw in (
        (SEAL, row_id, "silence", bytes(flipped)),
        (SEAL, row_id, "silence", shorter),
        (SEAL, other_row, "silence", stored),
        (SEAL, row_id, "markers", stored),
        (KeptSeal(MemoryKeys()), row_id, "silence", stored),
    ):
        with pytest.raises(
            ArchiveCorrupt, match=f"the kept value {kind} {row.hex()} in parvis.db does not open"
        ) as told:
            seal.open_value(row, kind, raw)
        assert WORDS.decode() not in str(told.value)
        assert WORDS.hex() not in str(told.value)


def test_a_value_is_no_room_and_a_room_no_value() -> None:
    """Even in a row of the same id."""
    room_id = b"r" * 16
    value = SEAL.seal_value(room_id, KeptKind.VISIBLE, room_id, b"{}")
    with pytest.raises(ArchiveCorrupt, match=f"the kept room {room_id.hex()} in parvis.db does not open"):
        SEAL.open_room(room_id, value)
    with pytest.raises(ArchiveCorrupt):
        SEAL.open_room(room_id, value[:NONCE_BYTES])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SqliteStage]:
    """Give a stage, and close what is left open on it."""
    made = SqliteStage(tmp_path)
    yield made
    for archive in made.made:
        archive.close()


def test_a_value_that_is_written_again_has_one_row_and_a_dropped_one_none(stage: SqliteStage) -> None:
    """Its row is found by its id, though the row does not bear it."""
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(kept=[Keep(KeptKind.MARKERS, WORDS, b"1"), Keep(KeptKind.MARKERS, WORDS, b"2")]))
    with sqlite3.connect(stage.data_dir / DATABASE_NAME) as connection:
        ((row_id,),) = connection.execute("SELECT id FROM kept").fetchall()
        assert WORDS not in row_id
        assert SqliteSealed(stage.data_dir).kept(KeptKind.MARKERS) == [Keep(KeptKind.MARKERS, WORDS, b"2")]
        sealed(stage, archive, a_batch(kept=[Keep(KeptKind.MARKERS, WORDS, None)]))
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    connection.close()


def test_who_has_the_database_alone_reads_none_of_it(stage: SqliteStage) -> None:
    """What is stored reads beside the server with the key store, and not without."""
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(kept=[Keep(KeptKind.MARKERS, WORDS, b"1")]))
    archive.close()
    (stage.data_dir / KEYFILE_NAME).unlink()
    with pytest.raises(ArchiveError, match="is missing"):
        SqliteSealed(stage.data_dir).kept(KeptKind.MARKERS)
    assert SqliteSealed(stage.data_dir).head() > 0
