"""Who may say for whom they speak. Source: IRCv3 webirc, "Security Considerations"; docs/handbook/operator.md."""

import pytest

from parvis.app import gateways, passwords
from parvis.app.config import Gateway
from parvis.app.gateways import GatewayBook
from parvis.app.readers import Secret
from parvis.net.address import networks

PRINT = "ab" * 32


def gateway(name: str = "web", **given: object) -> Gateway:
    """Make a gateway at one address."""
    return Gateway(**{"name": name, "hosts": networks(["192.0.2.7"]), **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "host", "certificate", "password", "found"),
    [
        (gateway(password=Secret("right")), "192.0.2.7", "", "right", "web"),
        (gateway(password=Secret("right")), "192.0.2.7", "", "wrong", None),
        (gateway(password=Secret("right")), "192.0.2.8", "", "right", None),
        (gateway(certificate=PRINT.upper()), "192.0.2.7", PRINT, "anything", "web"),
        (gateway(certificate=PRINT), "192.0.2.7", "", "anything", None),
        (gateway(certificate=PRINT, password=Secret("right")), "192.0.2.7", PRINT, "wrong", None),
        (gateway(certificate=PRINT, password=Secret("right")), "192.0.2.7", "", "right", None),
        (gateway(certificate=PRINT, password=Secret("right")), "192.0.2.7", PRINT, "right", "web"),
    ],
)
def test_address_password_and_certificate_must_all_be_right(
    known: Gateway, host: str, certificate: str, password: str, found: str | None
) -> None:
    """As far as the gateway needs them."""
    assert GatewayBook((known,)).find(host, certificate, password) == found


def test_a_hash_is_worked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway gives its password for every client: what was right is known again quickly, what is wrong is not."""
    tried: list[str] = []

    def verify(password: str, encoded: str) -> bool:
        tried.append(password)
        return passwords.verify(password, encoded)

    monkeypatch.setattr(gateways, "verify", verify)
    book = GatewayBook((gateway(password_hash=Secret(passwords.make("right", bytes(16)))),))
    assert [book.find("192.0.2.7", "", word) for word in ("wrong", "right", "right", "wrong")] == [
        None,
        "web",
        "web",
        None,
    ]
    assert tried == ["wrong", "right", "wrong"]


def test_a_reload_replaces_them() -> None:
    """Who was taken out is believed no longer."""
    book = GatewayBook((gateway(password=Secret("right")),))
    book.replace((gateway("other", password=Secret("new")),))
    assert book.find("192.0.2.7", "", "right") is None
    assert book.find("192.0.2.7", "", "new") == "other"
