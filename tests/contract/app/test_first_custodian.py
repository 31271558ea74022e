"""The first key of a new archive, and its share. Source: docs/handbook/operator.md; ADR 21; DESIGN, "Sealing"."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contract.test_older_archives import a_copy
from tests.promises.servers import CONFIG, Server, command, running
from tests.terminal import on_terminal

from parvis.app import handing_over, share_files, shares
from parvis.app.custodian_keys import keys_of
from parvis.app.share_files import FIRST_SHARE
from parvis.archive import custody
from parvis.ports.archive import ArchiveError

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1


def share_in(path: Path) -> str:
    """Read the words of a share's file."""
    return shares.words_of(path.read_text())


def opens(words: str, data: Path) -> bool:
    """Tell whether a share alone is the key in use."""
    return custody.public_bytes(bytes(shares.combine([words]))) == keys_of(data)[-1].public


def cautions(server: Server) -> list[str]:
    """Give the cautions about shares that a server has logged so far."""
    return [line for line in server.complaints().splitlines() if "key lies beside it" in line]


def test_without_a_terminal_the_share_is_in_a_file_that_every_start_names_until_it_is_gone(tmp_path: Path) -> None:
    """Private, whole, with what losing it means; never in the log."""
    for start in (1, 2):
        with running(tmp_path) as server:
            server.port()
            assert server.terminate() == 0
        path = server.data / FIRST_SHARE
        assert len(cautions(server)) == start
        assert str(path) in cautions(server)[-1]
    assert path.stat().st_mode & 0o777 == 0o600
    words = share_in(path)
    assert opens(words, server.data)
    assert "not even for a court" in path.read_text()
    assert words.split()[9] not in server.complaints().split()
    path.unlink()
    with running(tmp_path) as server:
        server.port()
        assert server.terminate() == 0
    assert len(cautions(server)) == 2
    assert not path.exists()


def test_a_check_of_the_configuration_tells_of_shares_too(tmp_path: Path) -> None:
    """Without starting anything."""
    (tmp_path / FIRST_SHARE).write_text("words")
    environ = {**os.environ, "PARVIS_SERVER__DATA_DIR": str(tmp_path)}
    done = subprocess.run(command("check"), capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0
    assert f"key lies beside it, in {tmp_path / FIRST_SHARE}." in done.stdout


def test_on_a_terminal_the_share_is_shown_and_nowhere_else(tmp_path: Path) -> None:
    """Numbered, to be written down."""
    data = tmp_path / "data"
    (tmp_path / "parvis.toml").write_text(CONFIG)
    program = [*command("serve", "--config", str(tmp_path / "parvis.toml"), "--data", str(data))]

    def stop(latest: str) -> str | None:
        return "\x03" if "Parvis listens" in latest else None

    shown, status = on_terminal(program, stop)
    assert status == 0, shown
    assert "Write the line above and the words down now" in shown
    assert not share_files.lying(data)
    lines = shown.replace("\r", "").partition("opens the archive.")[2].partition("Keep it")[0].split()
    numbered = dict(zip(lines[lines.index("1") :: 2], lines[lines.index("1") + 1 :: 2], strict=False))
    assert opens(" ".join(numbered[str(place)] for place in range(1, 34)), data)


def test_a_start_in_the_background_of_a_terminal_writes_a_file(tmp_path: Path) -> None:
    """Nobody may be looking at it."""
    code = (
        "import os, subprocess, sys; from pathlib import Path; from parvis.app.handing_over import hand_over\n"
        "os.setpgid(0, 0); hand_over(Path(sys.argv[1]))"
    )
    shell = f"{sys.executable} -c '{code}' {tmp_path} & wait"
    shown, _ = on_terminal(["/bin/bash", "-c", shell], lambda _: None)
    assert "Share 1 of 1" not in shown
    assert share_files.lying(tmp_path) == [tmp_path / FIRST_SHARE]


def test_a_crash_between_the_share_and_the_first_commit_is_harmless(tmp_path: Path) -> None:
    """The next start makes another key; the share of the first opens nothing, and both files are named."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    unused = handing_over.hand_over(data)
    lost = share_in(data / FIRST_SHARE)
    with running(tmp_path, data=data) as server:
        server.port()
        assert server.terminate() == 0
    (key,) = keys_of(data)
    assert key.id != unused.id
    assert opens(share_in(data / FIRST_SHARE), data)
    assert not opens(lost, data)
    assert share_in(data / "custodian-share-earlier-1.txt") == lost
    assert "custodian-share-earlier-1.txt" in cautions(server)[0]


def test_a_share_that_cannot_be_written_begins_nothing(tmp_path: Path) -> None:
    """It is said in a sentence, without a way through the program."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    libc = ctypes.CDLL(None)
    code = (
        "import sys; from pathlib import Path; from parvis.app.handing_over import hand_over\n"
        "from parvis.ports.archive import ArchiveError\n"
        "try: hand_over(Path(sys.argv[1]))\nexcept ArchiveError as fault: print(fault)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: libc.prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0),
    )
    assert done.stdout == (
        "the first custodians' key could not be made: its share could not be handed over: Permission denied\n"
    )
    assert not done.stderr
    assert not share_files.lying(folder)


def test_the_program_apart_inherits_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No password of the configuration, and nothing that lies in the folder of the start is run."""
    monkeypatch.setenv("PARVIS_SERVER__PASSWORD", "hunter2")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "msgspec.py").write_text("raise SystemExit('run from here')")
    seen: list[dict[str, str]] = []
    real = subprocess.run

    def spy(*words: object, **options: object) -> object:
        seen.append(options["env"])  # type: ignore[arg-type]
        return real(*words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    handing_over.hand_over(tmp_path)
    assert "PARVIS_SERVER__PASSWORD" not in seen[0]
    assert set(seen[0]) <= set(handing_over.NEEDED)


@pytest.mark.parametrize("program", ["import sys; sys.exit(3)", "print('no key')", "import os; os.abort()"])
def test_a_program_apart_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """However it fails."""
    stub = tmp_path / "stub"
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}"\n')
    stub.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(stub))
    with pytest.raises(ArchiveError, match="could not be made"):
        handing_over.hand_over(tmp_path)


def test_an_archive_of_an_earlier_version_gets_its_key_at_its_first_start(tmp_path: Path) -> None:
    """With what tells of it; until then there is none, and that is no fault."""
    data = a_copy("stopped", tmp_path)
    assert keys_of(data) == []
    with running(tmp_path) as server:
        server.port()
        server.process.send_signal(signal.SIGTERM)
        assert server.ended() == 0
    assert opens(share_in(server.data / FIRST_SHARE), server.data)
