"""Time stamps of checkpoints, by an authority made with OpenSSL. Source: RFC 3161; docs/protocol/log.md."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.contract.archive_stages import MemoryStage, SqliteStage
from tests.contract.logs import LogStage

from parvis.app.config import ArchiveStore
from parvis.app.timestamps import RETRY_MS, NotStamped, Stamper
from parvis.archive.timestamps import WrongStamp, check_granted, load_roots, stamp_request, verify_stamp
from parvis.cli.archive import command
from parvis.store.log.folder import LogFolder
from parvis.store.log.public import FileLog

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")

CONFIG = """
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
[name]
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/leaf.pem
signer_key = {folder}/leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class Authority:
    """A time-stamping authority on this machine."""

    def __init__(self, folder: Path) -> None:
        """Make its certificates and listen."""
        self.folder = folder
        folder.mkdir()
        (folder / "conf").write_text(CONFIG.format(folder=folder), encoding="utf-8")
        (folder / "serial").write_text("01", encoding="utf-8")
        new = ("req", "-config", "conf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")
        self.openssl(
            *new, "-x509", "-days", "9", "-subj", "/CN=Root", "-extensions", "ca", "-keyout", "ca.key", "-out", "ca.pem"
        )
        self.openssl(*new, "-subj", "/CN=Stamper", "-keyout", "leaf.key", "-out", "leaf.csr")
        self.openssl(
            *("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9"),
            *("-sha256", "-extfile", "conf", "-extensions", "leaf", "-out", "leaf.pem"),
        )
        self.roots = folder / "ca.pem"
        self.asked = 0
        self.answer: bytes | None = None
        """What it answers in place of a time stamp."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked += 1
                query = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                body = authority.answer if authority.answer is not None else authority.stamp(query)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def openssl(self, *words: str) -> None:
        """Run it in the folder."""
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def stamp(self, query: bytes) -> bytes:
        """Answer a query."""
        (self.folder / "query").write_bytes(query)
        self.openssl("ts", "-config", "conf", "-reply", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """Run one."""
    made = Authority(tmp_path_factory.mktemp("tsa") / "authority")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def answers(authority: Authority) -> None:
    """Let it answer as it should."""
    authority.answer = None
    authority.asked = 0


def test_a_stamp_is_verified_against_its_authority(authority: Authority, tmp_path: Path) -> None:
    """For these bytes, this question and these certificates alone."""
    request = stamp_request(b"checkpoint")
    answer = authority.stamp(request.as_bytes())
    roots = load_roots(authority.roots.read_bytes())
    assert verify_stamp(b"checkpoint", answer, roots, request) > 1_700_000_000_000
    assert verify_stamp(b"checkpoint", answer, roots) > 0
    check_granted(answer)
    others = load_roots(Authority(tmp_path / "other").roots.read_bytes())
    for stamped, given, trusted, asked in (
        (b"another", answer, roots, request),
        (b"checkpoint", answer[:-1], roots, request),
        (b"checkpoint", answer, others, request),
        (b"checkpoint", answer, roots, stamp_request(b"checkpoint")),
    ):
        with pytest.raises(WrongStamp):
            verify_stamp(stamped, given, trusted, asked)


def test_checkpoints_are_stamped_as_often_as_the_operator_says(authority: Authority, tmp_path: Path) -> None:
    """And the stamp is kept beside the bytes that it is about."""
    stage = LogStage(MemoryStage(tmp_path), tmp_path)
    stage.grown(10)
    clock = stage.stage.clock
    chosen = ArchiveStore(timestamp_url=authority.url, timestamp_every_s=60, timestamp_roots=authority.roots)
    stamper = Stamper(chosen, stage.folder, clock)
    raw = stage.folder.checkpoint()
    assert raw is not None
    stamper.stamp_if_due(11, raw)
    stamper.stamp_if_due(11, raw)
    assert authority.asked == 1
    ((kept, answer),) = stage.folder.stamps()
    assert kept == raw
    assert FileLog(stage.folder, stage.sealed, stage.keys).timestamp() == answer
    clock.now_ms += 60_000
    stamper.stamp_if_due(11, raw)
    assert authority.asked == 2


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"x" * 70_000])
@pytest.mark.parametrize("checks", [True, False])
def test_what_is_no_stamp_is_not_kept(authority: Authority, tmp_path: Path, answer: bytes, checks: bool) -> None:
    """It is tried again later, not at once."""
    authority.answer = answer
    folder = LogFolder(tmp_path)
    now_ms = 1_800_000_000_000
    roots = authority.roots if checks else None
    chosen = ArchiveStore(timestamp_url=authority.url, timestamp_every_s=86_400, timestamp_roots=roots)
    stamper = Stamper(chosen, folder, lambda: now_ms)
    with pytest.raises(NotStamped):
        stamper.stamp_if_due(1, b"checkpoint\n")
    stamper.stamp_if_due(1, b"checkpoint\n")
    assert authority.asked == 1
    assert folder.stamps() == []
    now_ms += RETRY_MS
    authority.answer = None
    stamper.stamp_if_due(1, b"checkpoint\n")
    assert len(folder.stamps()) == 1


def test_nobody_is_asked_unless_the_operator_names_somebody(tmp_path: Path) -> None:
    """The default."""
    Stamper(ArchiveStore(), LogFolder(tmp_path), lambda: 1).stamp_if_due(1, b"checkpoint\n")


def test_an_authority_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Without the words of others."""
    chosen = ArchiveStore(timestamp_url="http://127.0.0.1:1/tsa")
    with pytest.raises(NotStamped, match="URLError"):
        Stamper(chosen, LogFolder(tmp_path), lambda: 1).stamp_if_due(1, b"checkpoint\n")


def test_the_verb_checks_stamps_against_certificates(authority: Authority, tmp_path: Path) -> None:
    """Those that lead elsewhere are told."""
    stage = LogStage(SqliteStage(tmp_path), tmp_path)
    stage.grown(10)
    raw = stage.folder.checkpoint()
    assert raw is not None
    stage.folder.put_stamp(raw, 11, authority.stamp(stamp_request(raw).as_bytes()))
    stage.archive.close()
    words = ["verify", "--json", "--data", str(tmp_path / "data"), "--roots"]
    done = CliRunner().invoke(command, [*words, str(authority.roots)])
    assert done.exit_code == 0
    assert any(
        "The first 11 records were there at" in json.loads(line).get("text", "") for line in done.stdout.splitlines()
    )
    other = Authority(tmp_path / "other")
    assert CliRunner().invoke(command, [*words, str(other.roots)]).exit_code == 1
    nothing = tmp_path / "nothing.pem"
    nothing.write_bytes(b"")
    assert CliRunner().invoke(command, [*words, str(nothing)]).exit_code == 2
