"""Labels. Source: IRCv3 labeled-response."""

from tests.client import commands
from tests.conformance.conftest import Enter

from parvis.chat.commands.table import COMMANDS

CAPS = ["labeled-response", "batch"]
ALL = [*CAPS, "echo-message", "message-tags", "server-time"]


def test_one_answer_carries_the_label(enter: Enter) -> None:
    """Alone, without a batch. Source: IRCv3 labeled-response."""
    client = enter("label", CAPS)
    client.send("@label=98765 PING adhoc")
    answer = client.next()
    assert (answer.command, answer.params[-1], answer.tags) == ("PONG", "adhoc", {"label": "98765"})
    answer = client.one("@label=deadbeef NONEXISTENT")
    assert (answer.command, answer.tags) == ("421", {"label": "deadbeef"})
    assert client.one("@label=few JOIN").tags == {"label": "few"}


def test_no_answer_is_an_ack(enter: Enter, room: str) -> None:
    """PONG, a message without echo, a NOTICE to nobody. Source: IRCv3 labeled-response, "ACK"."""
    client = enter("ack", CAPS, [room])
    for line in ("PONG x", f"PRIVMSG {room} :hi", f"NICK {client.nick}", "NOTICE nobody :x", "NOTICE"):
        answer = client.one(f"@label=a {line}")
        assert (answer.source, answer.command, answer.params, answer.tags) == ("chat.test", "ACK", [], {"label": "a"})


def test_the_last_answer_carries_the_label(enter: Enter) -> None:
    """One's own QUIT is the answer; ERROR is no answer to a command. Source: IRCv3 labeled-response."""
    client = enter("last", CAPS)
    client.send("@label=bye QUIT")
    own, error = client.until_closed()
    assert (own.command, own.nick, own.tags) == ("QUIT", client.nick, {"label": "bye"})
    assert (error.command, error.tags) == ("ERROR", {})


def test_several_answers_are_a_batch(enter: Enter, room: str) -> None:
    """Opened under the label, each line in it, closed. Source: IRCv3 labeled-response; batch."""
    client = enter("batch", ALL)
    first, *inside, last = client.ask(f"@label=12345 JOIN {room}")
    assert (first.command, first.params[1], first.tags["label"]) == ("BATCH", "labeled-response", "12345")
    reference = first.params[0][1:]
    assert first.params[0] == f"+{reference}"
    assert reference.isalnum()
    assert commands(inside) == ["JOIN", "353", "366"]
    assert all(message.tags["batch"] == reference and "label" not in message.tags for message in inside)
    assert (last.command, last.params) == ("BATCH", [f"-{reference}"])
    assert all("time" in message.tags for message in (first, *inside, last))


def test_an_echo_carries_the_label_and_nobody_elses_line_does(enter: Enter, room: str) -> None:
    """Room, person, oneself; PRIVMSG, NOTICE, TAGMSG. Source: IRCv3 labeled-response; echo-message."""
    speaker, reader = enter("speaker", ALL, [room]), enter("reader", ALL, [room])
    speaker.sync()
    for command in ("PRIVMSG", "NOTICE", "TAGMSG"):
        text = "" if command == "TAGMSG" else " :hi"
        for target in (room, reader.nick):
            echo = speaker.one(f"@label=x;+a=b {command} {target}{text}")
            told = reader.until(command)
            assert echo.tags["label"] == "x"
            assert {**told.tags, "label": "x"} == echo.tags
            assert told.tags["+a"] == "b"
        both = speaker.ask(f"@label=y;+a=b {command} {speaker.nick}{text}")
        assert commands(both) == [command, command]
        assert sorted("label" in message.tags for message in both) == [False, True]


def test_a_labelled_echo_stands_in_the_rooms_order(enter: Enter, room: str) -> None:
    """Labelled and unlabelled messages come back in the order they were sent. Source: ADR 1."""
    speaker = enter("speaker", ALL, [room])
    labels = ["", "@label=x "] * 5
    lines = [f"{label}PRIVMSG {room} :{number}" for number, label in enumerate(labels)]
    assert [message.params[1] for message in speaker.ask(*lines)] == [str(number) for number in range(10)]


def test_several_targets_are_one_batch(enter: Enter) -> None:
    """Echoes and refusals alike. Source: IRCv3 labeled-response."""
    speaker, one, other = enter("speaker", ALL), enter("one", CAPS), enter("other", CAPS)
    first, *inside, last = speaker.ask(f"@label=t PRIVMSG {one.nick},{other.nick},nobody :hi")
    assert (first.command, first.tags["label"], last.command) == ("BATCH", "t", "BATCH")
    assert commands(inside) == ["PRIVMSG", "PRIVMSG", "401"]
    assert one.next().tags == {}
    assert other.next().tags == {}


def test_an_echo_and_an_away_message_are_one_batch(enter: Enter) -> None:
    """Two lines answer one command. Source: IRCv3 labeled-response."""
    speaker, away = enter("speaker", ALL), enter("away")
    away.ask("AWAY :out")
    answers = speaker.ask(f"@label=z PRIVMSG {away.nick} :hi")
    assert commands(answers) == ["BATCH", "PRIVMSG", "301", "BATCH"]


def test_a_label_means_nothing_without_the_capability(enter: Enter) -> None:
    """Nor one that is empty or longer than 64 bytes. Source: IRCv3 labeled-response."""
    plain, labelled = enter("plain", ["message-tags"]), enter("labelled", ["message-tags", *CAPS])
    assert plain.one("@label=x USERHOST a").tags == {}
    assert labelled.one("@label= USERHOST a").tags == {}
    assert labelled.one(f"@label={'x' * 65} USERHOST a").tags == {}
    assert labelled.one(f"@label={'x' * 64} USERHOST a").tags == {"label": "x" * 64}


def test_a_label_is_escaped_again(enter: Enter) -> None:
    """Source: IRCv3 message-tags, "Escaping values"."""
    assert enter("esc", CAPS).one(r"@label=a\:b\s\\c USERHOST a").raw.startswith(rb"@label=a\:b\s\\c ")


def test_oper_is_answered_under_its_label_although_it_waits(enter: Enter) -> None:
    """The password is checked elsewhere; what follows waits. Source: IRCv3 labeled-response."""
    client = enter("oper", CAPS)
    answers = client.ask("@label=o OPER operuser wrong", "@label=p PONG")
    assert [(answer.command, answer.tags.get("label")) for answer in answers] == [("464", "o"), ("ACK", "p")]


def test_capabilities_are_agreed_on_under_a_label(enter: Enter) -> None:
    """By what held before: who gives labels back gets the answer under the last one. Source: labeled-response."""
    client = enter("cap", [*CAPS, "draft/extended-isupport"])
    for request in ("setname", "-setname", "unknown", "-labeled-response"):
        assert client.one(f"@label=c CAP REQ :{request}").tags == {"label": "c"}
    assert client.one("@label=c CAP REQ :labeled-response").tags == {}
    answers = client.ask("@label=l CAP LS 302")
    assert answers[0].tags == {"label": "l"}
    assert {answer.command for answer in answers} <= {"CAP", "BATCH"}


def test_every_command_answers_its_label_exactly_once(enter: Enter, room: str) -> None:
    """Whatever it answers, with or without parameters, allowed or not. Source: IRCv3 labeled-response."""
    other = enter("other", ALL, [room])
    for number, command in enumerate(sorted(COMMANDS)):
        if command in ("QUIT", "ERROR"):
            continue
        for params in (
            "",
            f" {room}",
            f" {other.nick}",
            f" {room} {other.nick} x y",
            " :",
            f" +1 draft/multiline {room}",
        ):
            client = enter("asks", [*ALL, "draft/multiline"], [room])
            label = f"l{number}"
            answers = client.ask(f"@label={label} {command}{params}")
            if command == "BATCH" and params.startswith(" +"):
                answers += client.ask("BATCH -1")
            assert [message.tags.get("label") for message in answers].count(label) == 1, (command, params, answers)
            client.close()
