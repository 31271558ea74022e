"""Small extensions. Source: IRCv3 no-implicit-names, draft/pre-away, draft/extended-isupport, draft/oper-tag,
draft/whoami.
"""

from tests.client import Client, commands, only
from tests.conformance.conftest import Connect, Enter


def test_no_names_after_join_for_who_asks_for_none(enter: Enter, room: str) -> None:
    """NAMES itself answers as ever; others get theirs. Source: IRCv3 no-implicit-names."""
    client = enter("quiet", ["no-implicit-names"])
    assert commands(client.ask(f"JOIN {room}")) == ["JOIN"]
    assert commands(client.ask(f"NAMES {room}")) == ["353", "366"]
    assert commands(enter("other").ask(f"JOIN {room}")) == ["JOIN", "353", "366"]


def test_names_with_user_and_host(enter: Enter, room: str) -> None:
    """With their marks. Source: IRCv3 userhost-in-names."""
    host = enter("host", [], [room])
    client = enter("reader", ["userhost-in-names", "no-implicit-names"], [room])
    (names,) = only(client.ask(f"NAMES {room}"), "353")
    shown = names.params[-1].split()
    assert [name.partition("!")[0] for name in shown] == [f"@{host.nick}", client.nick]
    assert all("@" in name.partition("!")[2] for name in shown)


def welcome(client: Client, nick: str, *lines: str) -> list[str]:
    """Enter after some lines; give the commands that come until the last line of the welcome."""
    client.send(*lines, f"NICK {nick}", "USER u 0 * :r", "CAP END")
    client.nick = nick
    seen = []
    while (message := client.next()).command not in ("376", "422"):
        seen.append(message.command)
    return seen


def test_somebody_enters_away(connect: Connect, enter: Enter) -> None:
    """Under the capability alone; taken back before entering, it is not set. Source: IRCv3 draft/pre-away."""
    watcher = enter("watcher")
    client, back, old = connect(), connect(), connect()
    seen = welcome(client, "preaway1", "CAP REQ draft/pre-away", "AWAY :out", "AWAY *")
    assert seen[:3] == ["CAP", "306", "306"]
    assert only(watcher.ask("WHOIS preaway1"), "301")[0].params[2] == "*"
    seen = welcome(back, "preaway2", "CAP REQ draft/pre-away", "AWAY :out", "AWAY")
    assert seen[:3] == ["CAP", "306", "305"]
    assert only(watcher.ask("WHOIS preaway2"), "301") == []
    assert welcome(old, "preaway3", "CAP REQ batch", "AWAY :out")[:2] == ["CAP", "451"]
    assert only(watcher.ask("WHOIS preaway3"), "301") == []


def test_isupport_before_entering_and_in_a_batch(connect: Connect) -> None:
    """The welcome's too, with both capabilities; not without. Source: IRCv3 draft/extended-isupport."""
    client = connect()
    client.send("ISUPPORT", "CAP REQ draft/extended-isupport", "ISUPPORT", "CAP REQ batch", "ISUPPORT")
    assert client.next().command == "451"
    assert client.next().params[1] == "ACK"
    bare = client.next()
    assert (bare.command, bare.params[0], bare.tags) == ("005", "*", {})
    assert client.until("CAP").params[1] == "ACK"
    opening = client.next()
    assert (opening.command, opening.params[1:]) == ("BATCH", ["draft/isupport"])
    reference = opening.params[0][1:]
    inside = []
    while (message := client.next()).command == "005":
        inside.append(message)
    assert message.params == [f"-{reference}"]
    assert all(line.tags == {"batch": reference} for line in inside)
    seen = welcome(client, "isupporter")
    first = seen.index("BATCH")
    assert seen[first - 1] == "004"
    assert set(seen[first + 1 : seen.index("BATCH", first + 1)]) == {"005"}


def test_ones_own_prefix_in_the_welcome(connect: Connect) -> None:
    """Between ISUPPORT and LUSERS, once, with both capabilities; not with one of them. Source: IRCv3 draft/whoami."""
    seen = welcome(connect(), "whoami1", "CAP REQ :chghost draft/whoami")
    at = seen.index("SETNAME")
    assert (seen[at - 1], seen[at + 1], seen.count("SETNAME")) == ("005", "251", 1)
    assert "SETNAME" not in welcome(connect(), "whoami2", "CAP REQ draft/whoami")
    assert "SETNAME" not in welcome(connect(), "whoami3", "CAP REQ chghost")
    client = connect()
    client.send("CAP REQ :chghost draft/whoami", "NICK whoami4", "USER u 0 * :Some name", "CAP END")
    told = client.until("SETNAME")
    (shown,) = only(client.ask("WHOIS whoami4"), "311")
    assert told.source == f"whoami4!{shown.params[2]}@{shown.params[3]}"
    assert told.params == ["Some name"]


def test_ones_own_prefix_changes_with_a_login(enter: Enter) -> None:
    """CHGHOST about oneself, to a connection in no room. Source: IRCv3 draft/whoami, "Description", item 1."""
    client = enter("whoami", ["chghost", "draft/whoami"])
    told = client.ask("REGISTER * * a-long-password")
    (changed,) = only(told, "CHGHOST")
    assert changed.source.startswith(f"{client.nick}!")
    assert changed.params[1].endswith(".member")


def test_a_labelled_batch_needs_no_other_around_it(enter: Enter) -> None:
    """The label stands on its opening. Source: IRCv3 labeled-response."""
    client = enter("labels", ["labeled-response", "batch", "draft/extended-isupport"])
    opening, *lines, end = client.ask("@label=i ISUPPORT")
    assert (opening.params[1], opening.tags) == ("draft/isupport", {"label": "i"})
    assert set(commands(lines)) == {"005"}
    assert end.params == [f"-{opening.params[0][1:]}"]


def test_lines_of_staff_are_marked(enter: Enter, room: str) -> None:
    """For who understands tags or asked for this one; from OPER to its end. Source: IRCv3 draft/oper-tag."""
    staff = enter("staff", ["message-tags", "echo-message"], [room])
    tagged, asked = enter("tagged", ["message-tags"], [room]), enter("asked", ["draft/oper"], [room])
    plain = enter("plain", [], [room])
    staff.ask(f"PRIVMSG {room} :before", "OPER operuser operpassword")
    echo = only(staff.ask(f"PRIVMSG {room} :as staff", f"PRIVMSG {tagged.nick} :alone", f"TOPIC {room} :t"), "PRIVMSG")
    assert all("draft/oper" in message.tags for message in echo)
    staff.ask(f"MODE {staff.nick} -o", f"PRIVMSG {room} :after")
    for reader in (tagged, asked):
        told = {message.params[-1]: "draft/oper" in message.tags for message in reader.sync()}
        assert {word: told[word] for word in ("before", "as staff", "t", "after")} == {
            "before": False,
            "as staff": True,
            "t": True,
            "after": False,
        }
    assert all(not message.tags for message in plain.sync())


def test_an_invitation_by_staff_is_marked(enter: Enter, room: str) -> None:
    """As every line of theirs. Source: IRCv3 draft/oper-tag."""
    staff, guest = enter("staff", [], [room]), enter("guest", ["message-tags"])
    staff.ask("OPER operuser operpassword", f"INVITE {guest.nick} {room}")
    assert "draft/oper" in guest.until("INVITE").tags
