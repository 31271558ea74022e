"""Whom an account reads nothing from. Source: `model/silences.py`; docs/adr/0007-what-lasts-is-kept-whole.md."""

from parvis.model.kept import KeptKind, keep, read
from parvis.model.silences import KeptSilence


def test_a_list_is_kept_and_read_back() -> None:
    """In its order. Source: `model/kept.py`."""
    listed = KeptSilence(masks=("troll!*@*", "*!*@abc.*"))
    assert read(keep(KeptKind.SILENCE, b"i" * 16, listed), KeptSilence) == listed


def test_a_list_shows_no_names() -> None:
    """It may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    assert "troll" not in repr(KeptSilence(masks=("troll!*@*",)))
