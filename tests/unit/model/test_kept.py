"""Values that last. Source: docs/adr/0007-what-lasts-is-kept-whole.md."""

import msgspec
import pytest

from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.kept import Keep, KeptKind, keep, read


def test_a_value_is_read_back_as_it_was_kept() -> None:
    """Whole, with every field. Source: ADR 7."""
    account = Account(
        id=IdentityId(b"a" * 16), name="été", registered_at_ms=1, password="x", certificates=("ab",), many_devices=False
    )
    kept = keep(KeptKind.ACCOUNT, account.id, account)
    assert read(kept, Account) == account
    assert "été" not in repr(kept)


def test_a_dropped_value_has_none_and_cannot_be_read() -> None:
    """None stands for: it is kept no longer."""
    dropped = keep(KeptKind.ACCOUNT, b"a" * 16, None)
    assert dropped == Keep(KeptKind.ACCOUNT, b"a" * 16, None)
    with pytest.raises(msgspec.DecodeError):
        read(dropped, Account)
