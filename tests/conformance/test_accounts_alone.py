"""User mode R and ACCEPT. Source: `chat/commands/accept.py`; docs/handbook/member.md, "Who may write to you"."""

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Enter


@pytest.fixture
def reader(enter: Enter) -> Client:
    """Let somebody enter who reads accounts alone."""
    reader = enter("reader")
    assert reader.one(f"MODE {reader.nick} +R").params == [reader.nick, "+R"]
    return reader


def hears(writer: Client, reader: Client) -> list[str]:
    """Give what somebody hears when somebody else writes to them, and hold that the writer was told nothing."""
    assert writer.ask(f"PRIVMSG {reader.nick} :hello") == []
    return [line.params[1] for line in only(reader.ask(), "PRIVMSG")]


@pytest.mark.parametrize("command", ["PRIVMSG {} :hello", "NOTICE {} :hello", "@+typing=active TAGMSG {}"])
def test_a_guest_is_refused_and_told_what_to_do(enter: Enter, reader: Client, command: str) -> None:
    """477 with the reader's name and a whole sentence; nothing is read. Source: 477 ERR_NEEDREGGEDNICK."""
    guest = enter("guest", ["message-tags"])
    answer = guest.one(command.format(reader.nick))
    assert (answer.command, answer.params[:2]) == ("477", [guest.nick, reader.nick])
    assert "Log in" in answer.params[2]
    assert reader.ask() == []


def test_a_guest_is_refused_many_lines_as_one(enter: Enter, reader: Client) -> None:
    """However a message comes in. Source: IRCv3 multiline; 477 ERR_NEEDREGGEDNICK."""
    guest = enter("guest", ["message-tags", "batch", "draft/multiline"])
    lines = [f"@batch=m PRIVMSG {reader.nick} :{word}" for word in ("one", "two")]
    answers = guest.ask(f"BATCH +m draft/multiline {reader.nick}", *lines, "BATCH -m")
    assert commands(answers) == ["477"]
    assert reader.ask() == []


def test_who_is_logged_in_is_read(enter: Enter, reader: Client) -> None:
    """An account is enough. Source: docs/handbook/member.md, "Who may write to you"."""
    member = enter("member", ["draft/account-registration"])
    member.send("REGISTER * * a-password-of-four-words")
    member.until("REGISTER")
    member.ask()
    assert hears(member, reader) == ["hello"]


def test_a_guest_who_was_accepted_is_read_until_that_ends(enter: Enter, reader: Client) -> None:
    """281 and 282 list, 457 and 458 say what is so already. Source: ACCEPT of ircd-hybrid."""
    guest = enter("guest")
    assert reader.ask(f"ACCEPT {guest.nick}") == []
    assert hears(guest, reader) == ["hello"]
    listed, end = reader.ask("ACCEPT")
    assert (listed.command, listed.params[-1], end.command) == ("281", guest.nick, "282")
    assert commands(reader.ask(f"ACCEPT {guest.nick}")) == ["457"]
    assert reader.ask(f"ACCEPT -{guest.nick.upper()}") == []
    assert commands(reader.ask(f"ACCEPT -{guest.nick}")) == ["458"]
    assert commands(reader.ask("ACCEPT *")) == ["282"]
    assert guest.one(f"PRIVMSG {reader.nick} :hello").command == "477"


def test_whom_one_writes_to_may_answer(enter: Enter, reader: Client) -> None:
    """A text accepts its reader; that somebody types does not. Source: docs/handbook/member.md."""
    guest = enter("guest")
    reader.ask(f"TAGMSG {guest.nick}")
    assert guest.one(f"PRIVMSG {reader.nick} :hello").command == "477"
    reader.ask(f"PRIVMSG {guest.nick} :hello")
    guest.ask()
    assert hears(guest, reader) == ["hello"]


def test_an_accepted_pseudonym_is_no_key(enter: Enter, reader: Client) -> None:
    """Whoever takes it after the guest has left is a stranger. Source: `chat/commands/accept.py`."""
    guest, thief = enter("guest"), enter("thief")
    nick = guest.nick
    reader.ask(f"ACCEPT {nick}")
    guest.ask(f"NICK {nick}x")
    assert commands(thief.ask(f"NICK {nick}")) == ["NICK"]
    assert thief.one(f"PRIVMSG {reader.nick} :hello").command == "477"
    assert hears(guest, reader) == ["hello"]


def test_nobody_is_accepted_who_is_not_here(reader: Client) -> None:
    """401. Source: modern IRC, "ERR_NOSUCHNICK"."""
    assert commands(reader.ask("ACCEPT nobody-here,-nobody-here")) == ["401", "458"]
