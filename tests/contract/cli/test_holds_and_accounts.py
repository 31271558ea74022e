"""`parvis archive hold` and `parvis account`, beside a running server and without one, and the link that members get.

Source: docs/handbook/operator.md, "Holds", "Erasure requests"; docs/handbook/member.md, "Take your data".
"""

import io
import json
import socket
import subprocess
import zipfile
from pathlib import Path

import httpx
from tests.client import Client
from tests.contract.cli.test_cli import run
from tests.promises.servers import CONFIG, Server, running

from parvis.ports.sealed import Wanted
from parvis.store.sqlite.sealed import SqliteSealed
from parvis.store.sqlite.verifying import verify_archive

WORDS = "words-that-nobody-finds-on-the-disk"
PASSWORD = "sesame-42-sesame"


def a_free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def with_pages(port: int) -> str:
    """Give a configuration with pages."""
    return CONFIG.replace("[limits]", f'[[listen]]\nkind = "http"\nport = {port}\n\n[limits]')


def done(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb on the data folder of a server."""
    return run(*words, "--config", str(server.config), "--data", str(server.data))


def told(ran: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    """Read what a verb told a program."""
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def ada_writes(port: int) -> Client:
    """Have somebody claim a pseudonym and say something."""
    ada = Client(port).enter("ada", ["draft/account-registration"])
    ada.send(f"REGISTER * * {PASSWORD}")
    ada.until("REGISTER")
    ada.join("#nave")
    ada.send(f"PRIVMSG #nave :{WORDS}")
    ada.sync()
    return ada


def test_a_member_fetches_what_is_kept_about_them_once(tmp_path: Path) -> None:
    """The file is theirs, its link works once and stands in no log, and looking at it does not use it up."""
    port = a_free_port()
    with running(tmp_path, with_pages(port)) as server, ada_writes(server.port()) as ada:
        ada.send(f"ACCOUNT EXPORT {PASSWORD}")
        path = ada.until("NOTE").params[2]
        assert path.startswith("/export/")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as browser:
            assert _when_open(browser, "/healthz").status_code == 200
            assert browser.head(path).status_code == 405
            assert browser.post(path).status_code == 405
            assert browser.get("/export/" + "A" * 43).status_code == 404
            assert browser.get("/export/" + "A" * 5000).status_code == 404
            got = browser.get(path, headers={"Accept-Language": "en"})
            assert got.status_code == 200
            assert got.headers["content-type"] == "application/zip"
            assert got.headers["cache-control"] == "no-store"
            assert got.headers["content-disposition"].startswith("attachment")
            assert browser.get(path).status_code == 404
        with zipfile.ZipFile(io.BytesIO(got.content)) as file:
            data = json.loads(file.read("export.json"))
            assert "What you wrote" in file.read("index.html").decode()
        assert any(WORDS in line["line"] for line in data["lines"])
        assert path.removeprefix("/export/") not in server.complaints()
        assert WORDS not in server.complaints()


def _when_open(browser: httpx.Client, path: str) -> httpx.Response:
    """Ask until pages are served: the chat listens first."""
    import time

    for _ in range(300):
        try:
            return browser.get(path)
        except httpx.ConnectError:
            time.sleep(0.1)
    return browser.get(path)


def test_holds_exports_and_erasures_beside_a_running_server(tmp_path: Path) -> None:
    """Each verb says what it did, the audit has it, and the archive is whole afterwards."""
    with running(tmp_path) as server, ada_writes(server.port()) as ada:
        place = ("archive", "hold", "place", "--account", "ada", "--ground", "epoc-pr", "--reference", "12/2026")
        (hold,) = told(done(server, *place, "--days", "60", "--json"))
        assert hold["state"] == "running"
        refused = done(server, *place, "--days", "61")
        assert (refused.returncode, "60 days" in refused.stderr) == (1, True)
        without_end = done(server, *place)
        assert (without_end.returncode, "--ends or --days" in without_end.stderr) == (2, True)
        assert done(server, *place, "--ends", "soon").returncode == 2
        (longer,) = told(done(server, "archive", "hold", "extend", str(hold["hold"]), "--days", "30", "--json"))
        assert longer["extended"] == 1
        shown = done(server, "archive", "hold", "list")
        assert str(hold["hold"]) in shown.stdout

        file = tmp_path / "ada.zip"
        made = done(server, "account", "export", "ada", "--to", str(file), "--language", "en")
        assert made.returncode == 0, made.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        with zipfile.ZipFile(file) as archive:
            assert WORDS not in archive.read("export.json").decode()
        assert done(server, "account", "export", "ada", "--to", str(file)).returncode == 1
        assert done(server, "account", "export", "ada", "--to", str(tmp_path / "b.zip"), "--words").returncode == 1
        assert not (tmp_path / "b.zip").exists()
        reason = ("--words", "--reason", "asked by letter, identity shown by password")
        told(done(server, "account", "export", "ada", "--to", str(tmp_path / "b.zip"), *reason, "--json"))
        with zipfile.ZipFile(tmp_path / "b.zip") as archive:
            assert WORDS in archive.read("export.json").decode()

        account = json.loads(zipfile.ZipFile(file).read("export.json"))["id"]
        assert done(server, "account", "erase", "nobody").returncode == 1
        assert done(server, "account", "erase", "00" * 16).returncode == 1
        erased = done(server, "account", "erase", "ada", "--reason", "asked by letter")
        assert erased.returncode == 0, erased.stderr
        assert "hold" not in erased.stdout
        ada.until("901")
        (*_, count) = told(done(server, "archive", "hold", "list", "--json"))
        assert (count["count"], count["erasures_waiting"]) == (1, 1)
        author = bytes.fromhex(account)
        sealed = SqliteSealed(server.data)
        assert _bodies(sealed, author) > 0
        told(done(server, "archive", "hold", "end", str(hold["hold"]), "--reason", "quashed", "--json"))
        assert _bodies(sealed, author) == 0
        report = verify_archive(server.data)
        assert report.problems == []
        assert report.covered > 3
    _is_nowhere(server.data)
    (count,) = told(done(server, "archive", "hold", "list", "--json"))
    assert (count["count"], count["erasures_waiting"]) == (0, 0)


def test_an_erasure_without_a_server_and_after_the_window(tmp_path: Path) -> None:
    """The verb stands in for the server; what waits is known to the next one."""
    with running(tmp_path) as server:
        ada_writes(server.port()).close()
    (answer,) = told(done(server, "account", "erase", "ada", "--after-report-window", "--json"))
    assert (answer["at_once"], answer["was_open"]) == (False, True)
    (count,) = told(done(server, "archive", "hold", "list", "--json"))
    assert count["erasures_waiting"] == 1
    with running(tmp_path) as server, Client(server.port()).enter("ada") as newcomer:
        assert newcomer.one("ACCOUNT").params[1] == "GUEST"
    assert done(server, "account", "erase", "ada").returncode == 1


def _bodies(sealed: SqliteSealed, author: bytes) -> int:
    from parvis.model.ids import IdentityId

    return sum(1 for _ in sealed.rows(Wanted(author=IdentityId(author))))


def _is_nowhere(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert WORDS.encode() not in path.read_bytes(), path
