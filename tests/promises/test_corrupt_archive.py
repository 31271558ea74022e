"""A corrupt archive stops the server with a sentence that says where and what to do; nothing is made anew over it.

Source: docs/adr/0027-damage-and-repair.md; STYLE, "Faults and messages".
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from tests.client import Client
from tests.promises.servers import CONFIG, Server

REPAIR: Final = "parvis archive repair --to COPY"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder with people, rooms and words in it; its server was stopped, ran again, and was killed."""
    folder = tmp_path_factory.mktemp("corrupt")
    for is_last in (False, True):
        server = Server(folder / "server", CONFIG, data=folder / "data")
        with Client(server.port()).enter("somebody" if not is_last else "another") as client:
            if is_last:
                client.ask("JOIN #nave")
            else:
                client.ask("REGISTER * * passphrase", "JOIN #nave", "ROOM REGISTER #nave", "TOPIC #nave :what for")
            for number in range(60):
                client.ask(f"PRIVMSG #nave :words {number} {'x' * 200}")
            if is_last:
                server.kill()
        if not is_last:
            assert server.terminate() == 0
    return folder / "data"


def run(data: Path, *statements: str) -> None:
    """Change the database as damage would."""
    with closing(sqlite3.connect(data / "parvis.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def written_back(data: Path) -> None:
    """Have the log written back into the database, as an orderly end does."""
    run(data, "PRAGMA wal_checkpoint(TRUNCATE)")


def keys_cut(data: Path) -> None:
    """Cut the key file short."""
    (data / "keys.json").write_bytes((data / "keys.json").read_bytes()[:-40])


def keys_gone(data: Path) -> None:
    """Take the key file away."""
    (data / "keys.json").unlink()


def database_gone(data: Path) -> None:
    """Take the database away, with its log."""
    written_back(data)
    for name in ("parvis.db", "parvis.db-wal", "parvis.db-shm"):
        (data / name).unlink(missing_ok=True)


def first_page_noise(data: Path) -> None:
    """Overwrite the beginning of the database."""
    written_back(data)
    raw = (data / "parvis.db").read_bytes()
    (data / "parvis.db").write_bytes(b"nonsense" * 512 + raw[4096:])


def schema_zeroed(data: Path) -> None:
    """Overwrite the schema, and leave the header in front of it."""
    written_back(data)
    raw = (data / "parvis.db").read_bytes()
    (data / "parvis.db").write_bytes(raw[:100] + bytes(3996) + raw[4096:])


def cut_in_half(data: Path) -> None:
    """Cut the database short."""
    written_back(data)
    raw = (data / "parvis.db").read_bytes()
    (data / "parvis.db").write_bytes(raw[: len(raw) // 2])


def log_damaged(data: Path) -> None:
    """Flip a byte of a batch that was durable, in the log."""
    raw = bytearray((data / "parvis.db-wal").read_bytes())
    raw[len(raw) // 2] ^= 1
    (data / "parvis.db-wal").write_bytes(raw)


def head_malformed(data: Path) -> None:
    """Give the newest record a header that is none."""
    run(data, "UPDATE records SET header = zeroblob(103) WHERE id = (SELECT max(id) FROM records)")


def room_malformed(data: Path) -> None:
    """Give a room a list that is no JSON."""
    run(data, "UPDATE rooms SET lists = 'x'")


def value_malformed(data: Path) -> None:
    """Give an account a value that is none."""
    run(data, "UPDATE kept SET value = x'7b7d' WHERE kind = 'account'")


def kind_unknown(data: Path) -> None:
    """Give a value a kind that there is not."""
    run(data, "UPDATE kept SET kind = 'nothing' WHERE kind = 'account'")


def lease_malformed(data: Path) -> None:
    """Give the lease a run that is no number."""
    run(data, "UPDATE lease SET run = x'00', renewed_ms = 'x'")


@pytest.mark.parametrize(
    ("damage", "where", "what"),
    [
        (keys_cut, "keys.json is damaged", "Put it back from its backup"),
        (keys_gone, "keys.json is missing", "put the file back from its backup"),
        (database_gone, "parvis.db is missing", "Put it back from its backup"),
        (first_page_noise, "parvis.db", REPAIR),
        (schema_zeroed, "parvis.db", REPAIR),
        (cut_in_half, "parvis.db is damaged", REPAIR),
        (log_damaged, "parvis.db-wal", REPAIR),
        (head_malformed, "the newest record, 2/", REPAIR),
        (room_malformed, "parvis.db", REPAIR),
        (value_malformed, "what is kept of account", REPAIR),
        (kind_unknown, "parvis.db", REPAIR),
        (lease_malformed, "parvis.db", REPAIR),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_damaged_folder_is_refused_in_one_sentence(
    killed: Path, tmp_path: Path, damage: Callable[[Path], None], where: str, what: str
) -> None:
    """Status 1, where it is, what to do, no stack trace, and not a byte of what was damaged is made anew."""
    data = tmp_path / "data"
    shutil.copytree(killed, data, ignore=shutil.ignore_patterns("*.sock"))
    damage(data)
    keys = (data / "keys.json").read_bytes() if (data / "keys.json").exists() else None
    server = Server(tmp_path / "server", CONFIG, data=data)
    assert server.ended() == 1
    said = [line for line in server.complaints().splitlines() if line.startswith("Parvis cannot start: ")]
    assert len(said) == 1, server.complaints()
    assert "Traceback" not in server.complaints()
    assert where in said[0]
    assert what in said[0]
    assert ((data / "keys.json").read_bytes() if (data / "keys.json").exists() else None) == keys
    assert (data / "parvis.db").exists() is (damage is not database_gone)


def test_a_log_that_was_taken_away_is_told(killed: Path, tmp_path: Path) -> None:
    """It cannot be told from a copy that was made while the server ran: it starts, and says so."""
    data = tmp_path / "data"
    shutil.copytree(killed, data, ignore=shutil.ignore_patterns("*.sock"))
    (data / "parvis.db-wal").unlink()
    (data / "parvis.db-shm").unlink()
    server = Server(tmp_path / "server", CONFIG, data=data)
    server.port()
    assert server.terminate() == 0
    assert "Its write-ahead log is not beside the database" in server.complaints()


def test_damage_while_running_stops_the_server(tmp_path: Path) -> None:
    """The next commit that meets it is answered to nobody; the log says where it is and what to do; status 1."""
    data = tmp_path / "data"
    server = Server(tmp_path / "server", CONFIG, data=data)
    with Client(server.port()).enter("somebody") as client:
        client.ask("JOIN #nave")
        # Another program writes, so that the server reads its pages again; then the disk gives it noise.
        run(data, "UPDATE lease SET renewed_ms = renewed_ms", "PRAGMA wal_checkpoint(TRUNCATE)")
        size = (data / "parvis.db").stat().st_size
        with (data / "parvis.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"nonsense" * (size // 8 - 512))
        client.send("PRIVMSG #nave :never shown")
        heard = client.until_closed()
    assert not [line for line in heard if b"never shown" in line.raw]
    assert server.ended() == 1
    assert "the archive cannot go on" in server.complaints()
    assert REPAIR in server.complaints()
    assert "Traceback" not in server.complaints()
