"""Accounts as they are kept. Source: docs/adr/0007-what-lasts-is-kept-whole.md."""

from parvis.model.accounts import Account
from parvis.model.ids import IdentityId


def test_an_account_shows_neither_name_nor_password() -> None:
    """It may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    account = Account(id=IdentityId(b"a" * 16), name="Ada", registered_at_ms=7, password="secret")
    assert repr(account) == f"Account({(b'a' * 16).hex()})"
