"""MONITOR and extended-monitor. Source: IRCv3 monitor, extended-monitor."""

from pathlib import Path

import pytest
from tests.client import Client, commands
from tests.conformance.conftest import Connect, Enter
from tests.server import serving


def test_online_and_offline_are_told_at_once(enter: Enter) -> None:
    """730 with the mask, 731 as it was asked, under the label. Source: IRCv3 monitor, "MONITOR +"."""
    here = enter("here")
    watcher = enter("watcher", ["labeled-response", "batch"])
    answers = watcher.ask(f"@label=x MONITOR + {here.nick.upper()},Nobody99")
    assert commands(answers) == ["BATCH", "730", "731", "BATCH"]
    assert answers[1].params[1].startswith(f"{here.nick}!~user@")
    assert answers[2].params == [watcher.nick, "Nobody99"]
    assert commands(watcher.ask("@label=y MONITOR - Nobody99")) == ["ACK"]


def test_coming_and_going_are_told(enter: Enter, connect: Connect) -> None:
    """To who watches, and to nobody else. Source: IRCv3 monitor, "RPL_MONONLINE", "RPL_MONOFFLINE"."""
    watcher, other = enter("watcher", ["server-time"]), enter("other")
    watcher.ask("MONITOR + comes99")
    other.ask("MONITOR + comes99", "MONITOR - comes99")
    coming = connect().enter("Comes99")
    told = watcher.sync()
    assert [(message.command, message.params[0]) for message in told] == [("730", "*")]
    assert told[0].params[1].startswith("Comes99!~user@")
    assert "time" in told[0].tags
    coming.send("QUIT")
    coming.until_closed()
    assert [message.params for message in watcher.sync()] == [["*", "Comes99"]]
    assert other.sync() == []


def test_the_list_is_listed_told_and_cleared(enter: Enter) -> None:
    """732 and 733, 730 and 731, and C without an answer. Source: IRCv3 monitor, "MONITOR L", "S", "C"."""
    watcher = enter("watcher")
    names = [f"absent{'x' * 20}{number}" for number in range(60)]
    for start in range(0, 60, 10):
        watcher.ask(f"MONITOR + {','.join(names[start : start + 10])}")
    watcher.ask(f"MONITOR + {watcher.nick},{names[0].upper()}")
    *lists, end = watcher.ask("MONITOR l")
    assert len(lists) > 1
    assert ",".join(message.params[1] for message in lists).split(",") == [*names, watcher.nick]
    assert (end.command, end.params) == ("733", [watcher.nick, "End of MONITOR list"])
    online, *offline = watcher.ask("MONITOR S")
    assert (online.command, online.params[1].partition("!")[0]) == ("730", watcher.nick)
    assert ",".join(message.params[1] for message in offline).split(",") == names
    assert watcher.ask("MONITOR C") == []
    assert commands(watcher.ask("MONITOR L", "MONITOR S")) == ["733"]


def test_what_nobody_can_bear_is_absent_and_not_watched(enter: Enter) -> None:
    """Masks above all. Source: IRCv3 monitor, "WATCH vs. MONITOR"."""
    watcher = enter("watcher")
    assert watcher.one("MONITOR + *!user@host").params[1] == "*!user@host"
    assert commands(watcher.ask("MONITOR L")) == ["733"]


@pytest.mark.parametrize("line", ["MONITOR", "MONITOR +", "MONITOR + :", "MONITOR - ,"])
def test_targets_are_needed(enter: Enter, line: str) -> None:
    """461. Source: modern IRC, "ERR_NEEDMOREPARAMS"."""
    assert enter("watcher").one(line).command == "461"


def test_an_unknown_subcommand_is_answered(enter: Enter) -> None:
    """No silence. Source: DESIGN, promise 4."""
    answer = enter("watcher").one("MONITOR X")
    assert (answer.command, answer.params[:2]) == ("FAIL", ["MONITOR", "UNKNOWN_SUBCOMMAND"])


def test_a_full_list_takes_nobody_more(tmp_path: Path) -> None:
    """734 with the limit and those left out; a place that is given up is free. Source: IRCv3 monitor, "734"."""
    with serving(tmp_path, limits="exempt_loopback = true\nmonitor = 2") as server, Client(server.port) as client:
        client.enter("watcher")
        answers = client.ask("MONITOR + one,two,Three,four")
        assert [answer.params for answer in answers] == [
            ["watcher", "one,two"],
            ["watcher", "2", "Three,four", "Monitor list is full."],
        ]
        assert commands(client.ask("MONITOR + two")) == ["731"]
        client.ask("MONITOR - one")
        assert commands(client.ask("MONITOR + three")) == ["731"]


@pytest.mark.parametrize("near", [True, False], ids=["shared room", "no shared room"])
def test_extended_monitor(enter: Enter, room: str, near: bool) -> None:
    """AWAY and SETNAME of who is watched, once, shared room or not. Source: IRCv3 extended-monitor."""
    rooms = [room] if near else []
    watcher = enter("watcher", ["extended-monitor", "away-notify", "setname"], rooms)
    half = enter("half", ["extended-monitor"])
    watched = enter("watched", rooms=rooms)
    watcher.sync()
    for client in (watcher, half):
        client.ask(f"MONITOR + {watched.nick}")
    watched.ask("AWAY :afk", "AWAY", "SETNAME :New")
    assert [(message.command, message.params) for message in watcher.sync()] == [
        ("AWAY", ["afk"]),
        ("AWAY", []),
        ("SETNAME", ["New"]),
    ]
    assert half.sync() == []
