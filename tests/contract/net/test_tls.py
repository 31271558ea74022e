"""TLS of the listeners. Sources: RFC 9325, RFC 7301; DESIGN, "Configuration"."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.contract.net.edge import make_certificate, trusting

from parvis.net.tls import ALPN_HTTP, Certificate, TlsUnusable


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """Complete one handshake over a pair of sockets."""
    near, far = socket.socketpair()
    near.settimeout(5)
    far.settimeout(5)
    done: list[ssl.SSLSocket] = []

    def serve() -> None:
        try:
            done.append(server.wrap_socket(far, server_side=True))
        except ssl.SSLError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        wrapped = client.wrap_socket(near, server_hostname="localhost")
    except ssl.SSLError:
        near.close()
        raise
    finally:
        thread.join()
    return wrapped, done[0]


def served(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    """Give the certificate that a new connection is served."""
    near, far = shaken(server, client)
    seen = near.getpeercert(binary_form=True)
    near.close()
    far.close()
    return seen


@pytest.mark.parametrize(
    ("alpn", "offered", "chosen"),
    [
        (("irc",), ["irc"], "irc"),
        (("irc",), [], None),
        (ALPN_HTTP, ["h2", "http/1.1"], "http/1.1"),
    ],
)
def test_the_protocol_is_negotiated_and_modern(
    tmp_path: Path, alpn: tuple[str, ...], offered: list[str], chosen: str | None
) -> None:
    """TLS 1.3 where both can; a client that offers no ALPN is served (RFC 7301, section 3.2)."""
    cert, key = make_certificate(tmp_path)
    client = trusting(cert)
    if offered:
        client.set_alpn_protocols(offered)
    near, far = shaken(Certificate(cert, key, alpn=alpn).context, client)
    assert near.selected_alpn_protocol() == chosen
    assert near.version() == "TLSv1.3"
    near.close()
    far.close()


def test_tls_1_2_keeps_its_secrets_and_older_ones_are_refused(tmp_path: Path) -> None:
    """Forward secrecy and authenticated encryption only (RFC 9325, sections 3.1.1 and 4.2)."""
    cert, key = make_certificate(tmp_path)
    context = Certificate(cert, key).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    older = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    assert older
    assert all(name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name) for name in older)
    client = trusting(cert)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    near, far = shaken(context, client)
    assert near.version() == "TLSv1.2"
    near.close()
    far.close()


def test_a_replaced_certificate_serves_new_connections_and_open_ones_go_on(tmp_path: Path) -> None:
    """SIGHUP after a renewal needs no restart."""
    cert, key = make_certificate(tmp_path)
    certificate = Certificate(cert, key)
    before = trusting(cert)
    near, far = shaken(certificate.context, before)
    old = near.getpeercert(binary_form=True)
    make_certificate(tmp_path)
    certificate.reload()
    assert served(certificate.context, trusting(cert)) != old
    near.sendall(b"still here")
    assert far.recv(100) == b"still here"
    near.close()
    far.close()


def test_a_reload_that_fails_goes_on_with_the_old_certificate(tmp_path: Path) -> None:
    """Half a renewal, a new certificate with the old key, closes no door."""
    cert, key = make_certificate(tmp_path)
    certificate = Certificate(cert, key)
    client = trusting(cert)
    old = served(certificate.context, client)
    other, _ = make_certificate(tmp_path, "other")
    cert.write_bytes(other.read_bytes())
    with pytest.raises(TlsUnusable, match="does not belong to the certificate"):
        certificate.reload()
    assert served(certificate.context, client) == old


def test_what_cannot_be_used_is_said_for_the_operator(tmp_path: Path) -> None:
    """Every mistake names its file and what is wrong with it (DESIGN, section 4, `parvis check`)."""
    cert, key = make_certificate(tmp_path)
    text = tmp_path / "text.pem"
    text.write_text("not a certificate")
    locked = tmp_path / "locked.key"
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    other_key = make_certificate(tmp_path, "other")[1]
    for files, said in [
        ((tmp_path / "none.pem", key), "certificate .*none.pem cannot be read: No such file"),
        ((cert, tmp_path / "none.key"), "key .*none.key cannot be read: No such file"),
        ((text, key), "text.pem holds no certificate in PEM"),
        ((cert, text), "text.pem holds no private key in PEM"),
        ((cert, locked), "the private key is encrypted"),
        ((cert, other_key), "other.key does not belong to the certificate"),
    ]:
        with pytest.raises(TlsUnusable, match=said):
            Certificate(*files)
