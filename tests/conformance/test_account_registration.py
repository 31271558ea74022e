"""REGISTER and VERIFY. Source: IRCv3 draft/account-registration."""

from itertools import count
from pathlib import Path

import pytest
from tests.client import Client, only
from tests.conformance.conftest import Connect, Enter
from tests.server import serving

_numbers = count(1)


def failure(client: Client, line: str) -> list[str]:
    """Give what a FAIL says before its words."""
    answer = client.one(line)
    assert answer.command == "FAIL", answer.raw
    return answer.params[:-1]


def test_a_pseudonym_is_claimed_by_whoever_bears_it(enter: Enter) -> None:
    """900 and SUCCESS; from then on one is logged in. Source: "REGISTER SUCCESS"."""
    client = enter("claims")
    answers = client.ask("REGISTER * * shivarampassphrase")
    assert [answer.params[:2] for answer in only(answers, "REGISTER")] == [["SUCCESS", client.nick]]
    assert only(answers, "900")[0].params[2] == client.nick
    assert failure(client, "REGISTER * * other") == ["REGISTER", "ALREADY_AUTHENTICATED", client.nick]
    assert failure(client, "VERIFY * 1234") == ["VERIFY", "ALREADY_AUTHENTICATED", "*"]


def test_a_claimed_pseudonym_is_refused_to_others(connect: Connect, enter: Enter) -> None:
    """433 with a reason, before entering and after. Source: modern IRC, "ERR_NICKNAMEINUSE"; DESIGN 3."""
    owner = enter("held")
    owner.ask("REGISTER * * sesame")
    owner.send("QUIT")
    owner.until_closed()
    guest = connect()
    guest.send(f"NICK {owner.nick.upper()}", "USER user 0 * :Real name")
    refused = guest.until("433")
    assert refused.params[1] == owner.nick.upper()
    assert "belongs to an account" in refused.params[-1]
    guest.enter(f"x{owner.nick}")
    assert guest.one(f"NICK {owner.nick}").command == "433"
    # While capabilities are agreed on a login may still come: it is decided at the end.
    other = connect()
    other.send("CAP LS 302", f"NICK {owner.nick}", "USER user 0 * :Real name", "CAP END")
    assert other.until("433").params[1] == owner.nick


def test_before_entering(connect: Connect) -> None:
    """With `before-connect`, under the pseudonym that was asked for. Source: "Commands"."""
    client = connect()
    client.send("CAP LS 302")
    assert client.offered()["draft/account-registration"] == "before-connect"
    client.send("REGISTER * * sesame")
    assert client.next().params[:3] == ["REGISTER", "NEED_NICK", "*"]
    nick = f"early{next(_numbers)}"
    client.send(f"NICK {nick}", "REGISTER * * sesame")
    assert client.next().command == "900"
    assert client.next().params[:2] == ["SUCCESS", nick]
    client.send("USER user 0 * :Real name", "CAP END")
    assert client.next().command == "001"
    assert only(client.ask(f"WHOIS {nick}"), "330")[0].params[2] == nick


def test_nobody_registers_what_another_bears_or_has_claimed(connect: Connect, enter: Enter) -> None:
    """USERNAME_EXISTS for a guest's, as the public suite calls it; ACCOUNT_EXISTS for a claimed one."""
    guest = enter("root")
    for code in ("USERNAME_EXISTS", "ACCOUNT_EXISTS"):
        client = connect()
        client.send(f"NICK {guest.nick}", "REGISTER * * sesame")
        assert client.until("FAIL").params[:3] == ["REGISTER", code, guest.nick]
        if code == "USERNAME_EXISTS":
            guest.ask("REGISTER * * sesame")
            guest.send("QUIT")
            guest.until_closed()


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("nobody", "sesame", "INVALID_EMAIL"),
        ("a@b", "sesame", "INVALID_EMAIL"),
        ("*", ":", "UNACCEPTABLE_PASSWORD"),
        ("*", ":a b", "UNACCEPTABLE_PASSWORD"),
        ("*", "x" * 301, "UNACCEPTABLE_PASSWORD"),
        ("*", "a\x01b", "UNACCEPTABLE_PASSWORD"),
    ],
)
def test_what_cannot_be_registered_is_said(enter: Enter, email: str, password: str, code: str) -> None:
    """Each with its code and the account. Source: "Responses"."""
    client = enter("unfit")
    assert failure(client, f"REGISTER * {email} {password}") == ["REGISTER", code, client.nick]


def test_the_account_is_named_for_its_owner(enter: Enter) -> None:
    """Without `custom-account-name`. Source: "ACCOUNT_NAME_MUST_BE_NICK"."""
    client = enter("named")
    assert failure(client, "REGISTER foo * sesame") == ["REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", "foo"]
    answers = client.ask(f"REGISTER {client.nick.upper()} * sesame")
    assert only(answers, "REGISTER")[0].params[:2] == ["SUCCESS", client.nick.upper()]
    assert client.one("REGISTER *").command == "461"


def test_an_address_that_is_not_asked_for_is_not_kept(enter: Enter) -> None:
    """And the answer says so. Source: docs/protocol/accounts.md."""
    answers = enter("mailed").ask("REGISTER * ada@example.org sesame")
    assert "not kept" in only(answers, "REGISTER")[0].params[-1]


def test_a_code_that_nobody_was_sent_is_none(enter: Enter) -> None:
    """Source: "INVALID_CODE"."""
    client = enter("codes")
    assert failure(client, f"VERIFY {client.nick} ABCD") == ["VERIFY", "INVALID_CODE", client.nick]


def test_registering_as_the_operator_wants_it(tmp_path: Path) -> None:
    """After entering, with an address; without a mail server that is said honestly. Source: "Capability"."""
    accounts = "before_connect = false\nemail_required = true\ncustom_account_name = true"
    with serving(tmp_path, accounts=accounts) as server, Client(server.port) as client:
        client.send("CAP LS 302", "NICK bar", "REGISTER * * shivarampassphrase", "VERIFY bar 1")
        assert client.offered()["draft/account-registration"] == "custom-account-name,email-required"
        assert client.next().params[:3] == ["REGISTER", "COMPLETE_CONNECTION_REQUIRED", "bar"]
        assert client.next().params[:3] == ["VERIFY", "COMPLETE_CONNECTION_REQUIRED", "bar"]
        client.send("CAP END")
        client.enter("bar")
        assert failure(client, "REGISTER * * shivarampassphrase") == ["REGISTER", "INVALID_EMAIL", "bar"]
        assert failure(client, "REGISTER b!d * sesame") == ["REGISTER", "BAD_ACCOUNT_NAME", "b!d"]
        told = failure(client, "REGISTER other ada@example.org shivarampassphrase")
        assert told == ["REGISTER", "TEMPORARILY_UNAVAILABLE", "other"]
        assert "accounts.email_required" in server.log()


def test_a_server_without_registration(tmp_path: Path) -> None:
    """It does not offer it, and says so. Source: "TEMPORARILY_UNAVAILABLE"."""
    with serving(tmp_path, accounts="registration = false") as server, Client(server.port) as client:
        client.send("CAP LS 302")
        assert "draft/account-registration" not in client.offered()
        client.send("CAP END")
        client.enter("bar")
        assert failure(client, "REGISTER * * sesame") == ["REGISTER", "TEMPORARILY_UNAVAILABLE", "bar"]


def test_a_server_with_a_password_registers_nobody_past_it(tmp_path: Path) -> None:
    """Source: "Server considerations"."""
    with serving(tmp_path, password="open") as server, Client(server.port) as client:
        client.send("NICK bar", "REGISTER * * sesame")
        assert client.next().params[:3] == ["REGISTER", "TEMPORARILY_UNAVAILABLE", "bar"]
        client.send("PASS open", "REGISTER * * sesame")
        assert client.next().command == "900"
