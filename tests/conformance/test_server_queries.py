"""VERSION, TIME, INFO, ADMIN, LINKS, STATS, HELP, ISON, WALLOPS. Source: modern IRC, "Server Queries and Commands"."""

import time
from pathlib import Path

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Enter
from tests.server import serving


def test_version(enter: Enter) -> None:
    """351, then 005. Source: modern IRC, "VERSION"."""
    version, *tokens = enter("asker").ask("VERSION")
    assert (version.command, version.params[2]) == ("351", "chat.test")
    assert version.params[1].startswith("parvis-")
    assert set(commands(tokens)) == {"005"}


def test_time(enter: Enter) -> None:
    """As a number and in words. Source: modern IRC, "RPL_TIME"."""
    before = int(time.time())
    answer = enter("asker").one("TIME")
    assert (answer.command, answer.params[1], answer.params[3]) == ("391", "chat.test", "0")
    assert before <= int(answer.params[2]) <= time.time() + 1
    assert answer.params[4].endswith("UTC")


def test_info(enter: Enter) -> None:
    """371 and 374. Source: modern IRC, "INFO"."""
    *lines, end = enter("asker").ask("INFO")
    assert set(commands(lines)) == {"371"}
    assert end.command == "374"


@pytest.mark.parametrize("command", ["VERSION", "TIME", "INFO", "ADMIN", "MOTD", "STATS u", "WHOIS"])
def test_the_server_that_is_asked(enter: Enter, command: str) -> None:
    """By name, by mask, by somebody on it; 402 for another. Source: modern IRC, "VERSION", "WHOIS"."""
    asker = enter("asker")
    after = f" {asker.nick}" if command == "WHOIS" else ""
    for target in ("chat.test", "*.test", asker.nick):
        assert not only(asker.ask(f"{command} {target}{after}"), "402")
    answer = asker.one(f"{command} other.example{after}")
    assert (answer.command, answer.params[:2]) == ("402", [asker.nick, "other.example"])


def test_admin(enter: Enter, tmp_path: Path) -> None:
    """256 and the lines of the operator, the address in 259; 423 without. Source: modern IRC, "ADMIN"."""
    assert enter("asker").one("ADMIN").command == "423"
    with serving(tmp_path, server='admin = ["The town", "town@example.org"]') as server, Client(server.port) as client:
        answers = client.enter("asker").ask("ADMIN")
        assert [(answer.command, answer.params[1]) for answer in answers] == [
            ("256", "chat.test"),
            ("258", "The town"),
            ("259", "town@example.org"),
        ]


def test_links(enter: Enter) -> None:
    """No links to tell of: 365 alone, under the mask that was asked for. Source: modern IRC, "LINKS"."""
    asker = enter("asker")
    for words, mask in (("LINKS", "*"), ("LINKS *.org", "*.org"), ("LINKS chat.test *", "*"), ("LINKS :", "*")):
        end = asker.one(words)
        assert (end.command, end.params[1]) == ("365", mask)


def test_stats(enter: Enter) -> None:
    """u for all, o and d for operators, an unknown letter only its end. Source: modern IRC, "STATS"."""
    asker = enter("asker")
    assert commands(asker.ask("STATS u")) == ["242", "219"]
    assert asker.one("STATS x").params[:2] == [asker.nick, "x"]
    assert commands(asker.ask("STATS o", "STATS d")) == ["481", "481"]
    assert asker.one("STATS").command == "461"
    assert asker.one("STATS :").command == "461"
    asker.ask("OPER operuser operpassword")
    assert asker.nick in [row.params[2] for row in only(asker.ask("STATS o"), "249")]
    assert commands(asker.ask("STATS d")) == ["249", "249", "249", "219"]


@pytest.mark.parametrize("command", ["HELP", "HELPOP"])
def test_help(enter: Enter, command: str) -> None:
    """704, 705 and 706, or 524. Source: modern IRC, "HELP"."""
    asker = enter("asker")
    start, *rows, end = asker.ask(command)
    assert (start.command, end.command, set(commands(rows))) == ("704", "706", {"705"})
    assert "PRIVMSG" in " ".join(row.params[2] for row in rows).split()
    start, *rows, end = asker.ask(f"{command} privmsg")
    assert start.params[1:] == ["PRIVMSG", "PRIVMSG target[,target ...] :text"]
    assert all(row.params[1] == "PRIVMSG" for row in (*rows, end))
    assert asker.one(f"{command} nothing").params[:2] == [asker.nick, "nothing"]
    assert asker.one(f"{command} nothing").command == "524"


def test_ison(enter: Enter) -> None:
    """Who is here, as they write themselves. Source: RFC 2812, section 4.9."""
    one, asker = enter("one"), enter("asker")
    answer = asker.one(f"ISON {one.nick.upper()} nobody {asker.nick} :{one.nick} nobody")
    assert (answer.command, answer.params) == ("303", [asker.nick, f"{one.nick} {asker.nick}"])
    assert asker.one("ISON nobody").params == [asker.nick, ""]
    assert asker.one("ISON").command == "461"


def test_wallops(enter: Enter) -> None:
    """Of operators, to who listens and the operator. Source: modern IRC, "WALLOPS"; RFC 2812, section 4.7."""
    operator, listening, deaf = enter("operator"), enter("listening"), enter("deaf")
    listening.ask(f"MODE {listening.nick} +w")
    assert operator.one("WALLOPS :hi everyone").command == "481"
    operator.ask("OPER operuser operpassword")
    told = [operator.one("WALLOPS :hi everyone"), *listening.sync()]
    assert [(message.command, message.nick, message.params) for message in told] == [
        ("WALLOPS", operator.nick, ["hi everyone"])
    ] * 2
    assert deaf.sync() == []
    assert commands(operator.ask("WALLOPS", "WALLOPS :")) == ["461", "461"]
    assert operator.one("WALLOPS :" + "x" * 500).command == "417"


def test_rehash(tmp_path: Path) -> None:
    """As SIGHUP: what changed is taken, and with a mistake nothing is. Source: modern IRC, "REHASH"."""
    with serving(tmp_path) as server, Client(server.port) as client:
        client.enter("asker")
        assert client.one("REHASH").command == "481"
        client.send("OPER operuser operpassword")
        client.until("MODE")
        path = tmp_path / "parvis.toml"
        written = path.read_text(encoding="utf-8")
        path.write_text(written.replace("Hello", "Good day"), encoding="utf-8")
        assert client.one("REHASH").command == "382"
        assert only(client.ask("MOTD"), "372")[0].params[1] == "- Good day"
        path.write_text(written.replace("motd", "mots"), encoding="utf-8")
        answer = client.one("REHASH")
        assert (answer.command, answer.params[:2]) == ("FAIL", ["REHASH", "CONFIGURATION_KEPT"])
        assert only(client.ask("MOTD"), "372")[0].params[1] == "- Good day"


def test_everybody_enters_with_the_modes_of_the_configuration(tmp_path: Path) -> None:
    """And reads them once. Source: docs/handbook/operator.md, `default_user_modes`."""
    with serving(tmp_path, user_modes="+wiB") as server, Client(server.port) as client:
        client.nick = "one"
        client.send("NICK one", "USER user 0 * :Real name")
        assert client.until("MODE").params == ["one", "+Biw"]
        assert client.one("MODE one").params == ["one", "+Biw"]
        assert "1 invisible" in only(client.ask("LUSERS"), "251")[0].params[1]
