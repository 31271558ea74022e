"""Before registration. Source: modern IRC, "Connection registration"; IRCv3 capability-negotiation."""

import pytest

from parvis.irc.connection import BEFORE_REGISTRATION, Greeting


@pytest.mark.parametrize("nick", ["", "alice"])
@pytest.mark.parametrize("user", ["", "user"])
@pytest.mark.parametrize("negotiating", [False, True])
def test_registration_needs_a_name_a_user_and_no_open_negotiation(nick: str, user: str, negotiating: bool) -> None:
    """All three, in any order. Source: IRCv3 capability-negotiation."""
    greeting = Greeting()
    assert not greeting.is_complete()
    greeting.nick, greeting.user, greeting.negotiating = nick, user, negotiating
    assert greeting.is_complete() is (nick == "alice" and user == "user" and not negotiating)


def test_nothing_is_agreed_at_first() -> None:
    """Neither a negotiation nor a password nor who one was. Source: IRCv3 capability-negotiation."""
    greeting = Greeting()
    assert (greeting.negotiating, greeting.password_is_right, greeting.guest) == (False, False, b"")


def test_what_may_be_said_before() -> None:
    """Source: modern IRC, "Connection Registration"; IRCv3 draft/pre-away, draft/extended-isupport."""
    assert {
        "AWAY",
        "ISUPPORT",
        "METADATA",
        "CAP",
        "PASS",
        "NICK",
        "USER",
        "PING",
        "PONG",
        "QUIT",
        "AUTHENTICATE",
        "REGISTER",
        "VERIFY",
        "WEBIRC",
        "RESUME",
    } == BEFORE_REGISTRATION
