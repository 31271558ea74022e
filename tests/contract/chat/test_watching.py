"""The index of MONITOR against a model that searches. Source: `chat/watching.py`."""

from hypothesis import given
from hypothesis import strategies as st
from tests.promises.harness import Square

from parvis.irc.capabilities import AWAY_NOTIFY

_ACTS = st.lists(
    st.tuples(st.sampled_from(("+", "-", "forget")), st.integers(0, 2), st.sampled_from(("anna", "bert", "Carl"))),
    max_size=40,
)


@given(_ACTS)
def test_watchers_and_lists_agree(acts: list[tuple[str, int, str]]) -> None:
    """Whatever is put on lists and taken off, both sides say the same, and nothing stays of who is forgotten."""
    square = Square()
    clients = [square.connects() for _ in range(3)]
    clients[0].capabilities = AWAY_NOTIFY
    watching = square.chat.watching
    model: dict[int, dict[str, str]] = {0: {}, 1: {}, 2: {}}
    for act, number, nick in acts:
        client, folded = clients[number], nick.lower()
        if act == "+":
            watching.watch(client, nick, folded)
            model[number].setdefault(folded, nick)
        elif act == "-":
            watching.unwatch(client, folded)
            model[number].pop(folded, None)
        else:
            watching.forget(client)
            model[number].clear()
        for each in range(3):
            assert watching.listed(clients[each]) == model[each]
        for name in ("anna", "bert", "carl"):
            watchers = [clients[each] for each in range(3) if name in model[each]]
            assert set(watching.watchers(name)) == set(watchers)
            assert watching.watchers(name, AWAY_NOTIFY) == [client for client in watchers if client is clients[0]]
    for client in clients:
        watching.forget(client)
    assert not any(watching.watchers(name) for name in ("anna", "bert", "carl"))
