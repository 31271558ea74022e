"""Placing records in the log and signing it, over both archives. Source: docs/adr/0023-the-log.md."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace
from tests.contract.archive_stages import MemoryStage, SqliteStage
from tests.contract.logs import ORIGIN, LogStage

from parvis.archive import merkle
from parvis.archive.absences import Absence, Why
from parvis.archive.checkpoint import parse_note, sign, verify_note
from parvis.archive.log_keys import OVERLAP_MS, new_log_key, rotated
from parvis.archive.merkle import Tile, leaf_hash, verify_consistency, verify_inclusion
from parvis.archive.record import record_id
from parvis.archive.terms import DAY_MS, HOUR_MS
from parvis.ports.archive import ArchiveCorrupt, ArchiveError
from parvis.ports.log import NotInLog
from parvis.ports.sealed import SealedStore
from parvis.store import durable
from parvis.store.keyfile import KeyFile
from parvis.store.log.folder import LogFolder
from parvis.store.log.public import FileLog
from parvis.store.log.sequencing import Sequencing
from parvis.store.memory_sealed import MemorySealed


@pytest.fixture(params=[MemoryStage, SqliteStage])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStage]:
    """Give an archive of each kind."""
    made = LogStage(request.param(tmp_path), tmp_path)
    yield made
    made.archive.close()


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[LogStage]:
    """Give an archive in SQLite, whose rows a test can change behind its back."""
    made = LogStage(SqliteStage(tmp_path), tmp_path)
    yield made
    made.archive.close()


def leaves(stage: LogStage) -> list[bytes]:
    """Give every leaf hash there is."""
    return [leaf_hash(leaf) for _, leaf in stage.sealed.leaves(0, 1 << 20)]


def root(hashes: list[bytes]) -> bytes:
    """Give the root of leaf hashes."""
    edge = merkle.Edge()
    for hashed in hashes:
        edge.append(hashed)
    return edge.root()


def run_sql(stage: LogStage, sql: str) -> None:
    """Change the database behind the server's back."""
    assert isinstance(stage.stage, SqliteStage)
    connection = sqlite3.connect(stage.stage.data_dir / "parvis.db", isolation_level=None)
    connection.execute(sql).fetchall()
    connection.close()


def test_every_record_has_the_place_of_its_rank(stage: LogStage) -> None:
    """Over runs, in the order of their numbers; proofs of a stranger hold."""
    stage.say(300)
    log = stage.log()
    first = stage.place(log)
    assert first is not None
    assert (first.origin, first.size, first.root) == (ORIGIN, 301, root(leaves(stage)))
    stage.archive.close()
    stage.archive = stage.stage.archive()
    stage.archive.open(stage.stage.clock())
    stage.say(5)
    second = stage.place(stage.log())
    assert second is not None
    assert second == stage.published()
    assert second.size == 307
    assert stage.sealed.runs() == [(1, 301), (2, 6)]
    public = FileLog(stage.folder, stage.sealed, stage.keys)
    assert (public.index_of(1, 1), public.index_of(1, 301), public.index_of(2, 6)) == (0, 300, 306)
    hashes = leaves(stage)
    for index in (0, 255, 256, 300, 301, 306):
        found = public.inclusion(index, None)
        assert found.leaf_hash == hashes[index]
        verify_inclusion(index, 307, found.leaf_hash, found.proof, second.root)
    verify_inclusion(7, 301, hashes[7], public.inclusion(7, 301).proof, first.root)
    verify_consistency(301, 307, public.consistency(301, None).proof, first.root, second.root)


def test_what_is_beyond_the_head_is_read_again(stage: LogStage) -> None:
    """A commit that failed may be written anew with other leaves: none of it is held in memory until it is durable."""
    stage.say(20)
    log, sealed = stage.log(), stage.sealed
    asked: list[int] = []

    class Counting:
        def leaves(self, after: int, limit: int) -> list[tuple[int, bytes]]:
            asked.append(after)
            return sealed.leaves(after, limit)

    log._sealed = cast("SealedStore", Counting())
    assert log.advance(record_id(1, 7)) == 7
    assert log.advance(record_id(1, 7)) == 0
    assert log.advance(sealed.head()) == 14
    assert asked == [0, record_id(1, 7), record_id(1, 7)]
    made = log.sign()
    assert made is not None
    assert made.root == root(leaves(stage))


def test_a_checkpoint_is_written_when_the_names_of_its_tiles_are_durable(
    on_disk: LogStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sync for all tiles of a folder, before the checkpoint and not after it."""
    acts: list[str] = []
    sync, place = durable.sync_folder, durable.put_in_place

    def noted_sync(path: Path) -> None:
        acts.append(f"sync {path.name}")
        sync(path)

    def noted_place(path: Path, content: bytes) -> None:
        acts.append(path.name)
        place(path, content)

    monkeypatch.setattr(durable, "sync_folder", noted_sync)
    monkeypatch.setattr(durable, "put_in_place", noted_place)
    on_disk.say(600)
    on_disk.place(on_disk.log())
    before = acts[: acts.index("checkpoint")]
    # Full tiles of leaves lie in `0`; the parts of one that is not full, in a folder of its own.
    # Making that folder syncs `0` once more.
    assert "001" in before[: before.index("002.p") if "002.p" in before else None]
    assert before[::-1].index("sync 0") < before[::-1].index("001")
    assert before.count("sync 0") == 2
    assert "sync 002.p" in before
    assert "sync 000.p" in before


def test_nothing_is_shown_that_was_not_signed(stage: LogStage) -> None:
    """What was asked for and is not there is told in a sentence."""
    public = FileLog(stage.folder, stage.sealed, stage.keys)
    with pytest.raises(NotInLog, match=r"no checkpoint yet"):
        public.checkpoint()
    stage.grown(300)
    asked: list[Callable[[], object]] = [
        lambda: public.inclusion(301, None),
        lambda: public.inclusion(0, 302),
        lambda: public.consistency(0, None),
        lambda: public.consistency(5, 302),
        lambda: public.consistency(6, 5),
        lambda: public.index_of(1, 302),
        lambda: public.index_of(1, 0),
        lambda: public.index_of(2, 1),
        lambda: public.tile(Tile(0, 1, 46)),
        lambda: public.tile(Tile(0, 1)),
        lambda: public.tile(Tile(0, 2, 1)),
        public.timestamp,
    ]
    for ask in asked:
        with pytest.raises(NotInLog, match=r"\.$"):
            ask()
    assert public.tile(Tile(0, 1, 3)) == public.tile(Tile(0, 1, 45))[:96]
    shutil.rmtree(stage.path / "tile")
    for ask in (
        lambda: public.inclusion(1, None),
        lambda: public.consistency(3, None),
        lambda: public.tile(Tile(0, 0)),
    ):
        with pytest.raises(NotInLog, match="missing"):
            ask()
    (stage.path / "checkpoint").write_bytes(b"nonsense")
    with pytest.raises(NotInLog, match="damaged"):
        public.inclusion(1, None)


def test_only_what_is_durable_is_placed(stage: LogStage) -> None:
    """Rows beyond the head that was promised wait."""
    stage.say(5)
    log = stage.log()
    while log.advance(record_id(1, 3)):
        pass
    made = log.sign()
    assert made is not None
    assert made.size == 3
    assert log.sign() is None
    assert log.advance(record_id(1, 6)) == 3


def test_a_tree_that_grows_keeps_one_partial_tile_a_place(stage: LogStage) -> None:
    """What a tile was before it was wider is its beginning, and goes."""
    log = stage.log()
    for _ in range(6):
        stage.say(50)
        stage.place(log)
    files = sorted(str(path.relative_to(stage.path)) for path in (stage.path / "tile").rglob("*") if path.is_file())
    assert files == ["tile/0/000", "tile/0/001.p/45", "tile/1/000.p/1"]
    assert not (stage.path / "tile/0/000.p").exists()


def test_old_checkpoints_stay_one_an_hour_and_one_a_day(stage: LogStage) -> None:
    """So that a break can be bracketed."""
    log = stage.log()
    for _ in range(60):
        stage.stage.clock.now_ms += HOUR_MS // 2
        stage.say(1)
        stage.place(log)
    sizes = [parse_note(raw).text.split("\n")[1] for raw in stage.folder.old_checkpoints()]
    assert len(sizes) == 25
    assert sizes == sorted(sizes, key=int)


def test_two_keys_sign_for_a_week_after_a_rotation(stage: LogStage) -> None:
    """The old one's private half is forgotten then, and its public half stays published."""
    stage.grown(1)
    clock = stage.stage.clock
    new = new_log_key(ORIGIN, clock(), os.urandom)
    stage.keys.change_log_keys(lambda there: rotated(there, new, clock()))
    old = stage.keys.log_keys()[0].verifier
    log = stage.log()
    for later, signers in ((0, [new.verifier, old]), (OVERLAP_MS, [new.verifier])):
        clock.now_ms += later
        stage.say(1)
        stage.place(log)
        raw = stage.folder.checkpoint()
        assert raw is not None
        assert verify_note(parse_note(raw), [new.verifier, old]) == signers
    assert [bool(key.private) for key in stage.keys.log_keys()] == [False, True]
    published = FileLog(stage.folder, stage.sealed, stage.keys).keys()
    assert [(key.vkey, key.until_ms is None) for key in published] == [(str(old), False), (str(new.verifier), True)]


def test_the_origin_of_a_log_does_not_change_with_the_servers_name(stage: LogStage) -> None:
    """It is the identity of the log; the operator reads that it stays."""
    stage.grown(1)
    log = stage.log("other.example/log")
    assert log.begin("other.example/log") == [
        f"The log goes on as {ORIGIN}: its origin is its identity and does not change."
    ]
    stage.say(1)
    made = stage.place(log)
    assert made is not None
    assert made.origin == ORIGIN


def test_an_origin_that_is_no_name_is_refused(stage: LogStage) -> None:
    """Before anything is signed with it."""
    with pytest.raises(ArchiveError, match="Set log_origin"):
        stage.log("two words")


@pytest.mark.parametrize("lost", ["tile", "tile/0/000", "tile/0/001.p", "tile/1", "torn"])
def test_tiles_that_are_lost_or_torn_are_made_again(stage: LogStage, lost: str) -> None:
    """From the leaves, which must make the root that was signed."""
    stage.grown(300)
    before = {path: path.read_bytes() for path in (stage.path / "tile").rglob("*") if path.is_file()}
    if lost == "torn":
        (stage.path / "tile/0/000").write_bytes(b"torn")
    elif (stage.path / lost).is_dir():
        shutil.rmtree(stage.path / lost)
    else:
        (stage.path / lost).unlink()
    log = stage.log()
    log.mend()
    assert {path: path.read_bytes() for path in (stage.path / "tile").rglob("*") if path.is_file()} == before
    stage.say(1)
    assert stage.place(log) is not None


def test_a_checkpoint_that_is_lost_is_found_among_older_ones(stage: LogStage) -> None:
    """And what was placed since then is placed again alike."""
    stage.grown(3)
    stage.stage.clock.now_ms += 60_000
    stage.grown(400)
    (stage.path / "checkpoint").unlink()
    log = stage.log()
    assert log.signed is not None
    assert log.signed.size == 4
    stage.place(log)
    assert stage.published().root == root(leaves(stage))


class Cut(Exception):
    """The power goes."""


@pytest.mark.parametrize("step", range(14))
@pytest.mark.parametrize("during", ["before", "after"])
def test_a_cut_at_any_step_leaves_a_log_that_goes_on(
    on_disk: LogStage, monkeypatch: pytest.MonkeyPatch, step: int, during: str
) -> None:
    """Before or after any file is written: what was signed is whole, and the next start signs what extends it."""
    stage = on_disk
    first = stage.grown(250)
    stage.say(300)
    log = stage.log()
    writes = 0
    replace_file = durable.replace

    def cut(path: Path, content: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes > step and during == "before":
            path.with_name(path.name + ".new").write_bytes(content[: len(content) // 2])
            raise Cut
        replace_file(path, content)
        if writes > step:
            raise Cut

    monkeypatch.setattr("parvis.store.durable.replace", cut)
    try:
        stage.place(log)
    except Cut:
        assert writes == step + 1
    monkeypatch.undo()
    signed = stage.published()
    assert signed.size in (first.size, 551)
    public = FileLog(stage.folder, stage.sealed, stage.keys)
    verify_inclusion(9, signed.size, leaves(stage)[9], public.inclusion(9, None).proof, signed.root)
    log = stage.log()
    log.mend()
    stage.say(1)
    last = stage.place(log)
    assert last is not None
    assert last.root == root(leaves(stage))
    verify_consistency(first.size, 552, public.consistency(first.size, None).proof, first.root, last.root)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DELETE FROM records WHERE id > (1 << 40) + 290", "the last 11 are missing"),
        ("UPDATE records SET leaf = zeroblob(65) WHERE id = (1 << 40) + 301", "are not those that were signed"),
        ("DELETE FROM records WHERE id = (1 << 40) + 290", "are not those that were signed"),
    ],
)
def test_an_archive_that_is_not_what_was_signed_is_not_signed_again(on_disk: LogStage, sql: str, words: str) -> None:
    """The server refuses to start, and says where and what to do."""
    on_disk.grown(300)
    run_sql(on_disk, sql)
    with pytest.raises(ArchiveCorrupt, match=words) as told:
        on_disk.log()
    assert "parvis archive verify" in str(told.value)
    assert "parvis archive repair" in str(told.value)


def test_leaves_that_changed_do_not_replace_tiles_that_were_lost(on_disk: LogStage) -> None:
    """What is made again must make the root that was signed."""
    on_disk.grown(300)
    run_sql(on_disk, "UPDATE records SET leaf = zeroblob(65) WHERE id = (1 << 40) + 7")
    (on_disk.path / "tile/0/000").unlink()
    log = on_disk.log()
    with pytest.raises(ArchiveCorrupt, match="do not make the tree that was signed"):
        log.mend()


def test_tiles_that_changed_are_not_built_upon(on_disk: LogStage) -> None:
    """The files themselves must prove that a checkpoint extends the last one; else they are made again."""
    on_disk.grown(300)
    log = on_disk.log()
    (on_disk.path / "tile/0/000").write_bytes(bytes(8192))
    on_disk.say(1)
    made = on_disk.place(log)
    assert made is not None
    assert made.root == root(leaves(on_disk))


def test_a_checkpoint_of_another_hand_stops_the_log(on_disk: LogStage) -> None:
    """Whether it was changed before the start or while the server ran."""
    made = on_disk.grown(10)
    log = on_disk.log()
    (on_disk.path / "checkpoint").write_bytes(sign(made.text(), [(ORIGIN, bytes(32))]))
    on_disk.say(1)
    with pytest.raises(ArchiveCorrupt, match="changed by something else"):
        on_disk.place(log)
    with pytest.raises(ArchiveCorrupt, match="is not what this server signed"):
        on_disk.log()
    (on_disk.path / "checkpoint").write_bytes(b"nonsense")
    with pytest.raises(ArchiveCorrupt, match="is not what this server signed"):
        on_disk.log()


def test_what_a_repair_saved_gets_a_log_of_its_own(tmp_path: Path) -> None:
    """It cannot extend the one before, and does not bear its name."""
    stage = LogStage(MemoryStage(tmp_path), tmp_path)
    stage.grown(10)
    damage = [Absence(first_id=record_id(1, 3), last_id=record_id(1, 3), why=Why.TERM)]
    stage.stage.store.absences = tuple(damage)  # type: ignore[union-attr]
    shutil.rmtree(stage.path)
    sealed = stage.sealed
    assert isinstance(sealed, MemorySealed)
    marked = [replace(absence, why="damage") for absence in damage]

    class Repaired(MemorySealed):
        def absences(self) -> list[Absence]:
            return marked

    stage.sealed = Repaired(sealed._store)
    made = stage.place(stage.log())
    assert made is not None
    assert made.origin == f"{ORIGIN}/2"
    assert [bool(key.private) for key in stage.keys.log_keys()] == [False, True]


def test_without_a_checkpoint_the_log_is_not_signed_a_second_time(stage: LogStage) -> None:
    """The records may be those of an older backup: the same name over another history is what no log may sign."""
    before = stage.grown(10)
    shutil.rmtree(stage.path)
    log = Sequencing(stage.folder, stage.sealed, stage.keys, stage.stage.clock, os.urandom)
    (told,) = log.begin(ORIGIN)
    assert told.startswith(f"The files of the log are gone, and the log of what is left begins anew as {ORIGIN}/2:")
    log.open()
    made = stage.place(log)
    assert made is not None
    assert (made.origin, made.size, made.root) == (f"{ORIGIN}/2", before.size, before.root)
    assert len(parse_note(stage.folder.checkpoint() or b"").signatures) == 1
    assert stage.log().signed == made


def test_a_log_that_has_signed_nothing_yet_begins_under_its_name(stage: LogStage) -> None:
    """A server that is killed in its first seconds has bound nobody."""
    stage.log()
    stage.say(3)
    assert stage.grown(1).origin == ORIGIN


def test_files_of_the_log_are_bounded(tmp_path: Path) -> None:
    """A file that is longer than it may be is not read."""
    folder = LogFolder(tmp_path)
    (tmp_path / "checkpoint").write_bytes(b"x" * 70_000)
    assert folder.checkpoint() is None
    assert folder.old_checkpoints() == []
    assert folder.newest_stamp() is None
    folder.put_stamp(b"one", 1, b"answer")
    folder.put_stamp(b"two", 2, b"newer")
    assert folder.stamps() == [(b"one", b"answer"), (b"two", b"newer")]
    assert folder.newest_stamp() == b"newer"
    assert oct((tmp_path / "stamped/checkpoint-1").stat().st_mode)[-3:] == "600"


def test_a_key_store_of_an_older_version_has_no_keys_of_the_log(on_disk: LogStage) -> None:
    """It is read, and gets them; they survive."""
    assert isinstance(on_disk.stage, SqliteStage)
    path = on_disk.stage.data_dir / "keys.json"
    keys = KeyFile(path)
    assert list(keys.log_keys()) == []
    old = path.read_bytes().replace(b',"log_keys":[]', b"")
    path.write_bytes(old)
    keys = KeyFile(path)
    made = new_log_key(ORIGIN, DAY_MS, os.urandom)
    keys.change_log_keys(lambda there: [*there, made])
    assert list(KeyFile(path).log_keys()) == [made]
    assert [key.id for key in KeyFile(path).term_keys()] == [key.id for key in keys.term_keys()]
