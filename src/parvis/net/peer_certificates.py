"""TLS that asks a peer for a certificate and takes whatever it can prove, of no authority at all.

A fingerprint is the identity: what matters is that the peer holds the key, which the handshake proves (RFC 8446,
section 4.4.3), and not who signed its name. Python's `ssl` has no way to say so: with `CERT_OPTIONAL` a certificate of
an unknown authority ends the handshake. So the context here is one of `ssl` by name, which both event loops ask for,
and its sessions are those of pyOpenSSL, whose callback may say yes (docs/adr/0018-certificates-of-clients.md).
"""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

PIECE_BYTES: Final = 65536
"""Most bytes moved at once between a session and what waits to be sent; ours."""

_SESSION_CONTEXT: Final = b"parvis"
"""Sessions of one listener are for it alone; OpenSSL asks for a name where peers are verified."""


def _take_any(_connection: SSL.Connection, _certificate: object, _error: int, _depth: int, _ok: int) -> bool:
    return True


class ProvingContext(ssl.SSLContext):
    """What a listener serves when it asks for certificates of clients. `serve` gives it its own."""

    def __new__(cls, *_given: object) -> "ProvingContext":
        """Make it for the server's side."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, alpn: Sequence[str], ciphers: str) -> None:
        """Serve nothing yet.

        Args:
            alpn: Protocols offered, preferred first.
            ciphers: Those of TLS 1.2, as OpenSSL writes them.
        """
        self._alpn = [name.encode() for name in alpn]
        self._ciphers = ciphers.encode()
        self._inner: SSL.Context | None = None

    def serve(self, cert: Path, key: Path) -> None:
        """Serve what two files hold to new connections; those that are open keep what they began with.

        Raises:
            ssl.SSLError: The files cannot be used; what was served goes on being served.
        """
        inner = SSL.Context(SSL.TLS_SERVER_METHOD)
        inner.set_min_proto_version(SSL.TLS1_2_VERSION)
        inner.set_cipher_list(self._ciphers)
        inner.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
        inner.set_alpn_select_callback(self._choose)
        inner.set_verify(SSL.VERIFY_PEER, _take_any)
        inner.set_session_id(_SESSION_CONTEXT)
        inner.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        try:
            inner.use_certificate_chain_file(str(cert))
            inner.use_privatekey_file(str(key))
            inner.check_privatekey()
        except SSL.Error as error:
            raise ssl.SSLError(_reason(error)) from error
        self._inner = inner

    def _choose(self, _connection: SSL.Connection, offered: list[bytes]) -> bytes | SSL._NoOverlappingProtocols:
        for name in self._alpn:
            if name in offered:
                return name
        return SSL.NO_OVERLAPPING_PROTOCOLS

    def wrap_bio(  # type: ignore[override]  # what the loops need of an `ssl.SSLObject`, and nothing else
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *_given: object, **_named: object
    ) -> "ProvedSession":
        """Begin a session; both event loops call this for each connection."""
        if self._inner is None:
            raise ssl.SSLError("no certificate is served")
        return ProvedSession(self, self._inner, incoming, outgoing)


class ProvedSession:
    """One TLS session, with the methods of `ssl.SSLObject` that event loops use."""

    def __init__(
        self, context: ProvingContext, inner: SSL.Context, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        """Wait for the peer's first words."""
        self.context = context
        self._incoming = incoming
        self._outgoing = outgoing
        self._connection = SSL.Connection(inner, None)
        self._connection.set_accept_state()
        self._holds_more = False
        """Whether what has arrived may hold something that was not read yet."""

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        self._take_in()
        try:
            self._connection.do_handshake()
        except SSL.Error as error:
            self._fail(error)
        finally:
            self._give_out()

    def read(self, size: int = PIECE_BYTES, buffer: bytearray | memoryview | None = None) -> bytes | int:
        """Read what has arrived, into a buffer if one is given; nothing at the peer's goodbye."""
        self._take_in()
        try:
            if buffer is not None:
                return self._connection.recv_into(buffer, size)
            return self._connection.recv(size)
        except SSL.ZeroReturnError:
            return 0 if buffer is not None else b""
        except SSL.Error as error:
            self._fail(error)
        finally:
            self._give_out()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Encrypt and put among what waits to be sent."""
        try:
            return self._connection.send(bytes(data))
        except SSL.Error as error:
            self._fail(error)
        finally:
            self._give_out()

    def unwrap(self) -> None:
        """Say goodbye, and wait for the peer's."""
        self._take_in()
        try:
            if not self._connection.shutdown() and not self._connection.shutdown():
                raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the peer has not said goodbye")
        except SSL.Error as error:
            self._fail(error)
        finally:
            self._give_out()

    def pending(self) -> int:
        """Count the bytes that are not read; one stands for those that are not decrypted yet."""
        return self._connection.pending() or int(self._holds_more)

    def getpeercert(self, binary_form: bool = False) -> bytes | dict[str, Any] | None:
        """Give the certificate that the peer has shown and proved, as DER; its names are of no interest."""
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            return None
        return certificate.public_bytes(Encoding.DER) if binary_form else {}

    def cipher(self) -> tuple[str, str, int] | None:
        """Name the cipher, the protocol and the bits of the key."""
        name, version = self._connection.get_cipher_name(), self._connection.get_cipher_version()
        bits = self._connection.get_cipher_bits()
        return None if name is None or version is None or bits is None else (name, version, bits)

    def compression(self) -> None:
        """Nothing is compressed."""

    def version(self) -> str:
        """Name the protocol."""
        return self._connection.get_protocol_version_name()

    def selected_alpn_protocol(self) -> str | None:
        """Name the protocol that was agreed on."""
        return self._connection.get_alpn_proto_negotiated().decode() or None

    def _take_in(self) -> None:
        data = self._incoming.read()
        if data:
            self._connection.bio_write(data)
            self._holds_more = True

    def _give_out(self) -> None:
        try:
            while True:
                self._outgoing.write(self._connection.bio_read(PIECE_BYTES))
        except SSL.WantReadError:
            return

    def _fail(self, error: SSL.Error) -> NoReturn:
        """Say what went wrong as `ssl` says it."""
        if isinstance(error, SSL.WantReadError | SSL.WantWriteError):
            self._holds_more = False
            if self._incoming.eof:
                raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the peer is gone") from error
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more has to arrive first") from error
        raise ssl.SSLError(ssl.SSL_ERROR_SSL, _reason(error)) from error


def _reason(error: SSL.Error) -> str:
    """Give OpenSSL's word for what is wrong."""
    rows = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(rows[0][-1]) if rows else type(error).__name__
