"""`parvis custodian`, the real program, with a terminal and without. Source: docs/handbook/custodian.md; ADR 21."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from shamir_mnemonic import Share
from tests.contract.cli.test_cli import run
from tests.promises.servers import Person, command, running
from tests.terminal import on_terminal

from parvis.app import share_files, shares
from parvis.app.asking import ask
from parvis.app.config import Config
from parvis.app.custodian_keys import keys_of
from parvis.app.office import NotDone
from parvis.archive import custody
from parvis.archive.content_keys import ContentKey, custody_info
from parvis.archive.custody import UnopenedCustody
from parvis.model.audit import CustodianKeySet, read_entry
from parvis.model.records import RecordKind
from parvis.store.keyfile import KeyFile
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.sealed import SqliteSealed


def words_in(path: Path) -> str:
    """Read the words of a share's file."""
    return shares.words_of(path.read_text())


def seed_of(*paths: Path) -> bytes:
    """Put shares together."""
    return bytes(shares.combine([words_in(path) for path in paths]))


def init(data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Make a key, three of five."""
    return run("custodian", "init", "--shares", "5", "--threshold", "3", "--data", str(data), *more)


def audit(data: Path) -> list[Any]:
    """Read what the record of the audit tells of custodians' keys."""
    told = [read_entry(record.line) for record in opened_records(data) if record.header.kind is RecordKind.AUDIT]
    return [entry for entry in told if isinstance(entry, CustodianKeySet)]


# Making a key.


def test_init_before_the_first_start_is_the_only_key_there_is(tmp_path: Path) -> None:
    """Nobody gets a share that they need not keep; each share is a private file, named, and opens with others."""
    data = tmp_path / "data"
    done = init(data)
    assert done.returncode == 0, done.stderr
    files = [data / f"custodian-share-{number}-of-5.txt" for number in range(1, 6)]
    assert share_files.lying(data) == files
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        assert str(path) in done.stdout
        assert words_in(path) not in done.stdout + done.stderr
    (key,) = keys_of(data)
    assert (key.shares, key.threshold) == (5, 3)
    assert custody.public_bytes(seed_of(*files[1:4])) == key.public
    assert audit(data) == [CustodianKeySet(custodian=key.id.hex(), shares=5, threshold=3)]
    assert run("custodian", "status", "--data", str(data)).stdout.startswith(f"The key {key.id.hex()} is in use since ")


def test_init_replaces_the_first_key_while_the_server_runs(tmp_path: Path) -> None:
    """It says that what was sealed until now needs the first share; both are in the audit."""
    with running(tmp_path) as server:
        with Person(server.port(), "anna") as anna:
            anna.says("JOIN #room", "PRIVMSG #room :early")
            anna.says("PING done")
            anna.hears_until("PONG")
            (first,) = keys_of(server.data)
            done = init(server.data, "--out", str(tmp_path))
            assert done.returncode == 0, done.stderr
            assert f"still needs the key {first.id.hex()}: keep its share" in done.stdout
            anna.says("PRIVMSG #room :late", "PING later")
            anna.hears_until("PONG")
        assert server.terminate() == 0
    new = keys_of(server.data)[-1]
    assert audit(server.data) == [
        CustodianKeySet(custodian=first.id.hex(), shares=1, threshold=1),
        CustodianKeySet(by="operator", custodian=new.id.hex(), shares=5, threshold=3, replaces=first.id.hex()),
    ]
    first_seed = seed_of(server.data / share_files.FIRST_SHARE)
    new_seed = seed_of(*(tmp_path / share_files.name_of(number, 5) for number in (1, 3, 5)))
    assert opened(server.data, b"early", first_seed, first.id) != opened(server.data, b"late", new_seed, new.id)
    with pytest.raises(UnopenedCustody):
        opened(server.data, b"late", first_seed, new.id)
    with pytest.raises(UnopenedCustody):
        opened(server.data, b"early", new_seed, first.id)


def opened(data: Path, word: bytes, seed: bytes, custodian: bytes) -> bytes:
    """Open the content key of the record that holds a word, as custodians would."""
    (record,) = [each for each in opened_records(data) if word in each.line]
    rows = SqliteSealed(data)
    stored = rows.content_key(record.header.content_key)
    assert stored is not None
    (wrap,) = rows.wraps_of(stored.id)
    assert wrap.custodian == custodian
    (term,) = [key for key in KeyFile(data / "keys.json").term_keys() if key.id == wrap.term_key]
    key = ContentKey(id=stored.id, conversation=stored.conversation, hour=stored.hour, run=stored.run, key=b"")
    sealed = custody.lift_term(wrap.wrap, term, key.id)
    return custody.open_sealed(custody.private_key(seed), sealed, custody_info(key, custodian))


def test_init_leaves_a_chosen_key_alone_and_rotate_replaces_it(tmp_path: Path) -> None:
    """Also one that was chosen with one share."""
    data = tmp_path / "data"
    assert run("custodian", "rotate", "--data", str(data)).stderr.startswith("There is no key yet.")
    assert init(data).returncode == 0
    refused = init(data, "--out", str(tmp_path))
    assert refused.returncode == 1
    assert "parvis custodian rotate" in refused.stderr
    alone = run("custodian", "rotate", "--shares", "1", "--threshold", "1", "--data", str(data), "--json")
    assert alone.returncode == 0
    assert "parvis custodian rotate" in init(data).stderr
    as_before = run("custodian", "rotate", "--data", str(data), "--out", str(tmp_path), "--json")
    assert [json.loads(line)["event"] for line in as_before.stdout.splitlines()] == ["share-written", "key-set"]
    assert [(key.shares, key.threshold) for key in keys_of(data)] == [(5, 3), (1, 1), (1, 1)]
    assert "--threshold" in run("custodian", "rotate", "--shares", "4", "--data", str(data)).stderr


@pytest.mark.parametrize("split", [("0", "0"), ("17", "3"), ("5", "6"), ("5", "0"), ("5", "1")])
def test_a_key_that_cannot_be_split_so_is_refused_at_once(tmp_path: Path, split: tuple[str, str]) -> None:
    """Nothing is begun."""
    data = tmp_path / "data"
    refused = run("custodian", "init", "--shares", split[0], "--threshold", split[1], "--data", str(data))
    assert refused.returncode == 1
    assert refused.stderr.endswith(".\n")
    assert not data.exists()


def test_no_share_is_written_over(tmp_path: Path) -> None:
    """A file that is there may be the only copy of another key's."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "custodian-share-4-of-5.txt").write_text("another")
    refused = init(data)
    assert refused.returncode == 1
    assert "custodian-share-4-of-5.txt is there already" in refused.stderr
    assert [path.name for path in share_files.lying(data)] == ["custodian-share-4-of-5.txt"]
    assert not (data / "parvis.db").exists()


def test_a_key_that_is_not_taken_leaves_shares_that_are_said_to_be_worthless(tmp_path: Path) -> None:
    """Here the database is damaged by the time it is asked: what is in use stays in use."""
    data = tmp_path / "data"
    assert init(data, "--out", str(tmp_path)).returncode == 0
    kept = keys_of(data)
    (data / "keys.json").chmod(0o644)
    failed = run("custodian", "rotate", "--data", str(data))
    assert failed.returncode == 1
    assert "The new key is not in use." in failed.stderr
    assert "worthless: destroy them" in failed.stderr
    assert keys_of(data) == kept


def over(data: Path) -> Config:
    """Give the configuration of a server over a folder."""
    return replace(Config(), server=replace(Config().server, data_dir=data))


def wish(**changes: Any) -> dict[str, Any]:
    """Give what the program asks of the server, changed."""
    public = custody.public_bytes(bytes(32)).hex()
    return {"public": public, "shares": 2, "threshold": 2, "share_checks": "00" * 32, "replaces": "", **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"public": "00"},
        {"public": "zz"},
        {"public": custody.public_bytes(bytes(32)).hex()[: 2 * 1184] + "00" * 32},
        {"public": None},
        {"shares": 17},
        {"shares": "2"},
        {"threshold": 3},
        {"share_checks": "00"},
        {"replaces": "00" * 16},
        {"more": 1},
    ],
)
def test_the_server_takes_no_key_that_it_could_not_seal_to(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Nor one that was to replace another than the one in use: it would come into use behind somebody's back."""
    data = tmp_path / "data"
    assert init(data).returncode == 0
    kept = keys_of(data)
    config = over(data)
    with pytest.raises(NotDone):
        ask(config, "custodian.set", {**wish(replaces=kept[-1].id.hex()), **changes})
    assert keys_of(data) == kept


def test_a_key_that_was_replaced_does_not_come_back(tmp_path: Path) -> None:
    """Its shares may be with people who are custodians no more; the newest is in use whatever the clock says."""
    data = tmp_path / "data"
    assert init(data).returncode == 0
    config = over(data)
    database = sqlite3.connect(data / "parvis.db", isolation_level=None)
    database.execute("UPDATE custodians SET since_ms = since_ms + 100000000")
    database.close()
    (first,) = keys_of(data)
    mine = wish(replaces=first.id.hex())
    ask(config, "custodian.set", mine)
    ask(config, "custodian.set", mine)
    assert [key.id for key in keys_of(data)][:-1] == [first.id]
    again = wish(public=first.public.hex(), shares=5, threshold=3, share_checks=first.share_checks.hex())
    with pytest.raises(NotDone, match="in use before"):
        ask(config, "custodian.set", {**again, "replaces": keys_of(data)[-1].id.hex()})


# With a terminal.


@dataclass
class Custodian:
    """Somebody who writes down what is shown and types it back; or does not."""

    breaks_off_at: int = 0
    forgets: bool = False
    shares: list[dict[int, str]] = field(default_factory=list)

    def __call__(self, shown: str) -> str | None:
        """Answer what is shown."""
        written = {int(place): word for place, word in re.findall(r"(?<!\w)(\d+) ([a-z]{4,8})(?=\s)", shown)}
        if len(written) == shares.SHARE_WORDS:
            if written not in self.shares:
                self.shares.append(written)
            return "\x03" if len(self.shares) == self.breaks_off_at else "\r"
        if asked := re.search(r"Word (\d+): $", shown):
            if self.forgets:
                self.forgets = False
                return "wrong\r"
            return self.shares[-1][int(asked[1])] + "\r"
        return "\r" if "Press Enter" in shown else None

    def texts(self) -> list[str]:
        """Give the words of each share."""
        return [" ".join(share[place] for place in sorted(share)) for share in self.shares]


def test_on_a_terminal_each_share_is_shown_alone_and_proved(tmp_path: Path) -> None:
    """The screen is cleared between them, no file is written, and what was written down opens."""
    data = tmp_path / "data"
    custodian = Custodian(forgets=True)
    shown, status = on_terminal(
        command("custodian", "init", "--shares", "3", "--threshold", "2", "--data", str(data)), custodian
    )
    assert status == 0, shown
    assert "That is not the word." in shown
    assert not share_files.lying(data)
    texts = custodian.texts()
    assert len(texts) == 3
    (key,) = keys_of(data)
    assert custody.public_bytes(bytes(shares.combine(texts[1:]))) == key.public
    screens = shown.split("\x1b[2J\x1b[3J\x1b[H")
    assert screens[-1].startswith(f"From now on the archive is sealed to the key {key.id.hex()}")
    # Shares may have a word in common by chance; a screen that has all of one is that share's.
    assert all(sum(set(text.split()) <= set(screen.split()) for text in texts) <= 1 for screen in screens)


def test_what_is_broken_off_changes_nothing(tmp_path: Path) -> None:
    """At the second share; the first one is said to open nothing."""
    data = tmp_path / "data"
    shown, status = on_terminal(command("custodian", "init", "--data", str(data)), Custodian(breaks_off_at=2))
    assert status == 1
    assert "Broken off: nothing was changed." in shown.split("\x1b[H")[-1]
    assert not keys_of(data)


def test_words_are_asked_for_without_showing_them(tmp_path: Path) -> None:
    """On as many lines as people like."""
    data = tmp_path / "data"
    assert init(data).returncode == 0
    words = words_in(data / "custodian-share-2-of-5.txt").split()
    lines = [" ".join(words[at : at + 11]) + "\r" for at in (0, 11, 22)]
    shown, status = on_terminal(
        command("custodian", "check-share", "--data", str(data)),
        lambda latest: lines.pop(0) if latest.endswith(": ") else None,
    )
    assert status == 0, shown
    assert "22 words so far" in shown
    assert "The share is whole: share 2 of 5" in shown
    assert " ".join(words[11:14]) not in shown


# Checking a share.


def test_a_share_is_checked_with_the_archive_and_away_from_it(tmp_path: Path) -> None:
    """The list of keys holds nothing secret, and is enough; a changed list is found out."""
    data = tmp_path / "data"
    assert init(data).returncode == 0
    share = (data / "custodian-share-3-of-5.txt").read_text()
    done = run("custodian", "check-share", "--data", str(data), given=share)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"The share is whole: share 3 of 5 of the key {keys_of(data)[0].id.hex()}.")
    keys = tmp_path / "keys.jsonl"
    keys.write_text(run("custodian", "status", "--data", str(data), "--json").stdout)
    shutil.rmtree(data)
    away = run("custodian", "check-share", "--keys", str(keys), "--json", given=share)
    assert json.loads(away.stdout)["share"] == 3
    for wrong in ("", "x", "\udcff", keys.read_text().replace('"custodian":"', '"custodian":"00')):
        keys.write_text(wrong, errors="surrogateescape")
        refused = run("custodian", "check-share", "--keys", str(keys), given=share)
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr


def a_word_is_missing(words: list[str]) -> list[str]:
    """Leave one out."""
    return words[:-1]


def two_are_exchanged(words: list[str]) -> list[str]:
    """Write two in the wrong order."""
    return [*words[:10], words[11], words[10], *words[12:]]


def it_is_of_another_key(_: list[str]) -> list[str]:
    """Take a share of somebody else's key."""
    return shares.split(bytes(32), 5, 3)[2].split()


@pytest.mark.parametrize("change", [a_word_is_missing, two_are_exchanged, it_is_of_another_key])
def test_a_share_that_is_not_whole_or_not_ours_is_told_from_one_that_is(
    tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    """And none of its words is repeated."""
    data = tmp_path / "data"
    assert init(data).returncode == 0
    words = change(words_in(data / "custodian-share-3-of-5.txt").split())
    done = run("custodian", "check-share", "--data", str(data), given=" ".join(words))
    assert done.returncode == 1
    assert not done.stdout
    assert f"{words[9]} {words[10]}" not in done.stderr


def test_an_earlier_share_is_still_known(tmp_path: Path) -> None:
    """The only share of the first key too, by what it opens."""
    with running(tmp_path) as server:
        server.port()
        assert server.terminate() == 0
    first = (server.data / share_files.FIRST_SHARE).read_text()
    now = run("custodian", "check-share", "--data", str(server.data), given=first)
    assert "is in use since" in now.stdout, now.stderr
    assert init(server.data).returncode == 0
    then = run("custodian", "check-share", "--data", str(server.data), given=first)
    assert then.returncode == 0
    assert "not in use any more; keep the share" in then.stdout
    status = run("custodian", "status", "--data", str(server.data))
    assert "Earlier ones, whose shares open what was sealed to them:" in status.stdout
    assert "Caution: The archive's key lies beside it" in status.stdout


def test_what_is_stored_helps_nobody_to_a_share(tmp_path: Path) -> None:
    """Neither the database nor the key store nor the list holds its words, nor its value."""
    data = tmp_path / "data"
    assert init(data, "--out", str(tmp_path)).returncode == 0
    words = words_in(tmp_path / "custodian-share-1-of-5.txt").split()
    listed = run("custodian", "status", "--data", str(data), "--json").stdout
    everything = b"".join(path.read_bytes() for path in data.iterdir() if path.is_file()) + listed.encode()
    assert not [pair for pair in pairwise(words) if " ".join(pair).encode() in everything]
    value = Share.from_mnemonic(" ".join(words)).value
    assert not [part for part in (value, value.hex().encode(), value[:8], value[-8:]) if part in everything]
    (key,) = keys_of(data)
    assert len(key.share_checks) == 5 * custody.SHARE_CHECK_BYTES
    # They differ from key to key: a check of one tells nothing of a share of another.
    assert shares.check_of(key.id, " ".join(words)) != shares.check_of(bytes(16), " ".join(words))


def test_without_an_archive_each_verb_says_so(tmp_path: Path) -> None:
    """And what to do."""
    for verb in ("status", "check-share"):
        done = run("custodian", verb, "--data", str(tmp_path / "none"))
        assert done.returncode == 1
        assert done.stderr.startswith("There is no archive in ")
    assert run("custodian", "status", "--data", str(tmp_path), "--nonsense").returncode == 2


def test_an_archive_in_memory_has_no_custodians(tmp_path: Path) -> None:
    """A key set there would be gone at once."""
    done = run(
        "custodian", "init", "--data", str(tmp_path), PARVIS_ARCHIVE__STORE="memory", PARVIS_SERVER__PROFILE="test"
    )
    assert done.returncode == 1
    assert "in memory alone" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_server_never_loads_what_reads_shares() -> None:
    """Its process holds no share, and not even the code for them."""
    code = "import parvis.app.serve, sys; print([name for name in sys.modules if 'shamir' in name or 'shares' in name])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
