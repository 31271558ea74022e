"""Sanctions as values. Source: ARCHITECTURE.md, "Invariants", 8; docs/adr/0007-what-lasts-is-kept-whole.md."""

from parvis.model.kept import KeptKind, keep, read
from parvis.model.sanctions import BanKind, Defence, ServerBan, Target, TargetKind

BAN = ServerBan(
    id=bytes.fromhex("0123456789abcdef0123456789abcdef"),
    kind=BanKind.BAN,
    target=Target(TargetKind.ADDRESS, "203.0.113.0/24"),
    reason="secret",
    by="ada",
    made_at_ms=1,
    ends_at_ms=2,
)


def test_they_show_no_address_and_no_reason() -> None:
    """They may be logged."""
    level = Defence(level=3, reason="secret", by="ada", made_at_ms=1, ends_at_ms=2)
    shown = f"{BAN!r} {BAN.target!r} {level!r}"
    assert not any(word in shown for word in ("203", "secret", "ada"))


def test_people_call_one_by_the_beginning_of_its_id() -> None:
    """Eight hexadecimal digits."""
    assert BAN.name == "01234567"


def test_what_is_kept_is_read_back() -> None:
    """Whole."""
    assert read(keep(KeptKind.SERVER_BAN, BAN.id, BAN), ServerBan) == BAN
