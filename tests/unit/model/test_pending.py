"""Accounts that wait for a code. Source: IRCv3 draft/account-registration, "VERIFY"."""

from parvis.model.ids import IdentityId
from parvis.model.pending import TRIES, Pending


def test_an_account_that_waits_shows_nothing_and_holds_no_address() -> None:
    """It may be logged; the address is not kept. Source: ARCHITECTURE.md, "Invariants", 8; ADR 9."""
    waiting = Pending(id=IdentityId(b"a" * 16), name="secret", password="secret", code=b"secret", ends_at_ms=1)
    assert "secret" not in repr(waiting)
    assert waiting.tries == TRIES
    assert set(Pending.__struct_fields__) == {"id", "name", "password", "code", "ends_at_ms", "tries"}
