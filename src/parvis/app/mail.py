"""Mail over SMTP, one message after the other, in a thread of its own. A :class:`parvis.ports.mail.Mail`.

Rule 1: nothing here logs an address, a name or a code; the mail server's answer may hold them.
Rule 2: a mail server that hangs holds up mail alone, and not for long.
"""

import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from threading import Lock
from typing import Final

import structlog

from parvis.app.config import Mail as MailKeys

TIMEOUT_S: Final = 20.0
"""Longest wait for one answer of the mail server; ours."""
WAITING_MAX: Final = 64
"""Most messages that wait or are under way; ours."""

log = structlog.get_logger()


class SmtpMail:
    """Sends through one mail server."""

    def __init__(self, keys: MailKeys, *, context: ssl.SSLContext | None = None) -> None:
        """Send as these keys say; the thread begins with the first message. `context`: whom STARTTLS trusts."""
        self._keys = keys
        self._context = context
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._waiting = 0

    def send(self, to: str, subject: str, text: str) -> bool:
        """Have a message sent soon; False: too much waits already, and it is not."""
        with self._lock:
            if self._waiting >= WAITING_MAX:
                return False
            self._waiting += 1
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._threads.submit(self._send, to, subject, text)
        return True

    @property
    def waiting(self) -> int:
        """Count the messages that wait or are under way."""
        return self._waiting

    def close(self) -> None:
        """Send nothing more; what is under way ends."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, to: str, subject: str, text: str) -> None:
        try:
            self._deliver(_message(self._keys.sender, to, subject, text))
        except (OSError, smtplib.SMTPException) as fault:
            log.error("a message could not be sent", kind=type(fault).__name__)
        finally:
            with self._lock:
                self._waiting -= 1

    def _deliver(self, message: EmailMessage) -> None:
        keys = self._keys
        with smtplib.SMTP(keys.host, keys.port, timeout=TIMEOUT_S) as server:
            if keys.starttls:
                server.starttls(context=self._context or ssl.create_default_context())
            if keys.username:
                server.login(keys.username, keys.password.reveal())
            server.send_message(message)


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    # Nobody's holiday answers a machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message
