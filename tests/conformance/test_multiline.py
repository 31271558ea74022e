"""Messages of several lines. Source: IRCv3 draft/multiline; draft/client-batch."""

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Connect, Enter

CAPS = ["message-tags", "batch", "server-time", "labeled-response", "draft/multiline"]
ECHO = [*CAPS, "echo-message"]
FALLBACK = ["message-tags", "server-time"]


def batch(target: str, *texts: str, command: str = "PRIVMSG", opening: str = "") -> list[str]:
    """Write a batch; a text that begins with `>` continues the one before it."""
    lines = [
        f"@batch=b;draft/multiline-concat {command} {target} :{text[1:]}"
        if text.startswith(">")
        else f"@batch=b {command} {target} :{text}"
        for text in texts
    ]
    return [f"{opening}BATCH +b draft/multiline {target}", *lines, "BATCH -b"]


def failed(client: Client, *lines: str) -> list[str]:
    """Send lines to which there is one answer, a FAIL, and give its parameters without the text."""
    answer = [message for message in client.ask(*lines) if message.command == "FAIL"]
    assert len(answer) == 1, [message.raw for message in answer]
    return answer[0].params[:-1]


def test_limits_are_told(connect: Connect) -> None:
    """As the capability's value. Source: IRCv3 draft/multiline, "Capabilities"."""
    client = connect()
    client.send("CAP LS 302")
    names = client.next().params[-1].split()
    assert "draft/multiline=max-bytes=4096,max-lines=32" in names


def test_a_message_of_several_lines_is_one_message(enter: Enter, room: str) -> None:
    """One id and one time on the opening; each line in the batch; tags of the sender's client on the opening alone."""
    speaker, reader = enter("speaker", ECHO, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    echo = speaker.ask(*batch(room, "hello", "", "how is ", ">everyone?", opening="@label=x;+reply=1 "))
    told = reader.sync()
    assert echo[0].tags["label"] == "x"
    for opening, *lines, end in (echo, told):
        reference = opening.params[0][1:]
        assert (opening.command, opening.params[1:]) == ("BATCH", ["draft/multiline", room])
        assert opening.nick == speaker.nick
        assert opening.tags.keys() >= {"msgid", "time", "+reply"}
        assert (end.command, end.params) == ("BATCH", [f"-{reference}"])
        assert [line.params for line in lines] == [[room, "hello"], [room, ""], [room, "how is "], [room, "everyone?"]]
        assert [line.tags for line in lines] == [
            *[{"batch": reference}] * 3,
            {"batch": reference, "draft/multiline-concat": ""},
        ]
    assert echo[0].tags["msgid"] == told[0].tags["msgid"]


def test_others_read_the_lines_one_by_one(enter: Enter, room: str) -> None:
    """Blank ones left out, the id on the first; without tags for those who have none. Source: "Fallback"."""
    speaker, tagged, plain = (
        enter("speaker", CAPS, [room]),
        enter("tagged", FALLBACK, [room]),
        enter("plain", [], [room]),
    )
    speaker.ask(*batch(room, "", "how is ", ">everyone?", opening="@+a=1 "))
    told = only(tagged.sync(), "PRIVMSG")
    assert [message.params[1] for message in told] == ["how is ", "everyone?"]
    assert ["msgid" in message.tags for message in told] == [True, False]
    assert len({message.tags["time"] for message in told}) == 1
    assert all("draft/multiline-concat" not in message.tags for message in told)
    assert [message.raw.split(b" ", 1)[1] for message in only(plain.sync(), "PRIVMSG")] == [
        f"PRIVMSG {room} :how is ".encode(),
        f"PRIVMSG {room} :everyone?".encode(),
    ]


def test_batch_is_needed_with_multiline(enter: Enter, room: str) -> None:
    """Who has draft/multiline and not batch reads lines one by one. Source: "Dependencies"."""
    speaker, half = enter("speaker", CAPS, [room]), enter("half", ["draft/multiline"], [room])
    speaker.ask(*batch(room, "one", "two"))
    assert commands(half.sync()) == ["PRIVMSG", "PRIVMSG"]
    assert failed(half, "BATCH +1 draft/multiline x") == ["BATCH", "MULTILINE_INVALID"]


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_people_and_hosts_are_targets_too(enter: Enter, room: str, command: str) -> None:
    """A private message, STATUSMSG, oneself; NOTICE as PRIVMSG. Source: IRCv3 draft/multiline, "Batch types"."""
    host, member = enter("host", ECHO, [room]), enter("member", CAPS, [room])
    host.sync()
    shape = ["BATCH", command, command, "BATCH"]
    assert commands(member.ask(*batch(host.nick, "one", "two", command=command))) == []
    assert commands(host.sync()) == shape
    assert commands(host.ask(*batch(member.nick, "one", "two", command=command))) == shape
    assert commands(member.sync()) == shape
    assert member.ask(*batch(f"@{room}", "for", "hosts", command=command)) == []
    told = host.sync()
    assert commands(told) == shape
    assert told[0].params[2] == f"@{room}"
    assert commands(host.ask(*batch(host.nick, "one", "two", command=command))) == shape * 2


def test_one_line_is_an_ordinary_message(enter: Enter, room: str) -> None:
    """A batch of one line says no more than the line. Source: docs/adr/0017."""
    speaker, reader = enter("speaker", ECHO, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    (echo,) = speaker.ask(*batch(room, "one", opening="@label=o "))
    assert (echo.command, echo.tags["label"]) == ("PRIVMSG", "o")
    assert reader.next().command == "PRIVMSG"


def test_an_echo_and_an_away_message_are_one_answer(enter: Enter) -> None:
    """The message's batch stands inside that of the label. Source: IRCv3 labeled-response; batch, "Nested"."""
    speaker, away = enter("speaker", ECHO), enter("away", CAPS)
    away.ask("AWAY :out")
    opening, inner, one, two, end, gone, last = speaker.ask(*batch(away.nick, "one", "two", opening="@label=z "))
    assert (opening.params[1], opening.tags["label"]) == ("labeled-response", "z")
    outer = opening.params[0][1:]
    assert inner.tags["batch"] == end.tags["batch"] == gone.tags["batch"] == outer
    assert {one.tags["batch"], two.tags["batch"]} == {inner.params[0][1:]}
    assert (gone.command, last.params) == ("301", [f"-{outer}"])


def test_without_echo_a_label_is_acknowledged_once(enter: Enter, room: str) -> None:
    """When the message is decided; a label of the closing line is acknowledged too. Source: IRCv3 labeled-response."""
    speaker = enter("speaker", CAPS, [room])
    lines = batch(room, "one", "two", opening="@label=x ")
    answers = speaker.ask(*lines[:-1], "@label=y BATCH -b")
    assert sorted((answer.command, answer.tags["label"]) for answer in answers) == [("ACK", "x"), ("ACK", "y")]


def test_too_many_lines_or_bytes(enter: Enter, room: str) -> None:
    """The limit stands in the FAIL, once; what comes after it is ignored, and another batch may be opened.

    A line feed between two lines counts, a join does not. Source: "Errors".
    """
    speaker, reader = enter("speaker", CAPS, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    assert failed(speaker, *batch(room, *["x"] * 40)) == ["BATCH", "MULTILINE_MAX_LINES", "32"]
    texts = ["x" * 400] * 11
    assert failed(speaker, *batch(room, *texts)[:-1]) == ["BATCH", "MULTILINE_MAX_BYTES", "4096"]
    fits = ["x" * 400] + [">" + "x" * 400] * 9 + [">" + "x" * 96]
    assert speaker.ask(*batch(room, *fits)) == []
    assert failed(speaker, *batch(room, *fits[:-1], "x" * 96)) == ["BATCH", "MULTILINE_MAX_BYTES", "4096"]
    told = only(reader.sync(), "PRIVMSG")
    assert "".join(message.params[1] for message in told) == "x" * 4096


def test_a_line_for_another_target(enter: Enter, room: str) -> None:
    """Both targets are named. Source: "Errors", MULTILINE_INVALID_TARGET."""
    speaker, reader = enter("speaker", CAPS, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    lines = batch(room, "one", opening="@label=x ")
    answers = speaker.ask(*lines[:-1], "@batch=b PRIVMSG #other :two", "@batch=b PRIVMSG #other :three", "BATCH -b")
    assert len(answers) == 1
    assert (answers[0].params[:-1], answers[0].tags["label"]) == (
        ["BATCH", "MULTILINE_INVALID_TARGET", room, "#other"],
        "x",
    )
    assert reader.sync() == []


@pytest.mark.parametrize(
    "lines",
    [
        ["BATCH +b draft/multiline {room}", "@batch=c PRIVMSG {room} :x", "@batch=b PRIVMSG {room} :y", "BATCH -b"],
        ["BATCH +b draft/multiline {room}", "@batch=b PRIVMSG {room} :x", "@batch=b NOTICE {room} :y", "BATCH -b"],
        ["BATCH +b draft/multiline {room}", "@batch=b PRIVMSG {room} :x", "@batch=b TOPIC {room} :y", "BATCH -b"],
        ["BATCH +b draft/multiline {room}", "@batch=b PRIVMSG {room} :x", "@batch=b PRIVMSG {room}", "BATCH -b"],
        ["BATCH +b draft/multiline {room}", "@batch=b;+a=1 PRIVMSG {room} :x", "BATCH -b"],
        ["BATCH +b draft/multiline {room}", "@batch=b PRIVMSG {room} :", "@batch=b PRIVMSG {room} :", "BATCH -b"],
        ["BATCH +b draft/multiline {room}", "BATCH -b"],
        [
            "BATCH +b draft/multiline {room}",
            "@batch=b PRIVMSG {room} :x",
            "@batch=b;draft/multiline-concat PRIVMSG {room} :",
            "BATCH -b",
        ],
        ["BATCH +b draft/multiline {room}", "@batch=b BATCH +c draft/multiline {room}", "BATCH -b"],
        ["BATCH +b draft/multiline {room},x", "@batch=b PRIVMSG {room} :x", "BATCH -b"],
        ["BATCH +b draft/multiline", "@batch=b PRIVMSG {room} :x", "BATCH -b"],
        ["BATCH b"],
        ["BATCH -b"],
        ["BATCH +b! draft/multiline {room}"],
        ["@batch=b PRIVMSG {room} :x"],
    ],
)
def test_what_is_no_multiline_message_is_answered_once_and_read_by_nobody(
    enter: Enter, room: str, lines: list[str]
) -> None:
    """Source: IRCv3 draft/multiline, "Errors", MULTILINE_INVALID; draft/client-batch (no nested batches)."""
    speaker, reader = enter("speaker", CAPS, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    assert failed(speaker, *[line.format(room=room) for line in lines]) == ["BATCH", "MULTILINE_INVALID"]
    assert reader.sync() == []
    assert speaker.ask(*batch(room, "one", "two")) == []
    assert commands(reader.sync()) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]


def test_another_type_of_batch(enter: Enter, room: str) -> None:
    """It is answered, and its lines are ignored. Source: IRCv3 standard-replies; draft/client-batch."""
    speaker, reader = enter("speaker", CAPS, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    lines = ["BATCH +n netsplit a b", f"@batch=n PRIVMSG {room} :x", "BATCH -n"]
    assert failed(speaker, *lines) == ["BATCH", "UNKNOWN_TYPE", "netsplit"]
    assert reader.sync() == []


def test_another_command_ends_a_batch(enter: Enter, room: str) -> None:
    """It is done itself; PING and PONG may come between. Source: IRCv3 draft/client-batch."""
    speaker, reader = enter("speaker", CAPS, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    first, second, *_, last = batch(room, "one", "two")
    answers = speaker.ask(first, second, f"@label=p PRIVMSG {room} :between", last)
    assert [(answer.command, answer.params[:2]) for answer in answers] == [
        ("FAIL", ["BATCH", "MULTILINE_INVALID"]),
        ("ACK", []),
        ("FAIL", ["BATCH", "MULTILINE_INVALID"]),
    ]
    assert [message.params[1] for message in reader.sync()] == ["between"]
    speaker.ask(first, second, "PING x", "PONG y", "", "  ", "@batch=b PRIVMSG " + room + " :two", last)
    assert commands(reader.sync()) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]


def test_a_line_that_cannot_be_read_ends_a_batch(enter: Enter, room: str) -> None:
    """A message with a gap is not what was meant. Source: docs/adr/0017."""
    speaker, reader = enter("speaker", CAPS, [room]), enter("reader", CAPS, [room])
    speaker.sync()
    first, second, *_, last = batch(room, "one", "two")
    answers = speaker.ask(first, second, f"@batch=b PRIVMSG {room} :".encode() + b"\xff", last)
    assert [answer.params[1] for answer in answers] == ["INVALID_UTF8", "MULTILINE_INVALID"]
    answers = speaker.ask(first, second, f"@batch=b PRIVMSG {room} :{'x' * 500}", last)
    assert [answer.command for answer in answers] == ["417", "FAIL"]
    answers = speaker.ask(first, second, f"@batch=b PRIVMSG {room} :{'x' * 470}", last)
    assert [answer.command for answer in answers] == ["417"]
    assert reader.sync() == []


def test_refusals_come_under_the_label_of_the_opening(enter: Enter, room: str) -> None:
    """As for one line. Source: IRCv3 labeled-response; modern IRC, ERR_CANNOTSENDTOCHAN, ERR_NOSUCHNICK."""
    enter("host", [], [room])
    stranger = enter("stranger", CAPS)
    for target, code in ((room, "404"), ("nobody", "401"), ("#nowhere", "403")):
        answers = stranger.ask(*batch(target, "one", "two", opening="@label=r "))
        assert [(answer.command, answer.tags["label"]) for answer in answers] == [(code, "r")]


def test_without_the_capability_the_tag_means_nothing(enter: Enter, room: str) -> None:
    """Source: IRCv3 message-tags: tags that are not known are ignored; draft/client-batch, "Capabilities"."""
    speaker, reader = enter("speaker", ["message-tags"], [room]), enter("reader", [], [room])
    speaker.sync()
    assert speaker.ask(f"@batch=b PRIVMSG {room} :x") == []
    assert reader.until("PRIVMSG").params[1] == "x"
    assert failed(speaker, f"BATCH +b draft/multiline {room}") == ["BATCH", "MULTILINE_INVALID"]


@pytest.mark.parametrize("texts", [("hi", "\1VERSION\1"), ("", "\1VERSION\1"), ("hi", ">\1VERSION\1")])
def test_no_ctcp_in_a_later_line(enter: Enter, room: str, texts: tuple[str, str]) -> None:
    """Who does not know batches would read it as one: +C and +T hold. Source: docs/protocol/rooms.md, "Modes"."""
    host, sender = enter("host", rooms=[room]), enter("sender", CAPS, [room])
    host.ask(f"MODE {room} +C", f"MODE {host.nick} +T")
    sender.sync()
    for target, code in ((room, "404"), (host.nick, "531")):
        assert commands(sender.ask(*batch(target, *texts))) == [code]
    assert host.sync() == []
