"""Limits are those of the configuration, and ISUPPORT tells them. Source: modern IRC, "RPL_ISUPPORT parameters";
docs/handbook/operator.md, "[limits]". Pace, queues and connections: `test_pace.py`; lines: `test_lines.py`.
"""

from collections.abc import Iterator

import pytest
from tests.client import Client, commands, only
from tests.server import Server, serving

LIMITS = """
exempt_loopback = true
nicklen = 10
channellen = 8
topiclen = 30
awaylen = 20
kicklen = 25
realnamelen = 15
rooms_per_session = 3
list_modes = 2
targets = 2
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with limits of its own."""
    with serving(tmp_path_factory.mktemp("limits"), limits=LIMITS, store="memory") as running:
        yield running


@pytest.fixture
def anna(server: Server) -> Iterator[Client]:
    """Let somebody enter."""
    with Client(server.port) as client:
        yield client.enter("anna")


def test_each_is_told(anna: Client) -> None:
    """Under its own token."""
    tokens = [word for line in only(anna.ask("ISUPPORT"), "005") for word in line.params[1:-1]]
    for token in (
        "NICKLEN=10",
        "CHANNELLEN=8",
        "TOPICLEN=30",
        "AWAYLEN=20",
        "KICKLEN=25",
        "NAMELEN=15",
        "CHANLIMIT=#:3",
    ):
        assert token in tokens
    [targets] = [token for token in tokens if token.startswith("TARGMAX=")]
    assert "PRIVMSG:2," in targets
    assert any(token.startswith("MAXLIST=") and token.endswith(":2") for token in tokens)


def test_names_have_a_length(anna: Client) -> None:
    """Of people and of rooms; one byte more is refused, a character of two bytes counts as two."""
    assert anna.one("NICK abcdefghijk").command == "432"
    assert anna.ask("NICK abcdefghij")[0].command == "NICK"
    anna.nick = "abcdefghij"
    assert commands(anna.ask("JOIN #1234567"))[0] == "JOIN"
    assert anna.one("JOIN #12345678").command in ("403", "476", "479")
    assert anna.one("JOIN #123é567").command in ("403", "476", "479")


def test_rooms_and_lists_have_a_number(anna: Client) -> None:
    """405, and 478."""
    for name in ("#a", "#b", "#c"):
        assert commands(anna.ask(f"JOIN {name}"))[0] == "JOIN"
    assert anna.one("JOIN #d").command == "405"
    assert commands(anna.ask("MODE #a +bb x!*@* y!*@*")) == ["MODE"]
    assert anna.one("MODE #a +e z!*@*").command == "478"


def test_targets_have_a_number(anna: Client) -> None:
    """407; none of them gets anything."""
    assert anna.one("PRIVMSG anna,bert,carl :x").command == "407"
    assert anna.one("NAMES #a,#b,#c").command == "407"
    assert anna.one("KICK #a x,y,z :out").command == "407"
    assert "407" in commands(anna.ask("JOIN " + ",".join(f"#{number}" for number in range(17))))


def test_a_kill_is_never_cut(anna: Client, server: Server) -> None:
    """Its reason is what somebody reads of a sanction: one byte too many is refused."""
    with Client(server.port) as victim:
        victim.enter("victim")
        anna.ask("OPER operuser operpassword")
        assert anna.one("KILL victim :" + "x" * 26).command == "417"
        assert anna.ask("KILL victim :" + "x" * 25) == []
        assert victim.until_closed()[-1].command == "ERROR"


def test_a_real_name_has_a_length(anna: Client) -> None:
    """SETNAME refuses; USER has no answer for it, and is cut between characters."""
    assert anna.one("SETNAME :" + "x" * 16).command == "FAIL"
