"""Pseudonyms that are kept for a while. Source: `chat/quarantine.py`, `chat/retired.py`; ADR 11."""

from parvis.chat.quarantine import NAMES_EACH, NAMES_MAX, Quarantine
from parvis.chat.retired import Retired, RetiredNames
from parvis.model.ids import IdentityId
from parvis.model.kept import read

ALICE, BOB = IdentityId(b"a" * 16), IdentityId(b"b" * 16)


def test_a_name_is_kept_from_others_until_its_time_is_over() -> None:
    """Whoever bore it takes it back. Source: rule 1."""
    names = Quarantine()
    names.keep("Alice", "alice", ALICE, "", 60.0, 10.0, 0.0)
    assert names.left_s("alice", BOB, "here", 4.0) == 6.0
    assert names.left_s("alice", ALICE, "elsewhere", 4.0) == 0.0
    assert names.left_s("bob", BOB, "here", 4.0) == 0.0
    assert names.left_s("alice", BOB, "here", 10.0) == 0.0
    names.taken("alice", ALICE, "here")
    assert len(names) == 1
    names.taken("alice", BOB, "here")
    names.taken("alice", BOB, "here")
    assert len(names) == 0


def test_a_name_is_kept_no_longer_than_it_was_borne_in_all() -> None:
    """Whoever takes it back goes on from there; another begins anew. Source: rule 3."""
    names = Quarantine()
    names.keep("Alice", "alice", ALICE, "", 5.0, 900.0, 0.0)
    assert names.left_s("alice", BOB, "", 0.0) == 5.0
    names.taken("alice", ALICE, "")
    names.keep("Alice", "alice", ALICE, "", 2.0, 900.0, 100.0)
    assert names.left_s("alice", BOB, "", 100.0) == 7.0
    names.keep("Alice", "alice", ALICE, "", 2000.0, 900.0, 200.0)
    assert names.left_s("alice", BOB, "", 200.0) == 900.0
    names.taken("alice", BOB, "")
    names.keep("Alice", "alice", BOB, "", 1.0, 900.0, 2000.0)
    assert names.left_s("alice", ALICE, "", 2000.0) == 1.0


def test_who_cannot_prove_it_comes_back_from_the_same_network() -> None:
    """And from no other. Source: rule 2."""
    names = Quarantine()
    names.keep("Alice", "alice", ALICE, "here", 60.0, 10.0, 0.0)
    assert names.left_s("alice", BOB, "here", 4.0) == 0.0
    assert names.left_s("alice", BOB, "elsewhere", 4.0) == 6.0


def test_a_name_that_looks_like_one_that_is_kept_is_kept_too() -> None:
    """From the same people, for the same time. Source: `model/looks.py`."""
    names = Quarantine()
    names.keep("Alice", "alice", ALICE, "", 60.0, 10.0, 0.0)
    names.keep("Zoé", "zoé", ALICE, "", 60.0, 10.0, 0.0)
    assert names.alike("аlice", BOB, "here", 4.0) == "Alice"
    assert names.alike("zoe", BOB, "here", 4.0) == "Zoé"
    assert names.alike("zoe", ALICE, "here", 4.0) == ""
    assert names.alike("zoe", BOB, "here", 10.0) == ""
    names.release("zoé")
    names.release("zoé")
    assert names.alike("zoe", BOB, "here", 4.0) == ""


def test_nobody_keeps_many_names_and_there_are_not_too_many() -> None:
    """The oldest of somebody's own go, then the oldest of all. Source: rule 3."""
    names = Quarantine()
    for number in range(NAMES_EACH + 1):
        names.keep(f"n{number}", f"n{number}", ALICE, "", 60.0, 10.0, 0.0)
    assert names.left_s("n0", BOB, "", 0.0) == 0.0
    assert names.left_s("n1", BOB, "", 0.0) == 10.0
    names.keep("n1", "n1", ALICE, "", 60.0, 20.0, 0.0)
    assert (names.left_s("n1", BOB, "", 0.0), len(names)) == (20.0, NAMES_EACH)
    for number in range(NAMES_MAX + 5):
        names.keep(f"x{number}", f"x{number}", IdentityId(number.to_bytes(16, "big")), "", 60.0, 10.0, 0.0)
    assert len(names) == NAMES_MAX
    assert names.left_s("x4", BOB, "", 0.0) == 0.0
    assert names.left_s(f"x{NAMES_MAX}", BOB, "", 0.0) == 10.0


def test_a_retired_name_is_known_when_asked_for_and_stands_nowhere() -> None:
    """Over a restart too, until its time is over. Source: `chat/retired.py`."""
    names = RetiredNames(bytes(32))
    assert names.left_s("alice", 0) == 0.0
    (kept,) = names.retire("alice", 5000)
    assert b"alice" not in kept.id + (kept.value or b"")
    again = RetiredNames(bytes(32))
    again.restore(kept.id, read(kept, Retired))
    for each in (names, again):
        assert each.left_s("alice", 1000) == 4.0
        assert each.left_s("alice", 5000) == 0.0
        assert each.left_s("bob", 1000) == 0.0
    assert names.sweep(4999) == []
    assert [(each.id, each.value) for each in names.sweep(5000)] == [(kept.id, None)]
    assert names.sweep(5000) == []
