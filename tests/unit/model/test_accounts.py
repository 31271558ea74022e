"""Accounts. Source: docs/adr/0009-passwords-of-accounts.md."""

import msgspec

from parvis.model.accounts import Account
from parvis.model.ids import IdentityId


def test_an_account_shows_neither_name_nor_password() -> None:
    """It may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    account = Account(id=IdentityId(b"a" * 16), name="secret", registered_at_ms=1, password="secret")
    assert "secret" not in repr(account)


def test_an_account_of_an_older_version_is_read_with_the_defaults() -> None:
    """What was added since is as if its owner had chosen nothing. Source: ADR 7, "Consequences"."""
    older = b'{"id":"YWFhYWFhYWFhYWFhYWFhYQ==","name":"anna","registered_at_ms":1,"password":"x"}'
    account = msgspec.json.decode(older, type=Account)
    assert (account.certificates, account.many_devices) == ((), None)
