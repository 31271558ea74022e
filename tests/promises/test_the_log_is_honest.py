"""Promise 6: the log is honest. A changed, removed or reordered record is found by a stranger with the published
checkpoint and `parvis archive verify`. Source: DESIGN, "Promises"; docs/adr/0023-the-log.md.

Whoever attacks here may write to everything on the machine, the log's key included. What they cannot reach is a
checkpoint that somebody else has kept, and sometimes a mirror of the log's tiles.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.contract.archive_stages import NOON_MS, SqliteStage, a_batch, sealed
from tests.contract.logs import ORIGIN, LogStage

from parvis.archive.absences import Absence, Why, digest
from parvis.archive.checkpoint import parse_verifier_key, public_key, sign
from parvis.archive.content_keys import ContentKey
from parvis.archive.record import leaf_of, record_id, seal_content
from parvis.model.audit import CustodianKeySet, audit_record
from parvis.model.ids import AUDIT
from parvis.model.records import DataKind, RecordKind
from parvis.ports.archive import Batch, Upkeep
from parvis.store.keyfile import KeyFile
from parvis.store.log.folder import LOG_NAME, LogFolder
from parvis.store.log.sequencing import Sequencing
from parvis.store.sqlite.key_finder import KeyFinder
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import Held, Verification, verify_archive

RECORDS = 600
AT = 300
"""Counter of the record that is attacked; its place in the log is one less."""


@pytest.fixture
def honest(tmp_path: Path) -> tuple[Path, Path]:
    """Make an archive with its log, and beside it what somebody else has kept: a checkpoint and a mirror."""
    stage = LogStage(SqliteStage(tmp_path), tmp_path)
    stage.grown(200)
    stage.stage.clock.now_ms += 2 * 3_600_000
    stage.grown(RECORDS - 201)
    stage.archive.close()
    data = tmp_path / "data"
    shutil.copytree(data / LOG_NAME, tmp_path / "elsewhere")
    return data, tmp_path / "elsewhere"


class Attack:
    """What somebody does who may write to the database."""

    def __init__(self, data: Path) -> None:
        """Open it."""
        self.data = data
        self.rows = sqlite3.connect(data / "parvis.db", isolation_level=None)
        self.keys = KeyFile(data / "keys.json")

    def forge(self, number: int, line: bytes) -> None:
        """Seal other words under the same key, with their leaf: every record is right by itself."""
        (header, salt) = self.rows.execute("SELECT header, salt FROM records WHERE id = ?", (number,)).fetchone()
        key = KeyFinder(self.rows, self.keys).find(header[72:88])
        assert isinstance(key, ContentKey)
        ciphertext = seal_content(AESGCM(key.key), os.urandom(12), header, b"\0\0" + line)
        leaf = leaf_of(salt, header, ciphertext)
        self.rows.execute("UPDATE records SET ciphertext = ?, leaf = ? WHERE id = ?", (ciphertext, leaf, number))

    def change(self) -> None:
        """Put other words in a record's place."""
        self.forge(record_id(1, AT), b":x PRIVMSG #nave :never said")

    def remove(self) -> None:
        """Take a record out."""
        self.rows.execute("DELETE FROM records WHERE id = ?", (record_id(1, AT),))

    def reorder(self) -> None:
        """Let two records change places, numbers and all."""
        self.rows.execute("UPDATE records SET id = -1 WHERE id = ?", (record_id(1, AT),))
        self.rows.execute("UPDATE records SET id = ? WHERE id = ?", (record_id(1, AT), record_id(1, AT + 40)))
        self.rows.execute("UPDATE records SET id = ? WHERE id = -1", (record_id(1, AT + 40),))

    def add(self) -> None:
        """Put a record in and move all behind it on."""
        for number in range(RECORDS, AT - 1, -1):
            self.rows.execute(
                "UPDATE records SET id = ? WHERE id = ?", (record_id(1, number + 1), record_id(1, number))
            )
        self.rows.execute(
            "INSERT INTO records SELECT ?, header, salt, ciphertext, leaf FROM records WHERE id = ?",
            (record_id(1, AT), record_id(1, AT - 20)),
        )

    def truncate(self) -> None:
        """Cut the end off."""
        self.rows.execute("DELETE FROM records WHERE id >= ?", (record_id(1, AT),))

    def make_log_again(self) -> None:
        """Make tiles and checkpoints of what is there now, signed with the server's own key."""
        self.rows.close()
        shutil.rmtree(self.data / LOG_NAME)
        sealed_rows = SqliteSealed(self.data)
        log = Sequencing(LogFolder(self.data / LOG_NAME), sealed_rows, self.keys, lambda: NOON_MS, os.urandom)
        log.begin(ORIGIN)
        log.open()
        while log.advance(sealed_rows.head()):
            pass
        assert log.sign() is not None


ATTACKS: list[tuple[str, Callable[[Attack], None]]] = [
    ("changed", Attack.change),
    ("missing", Attack.remove),
    ("reordered", Attack.reorder),
    ("added", Attack.add),
    ("missing", Attack.truncate),
]


def verified(data: Path, *more: str) -> tuple[int, list[dict[str, object]]]:
    """Run the verb as a stranger does, and read what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "parvis.cli.main", "archive", "verify", "--json", "--data", str(data), *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def first_of(told: list[dict[str, object]]) -> dict[str, object]:
    """Give the first record that is named."""
    (first,) = [each for each in told if each["type"] == "first"]
    return first


def test_an_honest_archive_matches_every_checkpoint(honest: tuple[Path, Path]) -> None:
    """The verb ends with 0."""
    data, elsewhere = honest
    status, told = verified(data, "--checkpoint", str(elsewhere / "checkpoint"), "--mirror", str(elsewhere))
    assert status == 0
    assert [each["matches"] for each in told if each["type"] == "checkpoint"] == [True, True]


@pytest.mark.parametrize(("fault", "attack"), ATTACKS)
def test_the_first_record_that_is_not_as_it_was_is_named(
    honest: tuple[Path, Path], fault: str, attack: Callable[[Attack], None]
) -> None:
    """By the log's own tiles, where the attacker left them."""
    data, elsewhere = honest
    attack(Attack(data))
    status, told = verified(data, "--checkpoint", str(elsewhere / "checkpoint"))
    assert status == 1
    assert first_of(told) == {"type": "first", "fault": fault, "run": 1, "counter": AT, "index": AT - 1}
    assert [each["matches"] for each in told if each["type"] == "checkpoint"] == [False, False, False]


@pytest.mark.parametrize(("fault", "attack"), ATTACKS)
def test_a_log_made_again_to_fit_does_not_fit_what_was_kept_elsewhere(
    honest: tuple[Path, Path], fault: str, attack: Callable[[Attack], None]
) -> None:
    """
    Leaves, tiles and checkpoints all agree and are signed with the server's own key: a checkpoint held elsewhere finds
    it, and a mirror names the record.
    """
    data, elsewhere = honest
    done = Attack(data)
    attack(done)
    done.make_log_again()
    status, told = verified(data, "--checkpoint", str(elsewhere / "checkpoint"))
    assert status == 1
    (held,) = [each for each in told if each["type"] == "checkpoint" and "elsewhere" in str(each["name"])]
    assert held["matches"] is False
    status, told = verified(data, "--checkpoint", str(elsewhere / "checkpoint"), "--mirror", str(elsewhere))
    assert status == 1
    assert first_of(told) == {"type": "first", "fault": fault, "run": 1, "counter": AT, "index": AT - 1}


def test_without_tiles_the_places_are_bracketed_by_checkpoints(honest: tuple[Path, Path]) -> None:
    """Older checkpoints that still match say from where on."""
    data, elsewhere = honest
    done = Attack(data)
    done.change()
    done.rows.close()
    shutil.rmtree(data / LOG_NAME / "tile")
    status, told = verified(data, "--checkpoint", str(elsewhere / "checkpoint"))
    assert status == 1
    (note,) = [str(each["text"]) for each in told if each["type"] == "note"]
    assert "at places 201 to 599 of the log" in note


def test_a_checkpoint_must_be_signed_by_a_key_that_is_known(honest: tuple[Path, Path], tmp_path: Path) -> None:
    """The key store's, or those the stranger names, and then those alone."""
    data, elsewhere = honest
    vkey = str(KeyFile(data / "keys.json").log_keys()[0].verifier)
    held = elsewhere / "checkpoint"
    assert verified(data, "--checkpoint", str(held), "--key", vkey)[0] == 0
    other = str(public_key(bytes(32), ORIGIN))
    status, told = verified(data, "--checkpoint", str(held), "--key", other)
    assert status == 1
    assert "cannot be relied on: no key that is known has signed it" in str([each for each in told if "text" in each])
    text = held.read_text(encoding="utf-8").partition("\n\n")[0] + "\n"
    foreign = tmp_path / "foreign"
    foreign.write_bytes(sign(text, [("other.example/log", bytes(32))]))
    named = public_key(bytes(32), "other.example/log")
    found = verify_archive(data, held=[Held(name="it", raw=foreign.read_bytes())], trusted=[named])
    assert found.problems_total == 1
    assert "no key of that name" in found.notes[0]
    assert parse_verifier_key(str(named)) == named


@pytest.mark.parametrize("field", ["header", "salt", "ciphertext", "leaf"])
def test_any_byte_of_a_record_that_flips_is_found(honest: tuple[Path, Path], field: str) -> None:
    """Whatever its place in the row, and also when the server can no longer open the record."""
    data, _ = honest
    rows = sqlite3.connect(data / "parvis.db", isolation_level=None)
    rows.execute("UPDATE content_keys SET visible_wrap = NULL, term_key = NULL")
    number = record_id(1, AT)
    (content,) = rows.execute(f"SELECT {field} FROM records WHERE id = ?", (number,)).fetchone()
    for at in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[at] ^= 1 << at % 8
        rows.execute(f"UPDATE records SET {field} = ? WHERE id = ?", (bytes(flipped), number))
        found = verify_archive(data)
        first = found.first_fault()
        assert first is not None
        assert (first.run, first.counter) == (1, AT)
    rows.close()


@pytest.mark.parametrize(
    ("table", "field"),
    [
        *(
            ("content_keys", field)
            for field in ("id", "conversation", "hour", "run", "term_key", "visible_wrap", "data")
        ),
        ("content_keys", "first_id"),
        *(("custody_wraps", field) for field in ("content_key", "term_key", "custodian", "wrap")),
        *(("custodians", field) for field in ("id", "suite", "public")),
    ],
)
def test_a_key_that_is_changed_is_found(honest: tuple[Path, Path], table: str, field: str) -> None:
    """Wraps are authenticated, and what stands beside them is bound into them or follows from them."""
    data, _ = honest
    rows = sqlite3.connect(data / "parvis.db", isolation_level=None)
    name = "content_key" if table == "custody_wraps" else "id"
    key, value = rows.execute(f"SELECT {name}, {field} FROM {table} LIMIT 1").fetchone()
    if isinstance(value, bytes):
        other: object = value[:-1] + bytes((value[-1] ^ 1,))
    else:
        other = value + 1 if isinstance(value, int) else DataKind.AUDIT
    rows.execute(f"UPDATE {table} SET {field} = ? WHERE {name} = ?", (other, key))
    rows.close()
    assert verify_archive(data).problems_total > 0


def erased(tmp_path: Path, absences: list[Absence], told: list[Absence], erase: tuple[int, ...]) -> Verification:
    """Erase bodies, note absences and tell something of them in the audit; then check."""
    stage = SqliteStage(tmp_path)
    archive = stage.archive()
    archive.open(NOON_MS)
    sealed(stage, archive, a_batch(b"one", b"two", b"three"))
    entry = audit_record(CustodianKeySet(custodian="00", shares=1, threshold=1))
    line = msgspec.json.encode({"what": "terms-ended", "absences": digest(told).hex()})
    record = msgspec.structs.replace(entry, time_ms=NOON_MS, content=b"\0\0" + line)
    assert (record.kind, record.conversation) == (RecordKind.AUDIT, AUDIT)
    sealed(stage, archive, Batch([record], upkeep=[Upkeep(absences=tuple(absences), erase=erase)]))
    archive.close()
    return verify_archive(stage.data_dir)


def test_an_absent_body_needs_an_entry_of_the_log(tmp_path: Path) -> None:
    """What is noted of absences must be what the newest entry of the audit says, and must cover the record."""
    two = record_id(1, 2)
    noted = [Absence(first_id=two, last_id=two, why=Why.ERASURE)]
    whole = erased(tmp_path / "a", noted, noted, (two,))
    assert (whole.problems_total, whole.covered) == (0, 1)
    assert erased(tmp_path / "b", noted, [], (two,)).notes == [
        "What is noted of absent bodies is not what the newest entry of the audit says of it."
    ]
    other = erased(tmp_path / "c", noted, noted, (two, two + 1))
    assert [problem.counter for problem in other.problems] == [3]
    assert erased(tmp_path / "d", [], noted, ()).problems_total == 1


def test_tiles_alone_that_are_damaged_are_told_apart_from_records(honest: tuple[Path, Path]) -> None:
    """They can be made again; the records are what was signed."""
    data, _ = honest
    tile = data / LOG_NAME / "tile/0/000"
    tile.write_bytes(tile.read_bytes()[:-1] + b"\0")
    found = verify_archive(data)
    assert found.first_fault() is None
    assert "The records are what was signed" in found.notes[0]


@pytest.mark.parametrize("value", ["'words'", "7", "x''", "1.5"])
@pytest.mark.parametrize(
    "place",
    [
        "records.header",
        "records.salt",
        "records.ciphertext",
        "records.leaf",
        "content_keys.hour",
        "content_keys.conversation",
        "content_keys.visible_wrap",
        "custody_wraps.wrap",
        "custodians.public",
    ],
)
def test_whatever_stands_in_a_row_is_told_and_breaks_nothing(honest: tuple[Path, Path], place: str, value: str) -> None:
    """Databases keep a text where bytes belong, if somebody puts it there."""
    data, _ = honest
    table, field = place.split(".")
    rows = sqlite3.connect(data / "parvis.db", isolation_level=None)
    rows.execute(f"UPDATE {table} SET {field} = {value}" + (f" WHERE id = {record_id(1, AT)}" * (table == "records")))
    rows.close()
    assert verify_archive(data).problems_total > 0
