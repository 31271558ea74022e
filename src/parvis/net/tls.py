"""TLS for the listeners: one context per listener, whose certificate can be replaced while it serves.

Source: RFC 9325 (recommendations for TLS), sections 3.1 and 4; RFC 7301 (ALPN).
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from parvis.net.peer_certificates import ProvingContext

ALPN_IRC: Final = ("irc",)
"""Registered with IANA for IRC; a client that offers none is served all the same (RFC 7301, section 3.2)."""

ALPN_HTTP: Final = ("http/1.1",)

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 with forward secrecy and authenticated encryption only (RFC 9325, section 4.2). TLS 1.3 has no other."""


class TlsUnusable(Exception):
    """A certificate, key or authority cannot be used. The text is for the operator and names the file."""


class Certificate:
    """A server's certificate and key in files, and the context that serves them."""

    def __init__(
        self, cert: Path, key: Path, alpn: Sequence[str] = ALPN_IRC, *, client_certificates: bool = False
    ) -> None:
        """Read the files.

        Args:
            cert: PEM: the certificate, then those between it and its authority.
            key: PEM: its private key, not encrypted.
            alpn: Protocols offered, preferred first.
            client_certificates: Clients are asked for a certificate; one of any authority or none is taken, and a
                client may still come without.

        Raises:
            TlsUnusable: One of the files cannot be used.
        """
        self.cert = cert
        self.key = key
        self._proving: ProvingContext | None = None
        if client_certificates:
            # Imported when a listener needs it: it takes longer than all of `net` (docs/adr/0018).
            from parvis.net.peer_certificates import ProvingContext  # noqa: PLC0415 - as said above

            self.context: ssl.SSLContext = ProvingContext(alpn, CIPHERS)
            self._proving = self.context
        else:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_2
            self.context.set_ciphers(CIPHERS)
            self.context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
            self.context.set_alpn_protocols(list(alpn))
        self.reload()

    def reload(self) -> None:
        """Serve what the files hold now to new connections; those that are open keep what they began with.

        Raises:
            TlsUnusable: The files cannot be used; the certificate served so far goes on being served.
        """
        # A certificate without its key would leave the live context with neither: try on another one first.
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.cert, self.key)
        if self._proving is None:
            _load(self.context, self.cert, self.key)
            return
        try:
            self._proving.serve(self.cert, self.key)
        except ssl.SSLError as error:
            raise TlsUnusable(f"the certificate {self.cert} with the key {self.key} cannot be used: {error}") from error


def fingerprint(session: ssl.SSLObject | None) -> str:
    """Give the SHA-256 of the certificate that a peer has shown and proved, in hexadecimal; empty: it has none."""
    shown = session.getpeercert(binary_form=True) if session is not None else None
    return sha256(shown).hexdigest() if shown else ""


def _load(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    _check_readable("certificate", cert)
    _check_readable("key", key)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsUnusable(f"the key {key} does not belong to the certificate {cert}") from error
        if b"-----BEGIN CERTIFICATE-----" not in cert.read_bytes():
            raise TlsUnusable(f"{cert} holds no certificate in PEM") from error
        if b"PRIVATE KEY-----" not in key.read_bytes():
            raise TlsUnusable(f"{key} holds no private key in PEM") from error
        raise TlsUnusable(f"the certificate {cert} with the key {key} cannot be used: {error.reason}") from error


def _check_readable(what: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise TlsUnusable(f"the {what} {path} cannot be read: {error.strerror}") from error


def _no_password() -> str:
    # Without this OpenSSL asks on the terminal, and a service would wait for an answer for ever.
    raise TlsUnusable("the private key is encrypted; the server needs it without a passphrase")
