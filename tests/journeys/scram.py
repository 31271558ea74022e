"""The client's side of SCRAM-SHA-256, by the specification alone. Source: RFC 5802, section 3; RFC 7677."""

import base64
import hashlib
import hmac
import secrets

from tests.journeys.clients import Login


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


class Scram:
    """One login: it answers what the server sends, and believes no server that does not know the password."""

    def __init__(self, login: Login) -> None:
        """Begin; an account here holds no comma and no equals sign."""
        self._password = login.password.encode()
        self._first = f"n={login.account},r={secrets.token_urlsafe(18)}"
        self._expected: bytes | None = None
        self._began = False

    def answer(self, challenge: str) -> str:
        """Answer what stands behind AUTHENTICATE with what is to stand there."""
        if not self._began:
            assert challenge == "+"
            self._began = True
            return base64.b64encode(f"n,,{self._first}".encode()).decode()
        said = base64.b64decode(challenge, validate=True)
        if self._expected is not None:
            assert said == b"v=" + base64.b64encode(self._expected)
            return "+"
        parts = dict(part.split("=", 1) for part in said.decode().split(","))
        assert parts["r"].startswith(self._first.partition(",r=")[2])
        assert int(parts["i"]) >= 4096, "RFC 7677, section 4"
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(parts["s"]), int(parts["i"]))
        without_proof = f"c=biws,r={parts['r']}"
        signed = f"{self._first},{said.decode()},{without_proof}".encode()
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        self._expected = _hmac(_hmac(salted, b"Server Key"), signed)
        return base64.b64encode(f"{without_proof},p={base64.b64encode(proof).decode()}".encode()).decode()
