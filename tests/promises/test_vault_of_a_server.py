"""The identification vault of a real server: behind a proxy, after `kill -9`, and in the hands of a thief.

Source: docs/adr/0024-the-identification-vault.md; DESIGN, 2, promises 1 and 2; décret 2021-1362, article 5.
"""

import shutil
import socket
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.promises.servers import CONFIG, Person, running
from tests.vaults import all_entries, day_key, operations_in

from parvis.app import shares
from parvis.app.share_files import FIRST_SHARE
from parvis.archive import custody, vault
from parvis.model.audit import VaultSealed, read_entry
from parvis.model.records import RecordKind
from parvis.store.keyfile import KEYFILE_NAME, KeyFile
from parvis.store.sqlite.reader import opened_records
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.vault import check_vault

BEHIND_A_PROXY = f"""{CONFIG}
[[listen]]
kind = "irc"
port = 0
proxy_protocol = true
"""
ADDRESS = "203.0.113.77"
PORT = 40_123
ROOM = "#accueil"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Give a folder for a server."""
    return tmp_path / "server"


def behind_proxy(port: int, nick: str) -> Person:
    """Come in through a proxy that passes address and port on (PROXY protocol, version 1)."""
    person = Person(port)
    person.says(f"PROXY TCP4 {ADDRESS} 192.0.2.1 {PORT} 6697", f"NICK {nick}", f"USER {nick} 0 * :{nick}")
    person.hears_until(" 422 ", " 376 ")
    return person


def take_share(data: Path) -> bytes:
    """Take the custodians' share away from the machine, as its file asks for, and give the seed it stands for."""
    path = data / FIRST_SHARE
    seed = bytes(shares.combine([shares.words_of(path.read_text())]))
    path.unlink()
    return seed


def entries_in(data: Path, seed: bytes) -> list[vault.Entry]:
    """Open everything with what the custodians have."""
    return all_entries(SqliteSealed(data), KeyFile(data / KEYFILE_NAME).term_keys(), seed)


def told_in(data: Path) -> list[VaultSealed]:
    """Give what the audit tells of the vault."""
    records = opened_records(data)
    told = [read_entry(record.line) for record in records if record.header.kind is RecordKind.AUDIT]
    return [entry for entry in told if isinstance(entry, VaultSealed)]


def test_behind_a_proxy_the_vault_has_the_clients_address_and_source_port(folder: Path) -> None:
    """Test 15 of law.md, 11: without the port the record is worthless behind carrier-grade NAT."""
    with running(folder, BEHIND_A_PROXY) as server:
        server.port()
        with closing(behind_proxy(server.port(), "anna").socket) as sock:
            local = sock.getsockname()
        assert server.terminate() == 0
    seed = take_share(server.data)
    (came,) = [entry for entry in entries_in(server.data, seed) if isinstance(entry, vault.Connection)]
    assert (came.address, came.port, came.via, came.is_own) == (ADDRESS, PORT, "proxy", True)
    assert came.port != local[1]
    assert came.transport == "tcp"
    assert came.listener.startswith("irc://")
    assert check_vault(SqliteSealed(server.data), told_in(server.data), 0) == []


def test_after_kill_9_every_message_that_was_read_has_its_operation(folder: Path) -> None:
    """Those of the last second by their session, whose connections the vault knows."""
    with running(folder) as server:
        port = server.port()
        with Person(port, "reader") as reader, Person(port, "writer") as writer:
            for person in (reader, writer):
                person.says(f"JOIN {ROOM}")
                person.hears_until(" 366 ")
            for number in range(40):
                writer.says(f"PRIVMSG {ROOM} :number {number}")
                reader.hears_until(f":number {number}")
            peer = writer.socket.getsockname()
            server.kill()
    seed = take_share(server.data)
    with running(folder) as server:
        server.port()
        assert server.terminate() == 0
    entries = entries_in(server.data, seed)
    by_message = {each.message_id: each for each in operations_in(entries)}
    came = {entry.connection: entry for entry in entries if isinstance(entry, vault.Connection)}
    whose = {entry.session: entry.connection for entry in entries if isinstance(entry, vault.Presence)}
    seen = 0
    for record in opened_records(server.data):
        if record.header.kind is not RecordKind.MESSAGE:
            continue
        each = by_message[record.header.message_id]
        connection = each.connection or whose[each.session or b""]
        assert (came[connection].address, came[connection].port) == peer
        seen += 1
    assert seen == 40
    assert any(each.session for each in by_message.values()), "the last second was in no row"
    # The keys that were in memory are given up in the log all the same.
    assert check_vault(SqliteSealed(server.data), told_in(server.data), 0) == []
    stored = SqliteSealed(server.data).vault_keys()
    assert {each.key for each in told_in(server.data)} == {key.id.hex() for key in stored}


def test_a_copy_of_everything_the_running_server_has_opens_no_row(folder: Path, tmp_path: Path) -> None:
    """Database, log, key store, configuration and output, taken while it runs: the day's key is in its memory alone."""
    with running(folder, BEHIND_A_PROXY) as server:
        server.port()
        with closing(behind_proxy(server.port(), "anna").socket) as sock:
            sock.sendall(b"REGISTER * * sesame-42\r\n")
            reader = sock.makefile("rb")
            while b"REGISTER SUCCESS" not in reader.readline():
                pass
            sock.sendall(f"PRIVMSG {ROOM} :words\r\nJOIN {ROOM}\r\nTOPIC {ROOM} :ours\r\nQUIT\r\n".encode())
            reader.read()
        seed = take_share(server.data)
        stolen = tmp_path / "stolen"
        shutil.copytree(folder, stolen, ignore=shutil.ignore_patterns("control.sock"))
        assert server.terminate() == 0
    data = stolen / "data"
    sealed = SqliteSealed(data)
    keys = KeyFile(data / KEYFILE_NAME)
    everything = b"".join(path.read_bytes() for path in stolen.rglob("*") if path.is_file())
    for clear in (ADDRESS.encode(), str(PORT).encode(), socket.inet_aton(ADDRESS)):
        assert clear not in everything
    has = secrets_of(keys)
    stored_keys = sealed.vault_keys()
    assert stored_keys
    for stored in stored_keys:
        (term_key,) = [key for key in keys.term_keys() if key.id == stored.term_key]
        inner = custody.lift_term(stored.wrap, term_key, stored.id)
        info = vault.key_info(stored.id, stored.kind, stored.day_ms, stored.custodian)
        rows = list(sealed.vault_rows(stored.id))
        assert rows
        for secret in has:
            with pytest.raises(custody.UnopenedCustody):
                vault.open_day_key(custody.private_key(secret), inner, info)
            with pytest.raises(vault.UnopenedVault):
                vault.open_row(secret, stored.id, rows[0].sealed)
        # The custodians' seed opens all of it, and what it gives stands nowhere in what was stolen.
        key = day_key(stored, keys.term_keys(), seed)
        assert key not in everything
        assert key.hex().encode() not in everything
    assert any(isinstance(entry, vault.Registration) for entry in entries_in(data, seed))
    assert seed not in everything


def test_a_server_that_crashes_leaves_no_core_file(folder: Path) -> None:
    """It would hold the key of the day, and everything that the windows had opened, for longer than either."""
    with running(folder) as server:
        server.port()
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        # One byte, and not none: of pipes the kernel asks for this very number.
        assert line.split()[4:6] == ["1", "1"]
        assert server.terminate() == 0


def secrets_of(keys: KeyFile) -> list[bytes]:
    """Give what a thief of the key store can try: each term key, and what the server derives its own keys from."""
    purposes = (b"chat", b"accounts", b"vault", b"custodian")
    tried = [key.key for key in keys.term_keys()] + [keys.derived(purpose) for purpose in purposes]
    return tried + [sha256(secret).digest() for secret in tried]


def test_no_address_stands_in_the_log(folder: Path) -> None:
    """Source: ARCHITECTURE.md, "Invariants", 8."""
    with running(folder, BEHIND_A_PROXY) as server:
        server.port()
        with closing(behind_proxy(server.port(), "anna").socket):
            pass
        assert server.terminate() == 0
    assert ADDRESS not in server.complaints()
    assert str(PORT) not in server.complaints()
