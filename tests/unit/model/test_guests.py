"""Guests as they are kept. Source: `model/guests.py`, `model/kept.py`."""

from parvis.model.guests import Guest
from parvis.model.ids import IdentityId
from parvis.model.kept import KeptKind, keep, read


def test_a_guest_is_kept_and_read_back() -> None:
    """The hash of the token with it, and its id alone in a log. Source: ADR 7."""
    guest = Guest(id=IdentityId(b"a" * 16), token=b"\x00\xff" * 16, used_at_ms=12, is_back=True)
    kept = keep(KeptKind.GUEST, guest.id, guest)
    assert read(kept, Guest) == guest
    assert repr(guest) == f"Guest({guest.id.hex()})"
