"""What stands on the lists of a room. Source: `irc/bans.py`; IRCv3 account-extban; modern IRC, "EXTBAN"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc import bans
from parvis.irc.bans import Entries, entry

ALICE = "Alice!~user@host.guest"
WORDS = st.text("aAmM:~!@*?.b ", max_size=12)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("alice", "alice!*@*"),
        ("*@host", "*!*@host"),
        ("a:bob", "a:bob"),
        ("A:bob", "a:bob"),
        ("~a:bob", "a:bob"),
        ("account:bob", "a:bob"),
        ("~account:Bob", "a:Bob"),
        ("a:b*", "a:b*"),
        ("m:alice", "m:alice!*@*"),
        ("~mute:a:bob", "m:a:bob"),
        ("m:~account:bob", "m:a:bob"),
        ("a::1", "*!*@a::1"),
        ("a:x!y@z", "a:x!y@z"),
        ("~alice", "~alice!*@*"),
        ("2001:db8::1", "*!*@2001:db8::1"),
        ("", None),
        (":a", None),
        ("a b", None),
        ("a:", None),
        ("m:", None),
        ("m:a:", None),
        ("m:m:x", None),
    ],
)
def test_an_entry_has_one_form(given: str, written: str | None) -> None:
    """Whatever stands for it. Source: `entry`."""
    assert entry(given) == written


@given(WORDS)
def test_the_one_form_is_its_own(given: str) -> None:
    """Written twice it is the same, and one word that can stand in a line. Source: `entry`."""
    written = entry(given)
    if written is not None:
        assert entry(written) == written
        assert " " not in written
        assert written[0] != ":"


@given(st.lists(WORDS), WORDS, WORDS)
def test_any_list_can_be_asked(given: list[str], mask: str, account: str) -> None:
    """Who is named at the door is named as a speaker; no entries name nobody. Source: `Entries`."""
    written = [each for each in map(entry, given) if each is not None]
    entries = Entries(written)
    assert entries.name_speaker(mask, account) or not entries.name(mask, account)
    assert written or not entries.name_speaker(mask, account)


@pytest.mark.parametrize(
    ("given", "account", "named", "named_as_speaker"),
    [
        ("ALICE", "", True, True),
        ("bob", "", False, False),
        ("m:alice", "", False, True),
        ("a:bob", "Bob", True, True),
        ("a:BOB", "bob", True, True),
        ("a:b*", "bob", True, True),
        ("a:bob", "", False, False),
        ("a:*", "", False, False),
        ("a:alice", "bob", False, False),
        ("m:a:bob", "bob", False, True),
        ("m:a:bob", "", False, False),
        ("m:bob", "bob", False, False),
        ("a:A!*@*", "a", False, False),
    ],
)
def test_whom_an_entry_names(given: str, account: str, named: bool, named_as_speaker: bool) -> None:
    """By mask, by account and never a guest by it, as a mute. Source: IRCv3 account-extban."""
    written = entry(given)
    assert written is not None
    entries = Entries(["x!*@*", written])
    assert entries.name(ALICE, account) is named
    assert entries.name_speaker(ALICE, account) is named_as_speaker


def test_case_makes_no_other_entry() -> None:
    """A ban is lifted whatever its case. Source: modern IRC, "Ban Channel Mode"."""
    assert bans.is_same("a:Bob", "a:bOB")
    assert not bans.is_same("a:bob", "m:bob!*@*")
