"""Values that last. Source: docs/adr/0007-what-lasts-is-kept-whole.md."""

import msgspec
import pytest

from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.kept import Keep, KeptKind, KeptMarkers, KeptVisible, keep, read

ADA = Account(id=IdentityId(b"a" * 16), name="Ada", registered_at_ms=7, password="secret")


def test_a_value_is_read_as_it_was_kept() -> None:
    """Whole, by its kind and id."""
    kept = keep(KeptKind.ACCOUNT, ADA.id, ADA)
    assert (kept.kind, kept.id) == (KeptKind.ACCOUNT, ADA.id)
    assert read(kept, Account) == ADA


def test_a_value_that_is_kept_no_longer_holds_nothing() -> None:
    """The store drops it."""
    assert keep(KeptKind.ACCOUNT, ADA.id, None) == Keep(KeptKind.ACCOUNT, ADA.id, None)


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b'{"name": 3}', b"\xff"])
def test_a_value_of_another_kind_is_not_read(value: bytes) -> None:
    """The database was changed by something else."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        read(Keep(KeptKind.ACCOUNT, b"a", value), Account)


def test_a_kept_value_shows_no_words() -> None:
    """It may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    assert "secret" not in repr(keep(KeptKind.ACCOUNT, ADA.id, ADA))


def test_what_history_keeps_is_read_back() -> None:
    """From when on a room shows itself, and how far an account has read; nothing of it shows itself in a log."""
    for kept in (
        keep(KeptKind.VISIBLE, b"room", KeptVisible(7)),
        keep(KeptKind.MARKERS, b"ada", KeptMarkers({"#nave": 7})),
    ):
        assert "nave" not in repr(kept)
    assert read(keep(KeptKind.VISIBLE, b"room", KeptVisible(7)), KeptVisible) == KeptVisible(7)
    assert read(keep(KeptKind.MARKERS, b"ada", KeptMarkers({"#nave": 7})), KeptMarkers).read_ms == {"#nave": 7}
    assert "nave" not in repr(KeptMarkers({"#nave": 7}))
