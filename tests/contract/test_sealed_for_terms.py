"""What the ending of terms reads of a store, over every adapter. Source: src/parvis/ports/sealed.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.archive_stages import NOON_MS, ROOM, MemoryStage, SqliteStage, Stage, a_batch, sealed
from tests.contract.ending import Ground

from parvis.archive.record import parse_header
from parvis.archive.terms import TermKind
from parvis.model.kept import Keep, KeptKind
from parvis.ports.archive import Batch, Sealed, Upkeep
from parvis.ports.sealed import Wanted


@pytest.fixture(params=[MemoryStage, SqliteStage])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Give an open archive of each adapter."""
    stage: Stage = request.param(tmp_path)
    made = Ground(stage)
    yield made
    made.archive.close()


def test_headers_come_in_parts_and_in_order(ground: Ground) -> None:
    """As many as asked for, after a number; an erased one has none."""
    ground.says(b"one", b"two", b"three")
    head = ground.sealed.head()
    rows = [(row.number, row.header) for row in ground.sealed.rows(Wanted())]
    assert ground.sealed.headers(0, 2) == rows[:2]
    assert ground.sealed.headers(rows[1][0], 100) == rows[2:]
    assert ground.sealed.headers(head, 100) == []
    ground.journal.write(upkeep=[Upkeep(erase=(head,))])
    assert ground.sealed.headers(head - 1, 1) == [(head, None)]


def test_content_keys_are_found_by_their_ids(ground: Ground) -> None:
    """Those that are there; the others are passed over."""
    ground.says(b"one")
    header = ground.sealed.headers(ground.sealed.head() - 1, 1)[0][1]
    assert header is not None
    wanted = parse_header(header).content_key
    (found,) = ground.sealed.keys_of([wanted, b"x" * 16])
    assert (found.id, found.conversation, found.first_id) == (wanted, ROOM, ground.sealed.head())


def test_keys_that_close_are_those_under_the_term_keys(ground: Ground) -> None:
    """More than one reading of them; a closed one is among them no more."""
    for number in range(600):
        ground.says(b"hello", conversation=b"%016d" % number)
    (visible,) = [
        key
        for key in ground.keys.term_keys()
        if key.kind is TermKind.VISIBLE_RECORDS and key.begins_ms <= NOON_MS < key.begins_ms + 86_400_000
    ]
    closing = list(ground.sealed.keys_closing([visible.id]))
    assert len(closing) == len({key.id for key in closing}) == 601
    assert list(ground.sealed.keys_closing([b"x" * 16])) == []
    ground.journal.write(upkeep=[Upkeep(close_visible=tuple(key.id for key in closing[:400]))])
    assert len(list(ground.sealed.keys_closing([visible.id]))) == 201


def test_kept_values_are_given_by_kind(ground: Ground) -> None:
    """Until they are kept no longer."""
    values = [Keep(KeptKind.ENDING, b"1" * 16, b"{}"), Keep(KeptKind.VISIBLE, b"2" * 16, b"{}")]
    assert isinstance(sealed(ground.stage, ground.archive, Batch([], kept=values)), Sealed)
    assert ground.sealed.kept(KeptKind.ENDING) == values[:1]
    ground.journal.write(kept=[Keep(KeptKind.ENDING, b"1" * 16, None)])
    assert ground.sealed.kept(KeptKind.ENDING) == []
    assert isinstance(sealed(ground.stage, ground.archive, a_batch(b"one")), Sealed)
