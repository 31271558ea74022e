"""Who gave up a pseudonym gets it back, and nobody else takes it at once. Source: ADR 11; docs/protocol/resume.md."""

import msgspec
import pytest
from tests.promises.harness import HeardClient, Square

from parvis.chat import naming
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.store.memory import Fault

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.1"
TOKEN = "parvis.chat/resume"


@pytest.fixture
def square() -> Square:
    """Open a square that keeps names as a server does by default."""
    square = Square(exempt=False)
    changed = msgspec.structs.replace(
        square.chat.settings,
        quarantine_s=900,
        quarantine_unproved_s=60,
        quarantine_deleted_s=86_400,
        commands_burst=1000,
        connections_per_address=1000,
        new_connections_per_minute=1000,
    )
    square.chat.reconfigure(changed)
    return square


def tokened(square: Square, nick: str) -> tuple[HeardClient, str]:
    """Have a guest come in who gets a token."""
    client = square.connects(HERE)
    client.says(f"CAP REQ :{TOKEN}", f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END")
    square.end_turn()
    (line,) = [line for line in client.hears() if " RESUME TOKEN " in line]
    return client, line.split()[3]


def wants(square: Square, nick: str, address: str = ELSEWHERE, *first: str) -> str:
    """Have somebody try to come in under a name; give the first numeric they read."""
    client = square.connects(address)
    client.says(*first, f"NICK {nick}", f"USER {nick} 0 * :{nick}")
    square.end_turn()
    code = next(line.split()[1] for line in client.hears() if line.split()[1].isdigit())
    square.loses(client)
    square.end_turn()
    return code


def test_a_guest_with_a_token_gets_the_name_back_and_nobody_else_does(square: Square) -> None:
    """For a quarter of an hour, from wherever they come; what looks like it is kept too. Source: ADR 11."""
    alice, token = tokened(square, "alice")
    square.go_on(3600)
    square.loses(alice)
    square.end_turn()
    assert wants(square, "alice", HERE) == "437"
    assert wants(square, "ALICE") == "437"
    assert wants(square, "аlice") == "433"
    square.go_on(899)
    assert wants(square, "alice") == "437"
    assert wants(square, "alice", ELSEWHERE, f"RESUME {token}") == "001"
    square.go_on(900)
    assert wants(square, "alice") == "001"


def test_it_is_the_same_guest_to_everybody(square: Square) -> None:
    """The identity is the same, so what was between two people goes on. Source: docs/protocol/resume.md."""
    alice, token = tokened(square, "alice")
    before = square.chat.world.people["alice"]
    identity, session = before.identity, before.session
    square.loses(alice)
    back = square.connects(ELSEWHERE)
    back.says(f"PASS resume:{token}", "NICK other", "USER a 0 * :a")
    square.end_turn()
    after = square.chat.world.people["other"]
    assert after.identity == identity
    assert after.session != session
    newcomer = square.enters("alice2")
    assert newcomer.identity != identity


def test_who_has_no_token_gets_it_back_from_their_network(square: Square) -> None:
    """At once, and from another after a minute. Source: ADR 11."""
    alice = square.enters("alice", address=HERE)
    square.go_on(3600)
    square.loses(alice)
    square.end_turn()
    assert wants(square, "alice") == "437"
    square.go_on(59)
    assert wants(square, "alice") == "437"
    assert wants(square, "alice", HERE) == "001"
    alice = square.enters("alice", address=HERE)
    square.go_on(3600)
    square.loses(alice)
    square.go_on(60)
    assert wants(square, "alice") == "001"


def test_a_name_is_kept_no_longer_than_it_was_borne(square: Square) -> None:
    """Whoever passes through names keeps them from nobody. Source: ADR 11."""
    raider, _ = tokened(square, "alice")
    square.go_on(5)
    raider.says("NICK bob")
    square.go_on(1)
    raider.says("NICK carol")
    square.end_turn()
    assert wants(square, "alice") == "437"
    assert wants(square, "bob") == "437"
    square.go_on(2)
    assert wants(square, "bob") == "001"
    assert wants(square, "alice") == "437"
    square.go_on(3)
    assert wants(square, "alice") == "001"


def test_a_connection_that_breaks_again_and_again_loses_nothing(square: Square) -> None:
    """What was borne before counts. Source: `chat/quarantine.py`, rule 3."""
    alice, token = tokened(square, "alice")
    square.go_on(3600)
    for _ in range(3):
        square.loses(alice)
        square.go_on(800)
        assert wants(square, "alice") == "437"
        alice = square.connects(ELSEWHERE)
        alice.says(f"RESUME {token}", "NICK alice", "USER a 0 * :a")
        square.go_on(1)
    square.loses(alice)
    square.go_on(899)
    assert wants(square, "alice") == "437"
    square.go_on(1)
    assert wants(square, "alice") == "001"


def test_a_name_left_by_nick_or_kill_is_kept_too(square: Square) -> None:
    """And its bearer may go back to it. Source: ADR 11."""
    alice, _ = tokened(square, "alice")
    oper = square.enters("oper")
    oper.says("OPER operator correct")
    square.go_on(120)
    alice.says("NICK alicia")
    square.end_turn()
    assert wants(square, "alice") == "437"
    alice.hears()
    alice.says("NICK alice")
    square.end_turn()
    assert alice.hears() == [":alicia!~alice@" + alice.host + " NICK :alice"]
    square.go_on(120)
    oper.says("KILL alice :enough")
    square.end_turn()
    assert wants(square, "alice") == "437"


def test_the_name_of_a_deleted_account_is_kept_from_everybody(square: Square) -> None:
    """For its own, longer time, and over a restart. Source: `chat/retired.py`."""
    account = Account(id=IdentityId(b"i" * 16), name="Alice", registered_at_ms=0)
    square.chat.turn.begin()
    square.chat.apply(e.AccountKept(account, "alice"))
    assert wants(square, "аlice") == "433", "looks like a claimed one"
    square.chat.turn.begin()
    square.chat.apply(e.AccountDeleted(account, "alice"))
    square.end_turn()
    assert wants(square, "alice") == "437"
    square.go_on(86_399)
    assert wants(square, "alice") == "437"
    square.go_on(1)
    assert wants(square, "alice") == "001"
    square.chat.turn.begin()
    naming.sweep(square.chat)
    assert square.chat.retired.sweep(square.clock.now_ms()) == []


def test_a_token_is_told_when_it_is_kept_and_not_before(square: Square) -> None:
    """Nor is who comes back welcomed. Source: DESIGN, promise 1."""
    square.commits_fail(3)
    client = square.connects(HERE)
    client.says(f"CAP REQ :{TOKEN}", "NICK alice", "USER a 0 * :a", "CAP END")
    square.end_turn()
    assert not any("TOKEN" in line or " 001 " in line for line in client.hears())
    square.commits_work()
    square.go_on(2)
    assert any(" RESUME TOKEN " in line for line in client.hears())


def test_a_take_over_while_sealing_fails_is_refused(square: Square) -> None:
    """As every entry is; the old connection stays. Source: ARCHITECTURE.md, "Invariants", 5."""
    alice, token = tokened(square, "alice")
    square.commits_fail(100, Fault.FAILS)
    alice.says("JOIN #a")
    square.go_on(1)
    back = square.connects(HERE)
    back.says(f"RESUME {token}", "NICK alice", "USER a 0 * :a")
    square.end_turn()
    assert any("ARCHIVE_UNAVAILABLE" in line for line in back.hears())
    assert not alice.is_hung_up()


def test_wrong_tokens_from_one_address_are_looked_up_no_more(square: Square) -> None:
    """After a hundred, not even a right one, for ten minutes. Source: docs/protocol/resume.md, "Errors"."""
    _, token = tokened(square, "alice")
    client = square.connects(ELSEWHERE)
    for _ in range(100):
        client.says(f"PASS resume:{'x' * 43}")
        square.go_on(1)
    client.hears()
    client.says(f"PASS resume:{token}")
    square.end_turn()
    (answer,) = client.hears()
    assert " FAIL RESUME TOO_MANY_ATTEMPTS " in answer
    assert wants(square, "bob", HERE, f"RESUME {token}") == "001"
    square.go_on(600)
    assert wants(square, "carol", ELSEWHERE, f"RESUME {token}") == "001"


def test_a_reserved_name_is_its_accounts_own(square: Square) -> None:
    """Staff who claimed it bear it before OPER. Source: docs/handbook/operator.md, "reserved_names"."""
    square.chat.reconfigure(msgspec.structs.replace(square.chat.settings, reserved_names=("admin",)))
    account = Account(id=IdentityId(b"i" * 16), name="admin", registered_at_ms=0)
    alice = square.enters("alice")
    square.chat.turn.begin()
    square.chat.apply(e.AccountKept(account, "admin"))
    assert wants(square, "admin") == "433"
    square.chat.turn.begin()
    square.chat.apply(e.LoggedIn(alice, account))
    alice.says("NICK admin")
    square.end_turn()
    assert any(" NICK :admin" in line for line in alice.hears())


def test_whoever_logged_in_is_nobodys_ghost(square: Square) -> None:
    """Their guest's token takes nothing over. Source: docs/protocol/resume.md, "Accounts"."""
    alice, token = tokened(square, "alice")
    account = Account(id=IdentityId(b"i" * 16), name="alice", registered_at_ms=0)
    square.chat.turn.begin()
    square.chat.apply(e.AccountKept(account, "alice"))
    square.chat.apply(e.LoggedIn(alice, account))
    alice.hears()
    alice.says("RESUME")
    square.end_turn()
    assert "FAIL RESUME NOT_A_GUEST" in alice.hears()[0]
    assert wants(square, "alice", HERE, f"RESUME {token}") == "433"
    assert not alice.is_hung_up()
    square.chat.turn.begin()
    naming.sweep(square.chat)
    assert square.chat.guests.present() == []


def test_a_guest_with_two_connections_is_taken_over_whole(square: Square) -> None:
    """Every connection of theirs is closed, and the rooms see nothing. Source: ADR 8; docs/protocol/resume.md."""
    alice, token = tokened(square, "alice")
    bob = square.enters("bob", rooms=["#a"])
    alice.says("JOIN #a")
    device = square.connects(HERE)
    square.chat.turn.begin()
    square.chat.attach(device, alice)
    square.end_turn()
    bob.hears()
    back = square.connects(ELSEWHERE)
    back.says(f"RESUME {token}", "NICK alice", "USER a 0 * :a")
    square.end_turn()
    assert alice.is_hung_up()
    assert device.is_hung_up()
    assert bob.hears() == []
    assert square.chat.world.people["alice"] is back
    assert (back.connections, square.chat.people_count, square.chat.strangers) == ((back,), 2, 0)
    for lost in (alice, device):
        square.doors.closed(lost, "Connection closed")
    square.end_turn()
    assert bob.hears() == []
    bob.says("PRIVMSG #a :hello")
    square.end_turn()
    assert any("hello" in line for line in back.hears())


def test_a_new_token_ends_the_old_one_for_who_has_shown_it_and_not_entered() -> None:
    """A thief who holds back CAP END does not keep what a stolen token proved. Source: docs/protocol/resume.md."""
    square = Square()
    guest = square.enters("anna", "parvis.chat/resume")
    guest.says("RESUME")
    square.end_turn()
    token = guest.hears()[0].rpartition(" ")[2]
    thief = square.connects()
    thief.says("CAP LS 302", f"RESUME {token}", "NICK bert", "USER u 0 * :u")
    guest.says("RESUME")
    square.end_turn()
    thief.says("CAP END")
    square.end_turn()
    assert square.chat.person("anna") is guest
    assert square.chat.person("bert") is thief
    assert thief.identity != guest.identity
