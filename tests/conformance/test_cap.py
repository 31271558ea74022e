"""Capability negotiation. Source: IRCv3 capability-negotiation."""

from tests.client import commands, only
from tests.conformance.conftest import Connect, Enter

OURS = {
    *("account-tag", "away-notify", "batch", "cap-notify", "echo-message", "labeled-response"),
    *("message-tags", "multi-prefix", "no-implicit-names", "server-time", "setname", "standard-replies"),
    *("draft/extended-isupport", "draft/multiline", "draft/oper", "draft/pre-away", "userhost-in-names"),
    *("chghost", "draft/whoami"),
}


def test_ls_lists_everything_and_holds_registration_open(connect: Connect) -> None:
    """Until CAP END. Source: IRCv3 capability-negotiation, "The CAP LS subcommand"."""
    client = connect()
    client.send("CAP LS 302", "NICK negotiating", "USER user 0 * :Real name", "PING a")
    assert client.offered().keys() >= OURS
    assert {(line.source, *line.params[:2]) for line in client.read} == {("chat.test", "*", "LS")}
    assert client.next().command == "PONG"
    client.send("CAP END")
    assert client.next().command == "001"


def test_ls_without_version_is_one_line_without_values(connect: Connect) -> None:
    """Source: IRCv3 capability-negotiation, "CAP LS Version"."""
    client = connect()
    client.send("CAP LS")
    answer = client.next()
    assert answer.params[2] != "*"
    assert "=" not in answer.params[2]


def test_list_shows_what_was_agreed(connect: Connect) -> None:
    """Nothing at first, as an empty parameter. Source: IRCv3 capability-negotiation, "The CAP LIST subcommand"."""
    client = connect()
    client.send("CAP LIST")
    assert client.next().params == ["*", "LIST", ""]
    client.send("CAP REQ :server-time echo-message", "CAP LIST")
    assert client.next().params == ["*", "ACK", "server-time echo-message"]
    assert set(client.next().params[2].split()) == {"server-time", "echo-message"}


def test_version_302_implies_cap_notify(connect: Connect) -> None:
    """Source: IRCv3 capability-negotiation, "cap-notify"."""
    client = connect()
    client.send("CAP LS 302", "CAP LIST")
    client.offered()
    assert client.next().params[2] == "cap-notify"


def test_req_is_all_or_nothing(connect: Connect) -> None:
    """NAK repeats the request, and nothing of it is agreed. Source: "The CAP REQ subcommand", "The CAP NAK ..."."""
    client = connect()
    for wanted in ("foo", "foo multi-prefix bar", "multi-prefix bar", "foo multi-prefix", "qux bar baz foo qux"):
        client.send(f"CAP REQ :{wanted}")
        answer = client.next()
        assert (answer.command, answer.params) == ("CAP", ["*", "NAK", wanted])
    client.send("CAP LIST", "CAP REQ :multi-prefix")
    assert client.next().params == ["*", "LIST", ""]
    assert client.next().params == ["*", "ACK", "multi-prefix"]


def test_a_long_nak_is_a_line_all_the_same(connect: Connect) -> None:
    """At least the first 100 characters are repeated. Source: IRCv3 capability-negotiation, "CAP NAK"."""
    client = connect()
    wanted = "abcdefghi " * 49
    client.send(f"CAP REQ :{wanted}")
    answer = client.next()
    assert answer.params[1] == "NAK"
    assert wanted.startswith(answer.params[2])
    assert len(answer.params[2]) >= 100


def test_a_minus_takes_a_capability_away(enter: Enter) -> None:
    """At once, and after registration too. Source: IRCv3 capability-negotiation, "The CAP REQ subcommand"."""
    client = enter("minus", ["server-time", "echo-message"])
    client.send("PING before")
    assert "time" in client.next().tags
    answers = client.ask("CAP REQ :-server-time", "CAP LIST")
    assert answers[0].params[1:] == ["ACK", "-server-time"]
    assert set(answers[1].params[2].split()) == {"echo-message", "cap-notify"}
    assert "time" not in answers[1].tags


def test_capabilities_may_come_later(enter: Enter, room: str) -> None:
    """A member who asks for tags gets them from the next line on. Source: IRCv3 capability-negotiation."""
    late, speaker = enter("late", rooms=[room]), enter("speaker", ["message-tags"], [room])
    speaker.ask(f"@+a=1 PRIVMSG {room} :one")
    assert late.until("PRIVMSG").tags == {}
    late.ask("CAP REQ :message-tags server-time")
    speaker.ask(f"@+a=2 PRIVMSG {room} :two")
    assert late.until("PRIVMSG").tags.keys() == {"+a", "msgid", "time"}


def test_end_without_negotiation_and_unknown_subcommands(enter: Enter) -> None:
    """END after registration is ignored; 410 for what is not a subcommand; 461 for none."""
    client = enter("capend")
    assert client.ask("CAP END") == []
    assert client.one("CAP FOO").params[:2] == [client.nick, "FOO"]
    assert commands(client.ask("CAP :", "CAP")) == ["410", "461"]


def test_negotiation_alone_does_not_register(connect: Connect) -> None:
    """CAP END without NICK and USER waits for them. Source: IRCv3 capability-negotiation."""
    client = connect()
    client.send("CAP LS 302", "CAP END", "PING a")
    client.offered()
    assert client.next().command == "PONG"
    client.send("NICK onlycap", "USER user 0 * :Real name")
    assert client.next().command == "001"
    assert only([client.until("376")], "376")


def test_cap_notify_stays_with_version_302(connect: Connect) -> None:
    """Who asked for it by name may give it back; LS without version changes nothing. Source: "cap-notify"."""
    modern, old = connect(), connect()
    modern.send("CAP LS 302", "CAP REQ :cap-notify", "CAP REQ :-cap-notify", "CAP LS", "CAP LIST")
    modern.offered()
    assert [modern.next().params[1] for _ in range(2)] == ["ACK", "NAK"]
    assert "=" not in modern.next().params[-1]
    assert modern.next().params[-1] == "cap-notify"
    old.send("CAP REQ :cap-notify", "CAP REQ :-cap-notify")
    assert [old.next().params[1] for _ in range(2)] == ["ACK", "ACK"]


def test_a_request_may_come_without_colon_and_with_spaces(connect: Connect) -> None:
    """As in the specification's own examples. Source: "The CAP REQ subcommand", draft/extended-isupport, "Examples"."""
    client = connect()
    client.send("CAP REQ batch draft/extended-isupport", "CAP REQ :  setname  ", "CAP REQ :", "CAP REQ :sts")
    assert client.next().params == ["*", "ACK", "batch draft/extended-isupport"]
    assert client.next().params == ["*", "ACK", "setname"]
    assert client.next().params == ["*", "ACK", ""]
    assert client.next().params == ["*", "NAK", "sts"]


def test_a_long_request_is_acknowledged_whole(connect: Connect) -> None:
    """On several lines, no name cut in two. Source: "The CAP ACK subcommand"."""
    client = connect()
    words = ["message-tags", "server-time"] * 18 + ["echo-message"]
    client.send(f"CAP REQ :{' '.join(words)}", "PING x")
    lines = []
    while (message := client.next()).command == "CAP":
        lines += message.params[2].split()
    assert lines == words


def test_the_list_of_a_client_with_everything_has_several_lines(enter: Enter) -> None:
    """All but the last with a star, for who asked for 302. Source: "Multiline replies to CAP LS and CAP LIST"."""
    probe = enter("probe", ["batch"])
    names = []
    for message in probe.ask("CAP LS 302"):
        names += [word.partition("=")[0] for word in message.params[-1].split()]
    client = enter("everything" + "x" * 12, names)
    listed = client.ask("CAP LIST")
    assert [word for message in listed for word in message.params[-1].split()] == names
    assert [message.params[2] == "*" for message in listed] == [True] * (len(listed) - 1) + [False]
