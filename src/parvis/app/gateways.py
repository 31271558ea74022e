"""Which gateways may say for whom they speak (WEBIRC). Checking blocks: it is done in a thread."""

import os
from collections.abc import Sequence
from typing import Final

from parvis.app import config as c
from parvis.app.passwords import equal, verify
from parvis.net.address import is_within

_DIGEST_BYTES: Final = 32


class GatewayBook:
    """The gateways of the configuration. A reload replaces them; who came through one stays."""

    def __init__(self, gateways: Sequence[c.Gateway]) -> None:
        """Take the gateways of a configuration."""
        self._key = os.urandom(_DIGEST_BYTES)
        self.replace(gateways)

    def replace(self, gateways: Sequence[c.Gateway]) -> None:
        """Take the gateways of a configuration that was read again."""
        self._gateways = [_Known(gateway, self._key) for gateway in gateways]

    def find(self, host: str, certificate: str, password: str) -> str | None:
        """Name the gateway at this address that has this certificate and password, as far as it needs them."""
        found: str | None = None
        for gateway in self._gateways:
            # Each is looked at to its end: how long it takes does not tell which one is nearly right.
            if is_within(host, gateway.hosts) and gateway.has(certificate, password):
                found = found or gateway.name
        return found


class _Known:
    """One gateway, and a quick way to its password once it was right: it gives it for every client."""

    def __init__(self, gateway: c.Gateway, key: bytes) -> None:
        self.name = gateway.name
        self.hosts = gateway.hosts
        self._gateway = gateway
        self._key = key
        self._right = b""

    def has(self, certificate: str, password: str) -> bool:
        gateway = self._gateway
        is_its_certificate = not gateway.certificate or equal(certificate, gateway.certificate.lower())
        return self._is_its_password(password) and is_its_certificate

    def _is_its_password(self, password: str) -> bool:
        import hashlib
        import hmac

        gateway = self._gateway
        if gateway.password:
            return equal(password, gateway.password.reveal())
        if not gateway.password_hash:
            # It is known by its certificate.
            return True
        digest = hashlib.blake2b(password.encode(), key=self._key, digest_size=_DIGEST_BYTES).digest()
        if hmac.compare_digest(digest, self._right):
            return True
        is_right = verify(password, gateway.password_hash.reveal())
        if is_right:
            self._right = digest
        return is_right
