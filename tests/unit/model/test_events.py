"""Events. Source: `model/events.py`."""

from typing import get_args

import msgspec
import pytest
from tests.unit.model.people import a_room, somebody

from parvis.model import events as e
from parvis.model.world import World

KINDS = get_args(e.Event)


def test_every_event_is_named_in_the_union() -> None:
    """So that `World.apply` and the type checker see each. Source: `Event`."""
    declared = {
        kind
        for kind in vars(e).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == e.__name__
    }
    assert declared == set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_an_event_cannot_be_changed(kind: type[msgspec.Struct]) -> None:
    """It has happened. Source: `model/events.py`."""
    assert kind.__struct_config__.frozen


def test_an_event_may_be_logged() -> None:
    """People and rooms in it show their ids alone. Source: ARCHITECTURE.md, "Invariants", 8."""
    world = World()
    person, room = somebody(world, "Alice"), a_room(world, "#secret")
    assert "Alice" not in repr(e.Joined(person, room, 0))
    assert "secret" not in repr(e.Joined(person, room, 0))
