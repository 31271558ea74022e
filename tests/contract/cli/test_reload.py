"""`parvis reload`. Source: docs/handbook/operator.md, "Commands", "Signals"."""

import fcntl
import json
import os
from pathlib import Path

import pytest
from tests.contract.app.test_start import certificate, shown_name
from tests.contract.cli.test_cli import run
from tests.promises.servers import CONFIG, running

from parvis.app.running import STATE_NAME, NotReloaded, reload


def test_the_running_server_takes_its_configuration_and_certificates_again(tmp_path: Path) -> None:
    """Ends with 0 once it has."""
    certificate(tmp_path, "old.test")
    places = f'port = 0\ntls_cert = "{tmp_path}/cert.pem"\ntls_key = "{tmp_path}/key.pem"'
    with running(tmp_path, CONFIG.replace("port = 0", places)) as server:
        port = server.port()
        certificate(tmp_path, "new.test")
        done = run("reload", "--config", str(server.config), "--data", str(server.data))
        assert (done.returncode, done.stdout) == (0, "The server has read its configuration and certificates again.\n")
        assert shown_name(port) == "new.test"
        assert (server.data / STATE_NAME).stat().st_mode & 0o777 == 0o600
        # Only the certificate is broken: the configuration is in order, and the server says what it kept.
        (tmp_path / "cert.pem").write_text("nothing")
        failed = run("reload", "--config", str(server.config), "--data", str(server.data), "--json")
        assert failed.returncode == 1
        assert json.loads(failed.stdout)["event"] == "not-reloaded"
        assert "log says what was wrong" in failed.stdout


def test_a_mistake_is_told_before_the_server_is(tmp_path: Path) -> None:
    """With its key; the server hears nothing of it."""
    with running(tmp_path) as server:
        server.port()
        wrong = tmp_path / "wrong.toml"
        wrong.write_text('[server]\nname = "nodot"\n')
        failed = run("reload", "--config", str(wrong), "--data", str(server.data))
        assert failed.returncode == 1
        assert "server.name" in failed.stdout
        assert "reloaded" not in server.complaints()


def test_without_a_server_it_fails(tmp_path: Path) -> None:
    """Also over the folder of one that has ended, whose file still names it."""
    missing = run("reload", "--data", str(tmp_path / "none"))
    assert missing.returncode == 1
    assert missing.stderr.startswith("No server runs over ")
    with running(tmp_path) as server:
        server.port()
        server.terminate()
    ended = run("reload", "--data", str(server.data), "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"event": "not-reloaded", "text": f"No server runs over {server.data}."}
    assert run("reload", "--nonsense").returncode == 2


@pytest.mark.parametrize("state", [b"", b"{", b'{"pid": "x"}', b'{"pid": 4194304}', b'{"pid": 1}'])
def test_a_file_that_names_nobody_signals_nobody(state: bytes, tmp_path: Path) -> None:
    """A folder's owner cannot have somebody else's process told."""
    path = tmp_path / STATE_NAME
    path.write_bytes(state)
    if state == b'{"pid": 1}' and os.getuid() == 0:
        os.chown(path, 65534, 65534)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NotReloaded):
            reload(tmp_path, 0.1)
