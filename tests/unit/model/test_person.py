"""People who are present. Source: `model/person.py`; modern IRC, "User Modes"."""

from tests.unit.model.people import somebody

from parvis.model.person import INVISIBLE, NO_ROOMS, OPERATOR, Person
from parvis.model.world import World


def test_who_has_not_entered_is_nobody_anywhere() -> None:
    """Source: `Person`."""
    person = Person()
    assert (person.nick, person.rooms, person.modes) == ("", NO_ROOMS, 0)
    assert person.rooms is NO_ROOMS


def test_a_mask_is_name_user_and_cloak() -> None:
    """Source: RFC 1459, section 2.3.1."""
    assert somebody(World(), "Alice").mask() == "Alice!~user@host.guest"


def test_a_person_shows_neither_name_nor_host() -> None:
    """It may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    shown = repr(somebody(World(), "Alice"))
    assert shown == f"Person({b'Alice___________'.hex()})"


def test_modes_are_bits_of_their_own() -> None:
    """Source: modern IRC, "User Modes"."""
    assert INVISIBLE & OPERATOR == 0
