"""Going over to another custodians' key, for every adapter. Source: docs/adr/0021-custodians-and-shares.md."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.contract.archive_stages import MemoryStage, SqliteStage, a_batch, a_message, sealed

from parvis.archive import custody
from parvis.archive.content_keys import ContentKey, custody_info
from parvis.archive.custody import UnopenedCustody
from parvis.ports.archive import Archive, Batch, Sealed, Upkeep
from parvis.ports.sealed import SealedStore
from parvis.store.memory import Fault
from parvis.store.memory_sealed import MemorySealed
from parvis.store.sqlite.sealed import SqliteSealed

SEEDS = (bytes([1]) * 32, bytes([2]) * 32)
FIRST, SECOND = (
    custody.custodian_key(custody.public_bytes(seed), 5, 3, at_ms, bytes(range(80)))
    for at_ms, seed in enumerate(SEEDS, 10)
)

Stage = MemoryStage | SqliteStage


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    """Give a stage per adapter."""
    made: Callable[[Path], Stage] = request.param
    return made(tmp_path)


def rows_of(stage: Stage) -> SealedStore:
    """Read what is stored on a stage."""
    return MemorySealed(stage.store) if isinstance(stage, MemoryStage) else SqliteSealed(stage.data_dir)


def opened_with(stage: Stage, archive: Archive, line: bytes, seed: bytes, custodian: bytes) -> bytes:
    """Open the content key of a line as custodians would: the term key of the server, and a seed."""
    (record,) = [each for each in stage.records() if each.line == line and not each.undelivered]
    stored = rows_of(stage).content_key(record.header.content_key)
    assert stored is not None
    (wrap,) = rows_of(stage).wraps_of(stored.id)
    assert wrap.custodian == custodian
    (term,) = [key for key in archive.keys.term_keys() if key.id == wrap.term_key]  # type: ignore[attr-defined]
    key = ContentKey(id=stored.id, conversation=stored.conversation, hour=stored.hour, run=stored.run, key=b"")
    return custody.open_sealed(
        custody.private_key(seed), custody.lift_term(wrap.wrap, term, key.id), custody_info(key, custodian)
    )


def test_what_comes_after_a_change_is_sealed_to_the_new_key_alone(stage: Stage) -> None:
    """Within one hour and one conversation; what came before opens with the old key as ever."""
    archive = stage.archive()
    archive.open(stage.clock())
    assert isinstance(sealed(stage, archive, Batch([], upkeep=[Upkeep(custodian=FIRST)])), Sealed)
    assert isinstance(sealed(stage, archive, a_batch(b"old")), Sealed)
    change = Batch([a_message(b"between")], upkeep=[Upkeep(custodian=SECOND)])
    assert isinstance(sealed(stage, archive, change), Sealed)
    assert isinstance(sealed(stage, archive, a_batch(b"new")), Sealed)
    keys = [opened_with(stage, archive, b"old", SEEDS[0], FIRST.id)]
    keys.append(opened_with(stage, archive, b"new", SEEDS[1], SECOND.id))
    assert len(set(keys)) == 2
    with pytest.raises(UnopenedCustody):
        opened_with(stage, archive, b"new", SEEDS[0], SECOND.id)
    with pytest.raises(UnopenedCustody):
        opened_with(stage, archive, b"old", SEEDS[1], FIRST.id)
    archive.close()


def test_the_newest_key_is_in_use_after_a_restart(stage: Stage) -> None:
    """With all that is kept of it."""
    archive = stage.archive()
    archive.open(stage.clock())
    sealed(stage, archive, Batch([], upkeep=[Upkeep(custodian=FIRST)]))
    sealed(stage, archive, Batch([], upkeep=[Upkeep(custodian=SECOND)]))
    archive.close()
    assert rows_of(stage).custodians()[-2:] == [FIRST, SECOND]
    again = stage.archive()
    again.open(stage.clock())
    sealed(stage, again, a_batch(b"later"))
    assert opened_with(stage, again, b"later", SEEDS[1], SECOND.id)
    again.close()


@pytest.mark.parametrize("fault", [Fault.FAILS, Fault.UNKNOWN])
def test_a_change_that_fails_is_no_change_until_it_is_tried_again(stage: Stage, fault: Fault) -> None:
    """Nothing goes under a key whose row may not be there; tried again, it is as if nothing had been."""
    archive = stage.archive()
    archive.open(stage.clock())
    sealed(stage, archive, Batch([], upkeep=[Upkeep(custodian=FIRST)]))
    change = Batch([a_message(b"told")], upkeep=[Upkeep(custodian=SECOND)])
    stage.let_fail(fault)
    assert not isinstance(sealed(stage, archive, change), Sealed)
    assert isinstance(sealed(stage, archive, change), Sealed)
    sealed(stage, archive, a_batch(b"new"))
    assert opened_with(stage, archive, b"new", SEEDS[1], SECOND.id)
    assert [key.id for key in rows_of(stage).custodians()][-2:] == [FIRST.id, SECOND.id]
    archive.close()


def test_a_key_keeps_what_its_shares_are_known_by(stage: Stage) -> None:
    """Also nothing at all, as keys from elsewhere may have."""
    archive = stage.archive()
    archive.open(stage.clock())
    bare = replace(SECOND, share_checks=b"")
    sealed(stage, archive, Batch([], upkeep=[Upkeep(custodian=bare)]))
    assert rows_of(stage).custodians()[-1] == bare
    archive.close()
