"""What a line may be. Source: RFC 1459, section 2.3; modern IRC, "Message Format"; IRCv3 message-tags, utf8-only."""

import pytest
from tests.client import commands
from tests.conformance.conftest import Enter


def test_a_body_of_512_bytes_is_heard_and_one_more_is_not(enter: Enter) -> None:
    """417, and the connection stays. Source: modern IRC, "ERR_INPUTTOOLONG"."""
    client = enter("long")
    client.send("PING " + "x" * 505)
    assert client.next().command == "PONG"
    answer = client.one("PING " + "x" * 506)
    assert (answer.command, answer.params) == ("417", [client.nick, "Input line was too long"])


@pytest.mark.stream
def test_a_line_without_end_is_read_to_its_end_and_refused(enter: Enter) -> None:
    """417, however long it is, and the connection stays. Source: modern IRC, "ERR_INPUTTOOLONG"."""
    client = enter("long")
    assert client.one("PING :" + "x" * 20000).command == "417"
    assert client.ask("PING a")[0].command == "PONG"


def test_tags_have_a_limit_of_their_own(enter: Enter, room: str) -> None:
    """4094 bytes, beside those of the body. Source: IRCv3 message-tags, "Size limit"."""
    speaker = enter("speaker", ["message-tags", "echo-message"], [room])
    reader = enter("reader", ["message-tags"], [room])
    speaker.sync()
    value = "a" * (4094 - len("foo=bar;+baz="))
    echo = speaker.one(f"@foo=bar;+baz={value} TAGMSG {room}")
    assert echo.tags["+baz"] == value
    assert reader.until("TAGMSG").tags == echo.tags
    assert speaker.one(f"@foo=bar;+baz={value}a TAGMSG {room}").command == "417"
    fits = "b" * 350
    assert speaker.one(f"@foo=bar;+baz={value} PRIVMSG {room} {fits}").params == [room, fits]
    told = reader.until("PRIVMSG")
    assert (told.params, told.tags["+baz"]) == ([room, fits], value)


def test_a_message_that_would_not_fit_with_its_source_is_refused_whole(enter: Enter, room: str) -> None:
    """Nothing is cut: the sender is told by how much. Source: modern IRC, "ERR_INPUTTOOLONG"."""
    speaker, reader = enter("speaker", rooms=[room]), enter("reader", rooms=[room])
    speaker.ask(f"PRIVMSG {room} :x")
    overhead = len(reader.until("PRIVMSG").raw) - 1
    fitting = "é" * ((510 - overhead) // 2) + "x" * ((510 - overhead) % 2)
    speaker.sync()
    assert speaker.ask(f"PRIVMSG {room} :{fitting}") == []
    told = reader.until("PRIVMSG")
    assert (len(told.raw), told.params[1]) == (510, fitting)
    answer = speaker.one(f"PRIVMSG {room} :{fitting}x")
    assert (answer.command, answer.params[-1]) == (
        "417",
        "Input line was too long by 1 bytes: it was not delivered. Split it.",
    )
    assert reader.sync() == []


@pytest.mark.stream
def test_what_is_not_utf8_fails_by_command_and_label(enter: Enter, room: str) -> None:
    """FAIL with the command if it can be read; the connection stays. Source: IRCv3 utf8-only; labeled-response."""
    client = enter("latin", ["labeled-response", "batch"], [room])
    for line, command, tags in (
        (f"PRIVMSG {room} hi".encode() + b"\xaa", "PRIVMSG", {}),
        (f"@label=xyz PRIVMSG {room} hi".encode() + b"\xaa", "PRIVMSG", {"label": "xyz"}),
        (b"@+a=\xff;label=q NICK x", "NICK", {"label": "q"}),
        (b"\xff\xfe", "*", {}),
        (b"NOSUCH \xff", "*", {}),
    ):
        answer = client.one(line)
        assert (answer.command, answer.params[:2], answer.tags) == ("FAIL", [command, "INVALID_UTF8"], tags)
    client.send(b"PING a")
    assert client.next().command == "PONG"


@pytest.mark.stream
def test_a_nul_and_a_bare_cr_break_a_line(enter: Enter) -> None:
    """FAIL, and nothing of it is done. Source: RFC 1459, section 2.3.1."""
    client = enter("nul")
    for line in (b"NICK a\0b", b"\0NICK b", b"NICK a\rb", b"@+a=\0 NICK c", b"@+a=\rNICK NICK d"):
        answer = client.one(line)
        assert (answer.command, answer.params[:2]) == ("FAIL", ["*", "INVALID_LINE"])


@pytest.mark.stream
@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r\n\r\n", b"\n\n\r\n"])
def test_lines_end_with_crlf_or_lf_and_empty_ones_are_nothing(enter: Enter, ending: bytes) -> None:
    """Source: modern IRC, "Compatibility with incorrect software"; RFC 1459, section 8."""
    client = enter("ending")
    client.send_raw(b"PING a" + ending + b"PING b" + ending)
    assert [client.next().params[-1] for _ in range(2)] == ["a", "b"]


def test_spaces_sources_and_case_do_not_matter(enter: Enter) -> None:
    """Leading and repeated spaces, a source before the command, any case. Source: modern IRC, "Message Format"."""
    client = enter("spaces")
    for line in ("   PING   a", ":someone!else@there PING a", "ping a", "PiNg    :a", "@x=y   PING a"):
        client.send(line)
        assert client.next().params[-1] == "a"
    assert client.ask("   ", ":source", "@tag=x", "@tag=x   ") == []


def test_only_ascii_folds_in_a_command(enter: Enter) -> None:
    """A long s does not make LIST. Source: RFC 1459, section 2.3.1, "command": letters of ASCII."""
    answer = enter("folds").one("li\u017ft")
    assert (answer.command, answer.params[1]) == ("421", "li\u017ft")


@pytest.mark.stream
def test_tags_that_hold_a_nul_or_cr_are_relayed_to_nobody(enter: Enter, room: str) -> None:
    """They would break the reader's line. Source: IRCv3 message-tags, "Format"."""
    speaker, reader = enter("speaker", ["message-tags"], [room]), enter("reader", ["message-tags"], [room])
    speaker.sync()
    for byte in (b"\0", b"\r"):
        raw = b"@+a=b" + byte + b"c PRIVMSG " + room.encode() + b" :x"
        assert speaker.one(raw).params[:2] == ["*", "INVALID_LINE"]
    assert reader.sync() == []


@pytest.mark.stream
@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_it_does_not_matter_how_the_stream_is_cut(enter: Enter, room: str, size: int) -> None:
    """Within words, within characters, between CR and LF. Source: RFC 1459, section 8."""
    speaker, reader = enter("speaker", rooms=[room]), enter("reader", rooms=[room])
    data = f"PRIVMSG {room} :a ☕ b\r\nPRIVMSG {room} :é\nNOTICE {room} :c\r\n".encode()
    for start in range(0, len(data), size):
        speaker.send_raw(data[start : start + size])
    speaker.sync()
    told = [reader.until(command).params[1] for command in ("PRIVMSG", "PRIVMSG", "NOTICE")]
    assert told == ["a ☕ b", "é", "c"]


def test_more_than_fifteen_parameters_are_fifteen(enter: Enter) -> None:
    """The last takes the rest, and nothing breaks. Source: RFC 1459, section 2.3."""
    client = enter("many")
    assert commands(client.ask("USERHOST " + " ".join("abcdefghijklmnopqrstuvwxyz"))) == ["302"]


def test_no_answer_breaks_the_grammar_whatever_was_asked(enter: Enter) -> None:
    """Long words and words that cannot stand inside a line are not sent back as they came. Source: RFC 1459, 2.3.1."""
    client = enter("odd")
    long = "x" * 400
    verbs = ["JOIN", "PART", "NAMES", "TOPIC", "MODE", "WHO", "WHOIS", "LIST", "USERHOST", "MOTD", "INVITE", "KICK"]
    verbs += ["PRIVMSG", "TAGMSG", "NICK", "CAP", "CAP REQ", "KILL", "PING", "AWAY", "SETNAME", "OPER x", "NOSUCH"]
    for verb in verbs:
        # Every line that comes is checked as it is read (tests/client.py).
        client.ask(f"{verb} {long}", f"{verb} ::{long}", f"{verb} :", f"{verb} : x", f"{verb} #{long} {long[:90]}")
        client.ask(f"{verb} {'é' * 200}", f"{verb} a :b c", f"{verb} a b ::c")
