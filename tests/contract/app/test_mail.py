"""Mail over SMTP, to a server that speaks as much of it as is needed. Source: src/parvis/ports/mail.py; RFC 5321."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from parvis.app.config import Mail
from parvis.app.mail import WAITING_MAX, SmtpMail
from parvis.app.readers import Secret

PATIENCE_S = 10.0


class Post(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on any free port."""
        super().__init__(("127.0.0.1", 0), Talk)
        self.said: list[str] = []
        self.letters: list[EmailMessage] = []
        self.refuses = False

    @property
    def port(self) -> int:
        """Give its port."""
        return int(self.server_address[1])


class Talk(socketserver.StreamRequestHandler):
    """One connection: RFC 5321, section 4, without extensions but AUTH."""

    server: Post

    def handle(self) -> None:
        """Answer until QUIT."""
        self.answer("220 post.test")
        while line := self.rfile.readline().decode().strip():
            self.server.said.append(line)
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.answer("250-post.test", "250 AUTH PLAIN")
            elif verb == "AUTH":
                self.answer("235 yes")
            elif verb == "RCPT" and self.server.refuses:
                self.answer("550 nobody@example.org is not here")
            elif verb == "DATA":
                self.answer("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))
                self.answer("250 taken")
            else:
                self.answer("221 bye" if verb == "QUIT" else "250 well")

    def answer(self, *lines: str) -> None:
        """Send lines."""
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@pytest.fixture
def post() -> Iterator[Post]:
    """Run a mail server."""
    with Post() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def keys(port: int, *, starttls: bool = False, username: str = "") -> Mail:
    """Make the keys of a mail server on this machine."""
    password = Secret("word") if username else Secret("")
    return Mail(
        host="127.0.0.1", port=port, starttls=starttls, sender="chat@example.net", username=username, password=password
    )


def test_a_letter_arrives(post: Post) -> None:
    """From, to, subject and words as they are; no machine answers it. Source: RFC 5322; RFC 3834."""
    mail = SmtpMail(keys(post.port, username="chat"))
    assert mail.send("ada@example.org", "Example: CODE", "Ta clé :\nCODE\n")
    until(lambda: bool(post.letters))
    mail.close()
    letter = post.letters[0]
    assert (letter["From"], letter["To"], letter["Subject"]) == ("chat@example.net", "ada@example.org", "Example: CODE")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().replace("\r\n", "\n") == "Ta clé :\nCODE\n"
    assert any(line.startswith("AUTH PLAIN") for line in post.said)


def test_without_the_encryption_that_is_asked_for_nothing_is_said(
    post: Post, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither password nor address. Source: RFC 3207, section 4."""
    mail = SmtpMail(keys(post.port, starttls=True, username="chat"))
    assert mail.send("ada@example.org", "Example: CODE", "CODE")
    until(lambda: mail.waiting == 0)
    mail.close()
    assert not post.letters
    assert not any(line.startswith(("AUTH", "MAIL", "RCPT")) for line in post.said)
    assert "could not be sent" in capfd.readouterr().out


def test_a_letter_that_is_refused_is_logged_without_its_address(post: Post, capfd: pytest.CaptureFixture[str]) -> None:
    """Source: ARCHITECTURE.md, "Invariants", 8."""
    post.refuses = True
    mail = SmtpMail(keys(post.port))
    mail.send("nobody@example.org", "Example: CODE", "CODE")
    until(lambda: mail.waiting == 0)
    mail.close()
    logged = capfd.readouterr().out
    assert "SMTPRecipientsRefused" in logged
    assert "nobody" not in logged
    assert "CODE" not in logged


def test_so_many_letters_wait_and_no_more() -> None:
    """A mail server that is slow fills no memory. Source: `app/mail.py`."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as silent:
        mail = SmtpMail(keys(int(silent.server_address[1])))
        sent = [mail.send("ada@example.org", "Example: CODE", "CODE") for _ in range(WAITING_MAX + 2)]
        assert sent == [True] * WAITING_MAX + [False] * 2
        mail.close()
