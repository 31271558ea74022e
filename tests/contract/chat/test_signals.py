"""Signals of networks: for a week, and never which. Source: src/parvis/chat/signals.py, rules 1 and 2."""

from tests.promises.harness import HeardClient, Square

from parvis.chat import signals
from parvis.chat.signal_keys import Signal
from parvis.model.kept import KeptKind

DAY_S = 86_400.0


def signal(square: Square, client: HeardClient) -> Signal:
    """Give today's signal of a client, in a turn of its own."""
    square.chat.turn.begin()
    found = signals.of(square.chat, client)
    square.end_turn()
    return found


def test_who_shares_a_network_is_seen_for_a_week() -> None:
    """From any moment seven whole days; then the key is destroyed, in the database too."""
    square = Square()
    square.doors.start()
    anna = square.enters("anna", address="203.0.113.7")
    bert, carl = square.enters("bert", address="203.0.113.7"), square.enters("carl", address="203.0.113.8")
    found = signal(square, anna)
    assert signals.same(square.chat, found, bert)
    assert not signals.same(square.chat, found, carl)
    assert [kind for kind, _ in square.values() if kind is KeptKind.SIGNAL_KEY] == [KeptKind.SIGNAL_KEY]
    square.go_on(7 * DAY_S - 60)
    assert signals.same(square.chat, found, bert)
    square.go_on(DAY_S + 120)
    assert not signals.same(square.chat, found, bert)
    assert not [kind for kind, _ in square.values() if kind is KeptKind.SIGNAL_KEY]


def test_each_day_has_a_key_of_its_own() -> None:
    """What is kept of one day says nothing about another."""
    square = Square()
    anna = square.enters("anna", address="203.0.113.7")
    first = signal(square, anna)
    square.go_on(DAY_S)
    second = signal(square, anna)
    assert second.day == first.day + 1
    assert second.value != first.value
    assert repr(first) == f"Signal({first.day})"


def test_neighbours_on_one_line_share_a_signal() -> None:
    """One address of IPv4, a /64 of IPv6."""
    square = Square()
    anna, bert = square.enters("anna", address="2001:db8::1"), square.enters("bert", address="2001:db8::2")
    carl = square.enters("carl", address="2001:db8:0:1::1")
    found = signal(square, anna)
    assert signals.same(square.chat, found, bert)
    assert not signals.same(square.chat, found, carl)
