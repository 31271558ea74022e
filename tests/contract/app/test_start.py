"""Starting, stopping and reloading a real server. Source: docs/handbook/operator.md; DESIGN.md 4; ADR 3."""

import ctypes
import os
import signal
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace
from tests.custodians import a_custodian
from tests.promises.servers import CONFIG, PATIENCE_S, Hearer, Person, Server, eventually, running

from parvis.app import serve, systemd
from parvis.app.config import Config
from parvis.app.wiring import DEFAULT_ROOMS
from parvis.model.records import RecordKind
from parvis.ports.archive import Batch, Outcome, Sealed
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.reader import opened_records

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1


def now_ms() -> int:
    """Give the time of day."""
    return time.time_ns() // 1_000_000


def refused(folder: Path, config: str = CONFIG, *, before: Callable[[], None] | None = None) -> str:
    """Start a server that cannot, and give what it says."""
    with running(folder, config, data=folder / "data", before=before) as server:
        assert server.ended() == 1, server.complaints()
        return server.complaints().splitlines()[-1]


SQUARE: Final = {"PARVIS_SERVER__PROFILE": "eu-fr"}
"""A server for people: with profile `test` no room is there before somebody opens it."""


def started_once(folder: Path, environ: Mapping[str, str] | None = None) -> Path:
    """Have a server start and end well, and give its data folder."""
    with running(folder, environ=environ) as server:
        server.port()
        assert server.terminate() == 0, server.complaints()
    return server.data


# What keeps a server from starting.


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Nothing was begun in the data folder: the address is tried first."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path, CONFIG.replace("port = 0", f"port = {port}"))
    assert said == (
        f"Parvis cannot start: listen[0]: cannot listen on port {port}: it is taken. "
        "Another server runs there; stop that one, or choose another port."
    )
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Root, too, obeys the modes of files once that right is dropped."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    libc = ctypes.CDLL(None)

    def obey() -> None:
        libc.prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)

    said = refused(tmp_path, before=obey)
    assert said == f"Parvis cannot start: the data folder {folder} cannot be used: Permission denied"


def test_a_missing_key_file_is_never_made_anew(tmp_path: Path) -> None:
    """Records without their keys refuse to start."""
    keys = started_once(tmp_path) / "keys.json"
    kept = keys.read_bytes()
    keys.unlink()
    said = refused(tmp_path)
    assert f"the key file {keys} is missing" in said
    assert "put the file back from its backup" in said
    assert not keys.exists()
    keys.write_bytes(kept)
    keys.chmod(0o600)
    started_once(tmp_path)


@pytest.mark.parametrize("name", ["keys.json", "parvis.db", "."])
def test_what_others_could_read_is_named(tmp_path: Path, name: str) -> None:
    """Keys, database and folder are their owner's alone; the text says with which command to mend it."""
    path = started_once(tmp_path) / name
    path.chmod(0o755 if path.is_dir() else 0o640)
    said = refused(tmp_path)
    assert "open to other users" in said
    assert "chmod" in said


def ran_ahead(folder: Path, by_ms: int) -> int:
    """Seal a record with a clock that is ahead, and give its time."""
    ahead_ms = now_ms() + by_ms
    archive = SqliteArchive(folder / "data", lambda call: call(), lambda: ahead_ms, make_custodian=a_custodian)
    archive.open(ahead_ms)
    archive.close()
    return ahead_ms


def test_a_clock_a_little_behind_goes_on_from_the_last_record(tmp_path: Path) -> None:
    """One minute: it starts, warns, and no record is earlier than those before it."""
    last_ms = ran_ahead(tmp_path, 60_000)
    with running(tmp_path) as server:
        with Person(server.port(), "anna"):
            assert "behind the newest record" in server.complaints()
        server.kill()
    later = [record.header.time_ms for record in opened_records(server.data) if record.header.run == 2]
    assert later[0] == last_ms + 1
    assert len(later) > 1
    assert later == sorted(later)


def test_a_clock_far_behind_refuses(tmp_path: Path) -> None:
    """Six minutes are more than five."""
    ran_ahead(tmp_path, 360_000)
    said = refused(tmp_path)
    assert "s behind the newest record, limit is 300 s. Set the clock right and start again" in said


def test_a_database_newer_than_the_program_refuses(tmp_path: Path) -> None:
    """It is not touched, and the text says what to install."""
    database = started_once(tmp_path) / "parvis.db"
    connection = sqlite3.connect(database)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    said = refused(tmp_path)
    assert "was written by a newer version of this program (schema 9999" in said
    assert "Install that version or a later one" in said


def test_a_second_server_on_one_folder_refuses(tmp_path: Path) -> None:
    """The first goes on."""
    with running(tmp_path) as first:
        port = first.port()
        said = refused(tmp_path)
        assert "another server is writing to" in said
        assert "Stop it first, or use another data folder" in said
        with Person(port, "anna"):
            pass


# Ending.


def test_an_end_tells_everybody_and_keeps_what_was_said(tmp_path: Path) -> None:
    """SIGTERM: what was decided is sealed and delivered, everybody reads ERROR, the status is 0, within the bound."""
    with running(tmp_path) as server:
        port = server.port()
        with (
            Hearer(port, "anna", "echo-message") as anna,
            Hearer(port, "bert") as bert,
            Person(port) as stranger,
        ):
            for person in (anna, bert):
                person.says("JOIN #quai")
                person.waits_for(" 366 ")
            anna.says(*(f"PRIVMSG #quai :{number}" for number in range(50)))
            anna.waits_for("#quai :0")
            began_s = time.monotonic()
            assert server.terminate() == 0
            # The bound is `drain_timeout_s`, 5 s; it needs some hundredths of one.
            assert time.monotonic() - began_s < 5
            for person in (anna, bert):
                person.waits_for("ERROR :Closing link: the server is stopping")
            assert stranger.hears_to_the_end()[-1:] == ["ERROR :Closing link: the server is stopping"]
            said = [line for line in anna.lines if " PRIVMSG " in line]
            assert [line for line in bert.lines if " PRIVMSG " in line] == said
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    kept = [r.line.decode() for r in opened_records(server.data) if r.header.kind is RecordKind.MESSAGE]
    assert kept == said
    with running(tmp_path) as again:
        again.port()
        assert "ended without saying so" not in again.complaints()


def test_a_crash_is_told_at_the_next_start(tmp_path: Path) -> None:
    """Once."""
    with running(tmp_path) as server:
        server.port()
        server.kill()
    with running(tmp_path) as server:
        server.port()
        assert "Run 1 ended without saying so." in server.complaints()
        assert server.terminate() == 0
    server.log.unlink()
    with running(tmp_path) as server:
        server.port()
        assert "ended without saying so" not in server.complaints()


# Reloading.


def reload(server: Server, word: str) -> None:
    """Have the configuration read again, and wait until the log says what came of it."""
    before = server.complaints().count(word)
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: server.complaints().count(word) > before)


OPERATOR = """
[[operators]]
name = "oper"
password = "{}"
"""


def test_a_reload_takes_words_limits_and_operators(tmp_path: Path) -> None:
    """Who is connected stays."""
    with running(tmp_path, CONFIG + OPERATOR.format("old")) as server, Person(server.port(), "anna") as anna:
        changed = CONFIG.replace('motd = ""', 'motd = "A new day"').replace("[limits]", "[limits]\nnicklen = 9")
        server.config.write_text(changed + OPERATOR.format("new"))
        reload(server, '"reloaded"')
        anna.says("MOTD", "NICK abcdefghij", "OPER oper old", "OPER oper new", "PING 1")
        heard = anna.hears_until(" PONG ")
        codes = [line.split()[1] for line in heard]
        assert any("A new day" in line for line in heard)
        assert [code for code in codes if code in {"432", "464", "381"}] == ["432", "464", "381"]


def test_a_reload_with_a_mistake_changes_nothing(tmp_path: Path) -> None:
    """The log names the key."""
    with running(tmp_path, CONFIG + OPERATOR.format("old")) as server, Person(server.port(), "anna") as anna:
        changed = CONFIG.replace('motd = ""', 'motd = "A new day"').replace("[limits]", "[limits]\nnicklength = 9")
        server.config.write_text(changed + OPERATOR.format("new"))
        reload(server, "configuration kept as it was")
        assert "limits.nicklength" in server.complaints()
        anna.says("MOTD", "OPER oper new", "OPER oper old", "PING 1")
        codes = [line.split()[1] for line in anna.hears_until(" PONG ")]
        assert codes[:3] == ["422", "464", "381"]


def test_a_reload_keeps_the_names_that_people_were_told(tmp_path: Path) -> None:
    """The log names what needs a restart; the rest is taken."""
    with running(tmp_path) as server, Person(server.port(), "anna") as anna:
        changed = CONFIG.replace('motd = ""', 'motd = "A new day"').replace("square.test", "other.test")
        server.config.write_text(changed.replace("[server]", '[server]\nnetwork = "Other"'))
        reload(server, '"reloaded"')
        assert "server.name" in server.complaints()
        assert "server.network" in server.complaints()
        anna.says("MOTD", "PING 1")
        heard = anna.hears_until(" PONG ")
        assert any("A new day" in line for line in heard)
        assert all(line.startswith(":square.test ") for line in heard)


def test_a_reload_that_fails_in_any_way_leaves_the_server_as_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """systemd is told that the reload is over, whatever became of it (sd_notify(3), RELOADING=1)."""
    told: list[str] = []
    monkeypatch.setattr(systemd, "notify", told.append)

    def broken() -> Config:
        raise OSError("the disk is gone")

    untouched: Any = None
    serve._reload(Config(), broken, untouched, untouched, untouched, untouched)
    assert told[0].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert told[1:] == ["READY=1"]
    assert "configuration kept as it was" in "".join(capsys.readouterr())


def certificate(folder: Path, name: str) -> None:
    """Write a certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.touch(0o600)
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def shown_name(port: int) -> str:
    """Give the name in the certificate that a listener shows."""
    shown = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    return str(shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_a_reload_takes_a_new_certificate_and_keeps_the_old_for_a_broken_one(tmp_path: Path) -> None:
    """New connections are shown the new one; a file that is none changes nothing."""
    certificate(tmp_path, "old.test")
    places = f'port = 0\ntls_cert = "{tmp_path}/cert.pem"\ntls_key = "{tmp_path}/key.pem"'
    with running(tmp_path, CONFIG.replace("port = 0", places)) as server:
        port = server.port()
        assert shown_name(port) == "old.test"
        certificate(tmp_path, "new.test")
        reload(server, '"reloaded"')
        assert shown_name(port) == "new.test"
        (tmp_path / "cert.pem").write_text("nothing")
        reload(server, "certificate kept as it was")
        assert shown_name(port) == "new.test"


# Being told apart from starting.


def test_systemd_is_told_when_it_is_ready_reloads_and_stops(tmp_path: Path) -> None:
    """Source: sd_notify(3)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.settimeout(PATIENCE_S)
        told.bind(str(tmp_path / "notify"))
        with running(tmp_path, environ={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as server:
            assert told.recv(4096) == b"READY=1"
            with Person(server.port(), "anna"):
                pass
            os.kill(server.process.pid, signal.SIGHUP)
            assert told.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert told.recv(4096) == b"READY=1"
            assert server.terminate() == 0
            assert told.recv(4096) == b"STOPPING=1"


# What a start finds.


def rooms_shown(port: int) -> dict[str, str]:
    """Give the topic of each room that LIST shows."""
    with Person(port, "anna") as anna:
        anna.says("LIST")
        lines = [line.split(" ", 5) for line in anna.hears_until(" 323 ") if " 322 " in line]
    return {words[3]: words[5].removeprefix(":") for words in lines}


def test_the_default_rooms_are_there_and_stay(tmp_path: Path) -> None:
    """With their topics, at the first start and after a crash, as the same rooms."""
    ids: list[set[bytes]] = []
    for _ in range(2):
        with running(tmp_path, environ=SQUARE) as server:
            assert rooms_shown(server.port()) == dict(DEFAULT_ROOMS)
            server.kill()
        archive = SqliteArchive(server.data, lambda call: call(), now_ms, make_custodian=a_custodian)
        ids.append({room.id for room in archive.open(now_ms()).rooms})
        archive.close()
    assert ids[0] == ids[1]
    assert len(ids[0]) == len(DEFAULT_ROOMS)


def test_topics_and_modes_are_as_they_were_kept(tmp_path: Path) -> None:
    """A room's topic, flags, key, limit and lists come back with it."""
    data = started_once(tmp_path, environ=SQUARE)
    outcomes: list[Outcome] = []
    archive = SqliteArchive(data, lambda call: call(), now_ms, make_custodian=a_custodian)
    room = next(room for room in archive.open(now_ms()).rooms if room.name == "#loisirs")
    changed = replace(room, topic="Jardiner", topic_set_by="anna!~anna@x", flags="ms", key="cle", limit=7)
    archive.seal(Batch([], [changed]), outcomes.append)
    archive.close()
    assert isinstance(outcomes[0], Sealed)
    with running(tmp_path) as server, Person(server.port(), "anna") as anna:
        anna.says("JOIN #loisirs", "JOIN #loisirs cle")
        heard = anna.hears_until(" 366 ")
        assert any(" 475 " in line for line in heard)
        assert any(" 332 anna #loisirs :Jardiner" in line for line in heard)
        anna.says("MODE #loisirs", "PRIVMSG #loisirs :hello")
        heard = anna.hears_until(" 404 ")
        assert any(line.endswith(" 324 anna #loisirs +mskl cle 7") for line in heard), heard
