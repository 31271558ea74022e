"""Accounts under attack, over a restart, and while nothing can be sealed.

Source: docs/adr/0009-passwords-of-accounts.md; docs/adr/0010-one-device-in-place-of-another.md; DESIGN 2, promise 1.
"""

import msgspec
import pytest
from tests.logins import Scram, plain
from tests.promises.harness import OPERATOR_PASSWORD, HeardClient, Square

from parvis.chat.commands.register import MAILS_A_DAY
from parvis.chat.tally import KEYS_MAX, Tally
from parvis.model import events as e
from parvis.model.ids import NOBODY
from parvis.model.pending import PENDING_MS, TRIES
from parvis.model.room import HOST
from parvis.store.memory import Fault

ELSEWHERE, OTHER = "198.51.100.7", "203.0.113.9"


class Letters:
    """A :class:`parvis.ports.mail.Mail` that keeps what it is given."""

    def __init__(self) -> None:
        """Begin with none."""
        self.sent: list[tuple[str, str, str]] = []
        self.is_full = False

    def send(self, to: str, subject: str, text: str) -> bool:
        """Keep a letter."""
        if not self.is_full:
            self.sent.append((to, subject, text))
        return not self.is_full

    def code(self) -> str:
        """Give the code of the newest letter."""
        return self.sent[-1][1].rpartition(" ")[2]


def a_square(*, exempt: bool = True, **settings: int) -> Square:
    """Make a square with settings of its own."""
    square = Square(exempt=exempt)
    square.chat.reconfigure(msgspec.structs.replace(square.chat.settings, **settings))
    return square


def claims(square: Square, nick: str, *rooms: str, address: str = "127.0.0.1") -> HeardClient:
    """Let somebody enter and claim their pseudonym with `sesame-42`."""
    client = square.enters(nick, rooms=rooms, address=address)
    client.says("REGISTER * * sesame-42")
    square.go_on(1.0)
    assert any("REGISTER SUCCESS" in line for line in client.hears())
    return client


def logs_in(square: Square, name: str, password: str, *, address: str = "127.0.0.1") -> str:
    """Try a password on a connection of its own, and give the numeric that answers."""
    client = square.connects(address)
    client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name, password)}")
    square.go_on(1.0)
    answers = [line.split()[1] for line in client.hears()]
    square.loses(client)
    return answers[1]


def comes_in(square: Square, name: str, *, address: str = "127.0.0.1", nick: str = "") -> HeardClient:
    """Enter as somebody who has an account."""
    client = square.connects(address)
    client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name, 'sesame-42')}")
    square.go_on(1.0)
    client.says(f"NICK {nick or name}", "USER a 0 * :a")
    square.go_on(1.0)
    return client


# Guessing.


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_wrong_passwords_for_an_account_are_counted_whether_it_exists_or_not(name: str) -> None:
    """From wherever; the answers are the same. Source: `[limits] failed_logins_per_account`."""
    square = a_square(exempt=False, failed_logins_per_account=3)
    claims(square, "anna", address=OTHER)
    for number in range(3):
        assert logs_in(square, name, "open", address=f"198.51.100.{number}") == "904"
    client = square.connects("198.51.100.9")
    client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name, 'sesame-42')}")
    square.go_on(1.0)
    assert client.hears()[-1] == (
        ":square.test 904 * :Too many wrong passwords for this account. Wait 10 minutes and try again."
    )
    scram = square.connects("198.51.100.10")
    scram.says("AUTHENTICATE SCRAM-SHA-256", f"AUTHENTICATE {Scram(name, 'open').first()}")
    square.go_on(1.0)
    assert "Too many wrong passwords" in scram.hears()[-1]
    square.go_on(600.0)
    assert logs_in(square, "anna", "sesame-42", address=ELSEWHERE) == "900"


def test_nobody_is_locked_out_of_where_they_log_in_from() -> None:
    """Whoever fails elsewhere holds up others elsewhere. Source: `chat/proofs.py`, rule 2."""
    square = a_square(exempt=False, failed_logins_per_account=3)
    claims(square, "anna", address=OTHER)
    assert logs_in(square, "anna", "sesame-42", address=OTHER) == "900"
    for number in range(5):
        logs_in(square, "anna", "open", address=f"198.51.100.{number}")
    assert logs_in(square, "anna", "sesame-42", address=ELSEWHERE) == "904"
    assert logs_in(square, "anna", "sesame-42", address=OTHER) == "900"


def test_a_success_of_ones_own_resets_no_count() -> None:
    """Logging in to one's own account between guesses gains none. Source: ADR 9."""
    square = a_square(exempt=False, failed_logins_per_address=4, new_connections_per_minute=1000)
    claims(square, "anna", address=OTHER)
    claims(square, "mallory", address=ELSEWHERE)
    for _ in range(4):
        assert logs_in(square, "anna", "open", address=ELSEWHERE) == "904"
        square.go_on(1.0)
    client = square.connects(ELSEWHERE)
    client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('mallory', 'sesame-42')}")
    square.go_on(1.0)
    assert "from your address" in client.hears()[-1]


def test_wrong_proofs_count_as_wrong_passwords() -> None:
    """SCRAM is no way around. Source: RFC 5802, section 9."""
    square = a_square(exempt=False, failed_logins_per_address=2)
    claims(square, "anna", address=OTHER)
    for _ in range(2):
        scram, client = Scram("anna", "open"), square.connects(ELSEWHERE)
        client.says("AUTHENTICATE SCRAM-SHA-256", f"AUTHENTICATE {scram.first()}")
        square.go_on(1.0)
        client.says(f"AUTHENTICATE {scram.final(client.hears()[-1].split()[-1])}")
        square.go_on(1.0)
        assert client.hears()[-1].split()[1] == "904"
    assert logs_in(square, "anna", "sesame-42", address=ELSEWHERE) == "904"


def test_a_tally_is_bounded() -> None:
    """The quietest are forgotten first. Source: `chat/tally.py`."""
    tally: Tally[str] = Tally()
    for number in range(KEYS_MAX + 5):
        tally.add(str(number), 1.0, 60.0)
    assert len(tally) == KEYS_MAX
    assert tally.count("0", 1.0, 60.0) == 0
    tally.add("", 1.0, 60.0)
    assert tally.count("", 1.0, 60.0) == 0
    tally.add("7", 2.0, 60.0)
    tally.take_back("7")
    assert [tally.count("7", 2.0, 60.0), tally.count("7", 62.0, 60.0)] == [1, 0]
    tally.forget("7")
    assert tally.count("7", 2.0, 60.0) == 0


def test_accounts_of_an_address_are_counted() -> None:
    """Each try, and for an hour. Source: `[limits] registrations_per_hour`."""
    square = a_square(exempt=False)
    for nick in ("a1", "a2", "a3"):
        claims(square, nick, address=ELSEWHERE)
    late = square.enters("a4", address=ELSEWHERE)
    late.says("REGISTER * * sesame-42")
    square.go_on(1.0)
    assert late.hears()[-1].startswith(":square.test FAIL REGISTER TEMPORARILY_UNAVAILABLE a4 :Too many accounts")
    claims(square, "b1", address=OTHER)


def test_a_weak_password_is_refused() -> None:
    """Too short, one's own name, one letter again and again. Source: "WEAK_PASSWORD"."""
    square = a_square()
    client = square.enters("annabella")
    for password in ("short-1", "annabella42", "aaaaaaaaaa"):
        client.says(f"REGISTER * * {password}")
        square.go_on(1.0)
        assert client.hears()[-1].startswith(":square.test FAIL REGISTER WEAK_PASSWORD annabella :")


# What waits while the world goes on.


def test_what_changed_while_a_password_was_checked_counts() -> None:
    """An account that was deleted meanwhile logs nobody in. Source: ARCHITECTURE.md, "Invariants", 6."""
    square = a_square()
    anna = claims(square, "anna")
    account = square.chat.world.account_names["anna"]
    client = square.connects()
    client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('anna', 'sesame-42')}")
    square.end_turn()
    square.chat.apply(e.AccountKept(msgspec.structs.replace(account, password="another"), "anna"))
    square.go_on(1.0)
    assert client.hears()[-1].split()[1] == "904"
    square.chat.apply(e.AccountKept(account, "anna"))
    scram = Scram("anna", "sesame-42")
    client.says("AUTHENTICATE SCRAM-SHA-256", f"AUTHENTICATE {scram.first()}")
    square.go_on(1.0)
    client.says(f"AUTHENTICATE {scram.final(client.hears()[-1].split()[-1])}")
    square.go_on(1.0)
    assert scram.trusts(client.hears()[-1].split()[-1])
    anna.says("ACCOUNT DELETE sesame-42")
    square.go_on(1.0)
    claims(square, "anna2")
    client.says("AUTHENTICATE +")
    square.go_on(1.0)
    assert client.hears()[-1].split()[1] == "904"


def test_two_who_register_one_name_at_once_get_one_account() -> None:
    """The second reads that somebody was quicker."""
    square = a_square()
    one, two = square.connects(), square.connects()
    for client in (one, two):
        client.says("NICK anna", "REGISTER * * sesame-42")
    square.go_on(1.0)
    assert "REGISTER SUCCESS anna" in one.hears()[-1]
    assert two.hears()[-1].startswith(":square.test FAIL REGISTER ACCOUNT_EXISTS anna :")
    assert len(square.chat.world.accounts) == 1


def test_a_check_that_hangs_is_a_failure_in_the_words_of_the_command() -> None:
    """904 for a login, FAIL for REGISTER, and the connection goes on. Source: ARCHITECTURE.md, "Invariants", 6."""
    square = a_square()
    square.check_takes_s = 60.0
    client = square.connects()
    client.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('anna', 'sesame-42')}", "PING :behind")
    square.go_on(11.0)
    assert [line.split()[1] for line in client.hears()] == ["AUTHENTICATE", "904", "PONG"]
    anna = square.enters("anna")
    anna.says("REGISTER * * sesame-42")
    square.go_on(11.0)
    assert anna.hears()[-1].startswith(":square.test FAIL REGISTER TEMPORARILY_UNAVAILABLE anna :")
    square.go_on(60.0)
    assert not square.chat.world.accounts


# What is not durable is not said.


def test_nobody_reads_of_an_account_that_is_not_kept() -> None:
    """Not even a stranger, who is told all else at once. Source: DESIGN 2, promise 1; ARCHITECTURE.md, 4."""
    square = a_square()
    client = square.connects()
    client.says("NICK anna")
    square.commits_fail(1000)
    client.says("REGISTER * * sesame-42", "PING :behind")
    square.go_on(2.0)
    assert client.hears() == []
    square.commits_work()
    square.go_on(1.0)
    assert [line.split()[1] for line in client.hears()] == ["900", "REGISTER", "PONG"]


def test_while_nothing_can_be_sealed_nobody_logs_in_who_is_here() -> None:
    """A login is an act. Source: DESIGN 3, "Sealing that fails"."""
    square = a_square()
    claims(square, "anna")
    bert = square.enters("bert")
    square.commits_fail(1000)
    bert.says("AWAY :x")
    square.go_on(1.0)
    stranger = square.connects()
    assert "TEMPORARILY_UNAVAILABLE zoe :The archive" in asks(square, stranger, "NICK zoe", "REGISTER * * sesame-42")
    bert.says("AUTHENTICATE PLAIN")
    square.go_on(1.0)
    (told,) = bert.hears()
    assert told.startswith(":square.test FAIL AUTHENTICATE ARCHIVE_UNAVAILABLE :")


def test_accounts_come_back_after_a_restart() -> None:
    """Password, certificates and choice of devices; a failed commit on the way changes nothing. Source: ADR 7."""
    square = a_square()
    anna = claims(square, "anna")
    square.commits_fail(2, Fault.UNKNOWN)
    anna.says(f"ACCOUNT CERT ADD {'ab' * 32}", "ACCOUNT DEVICES ONE", "ACCOUNT PASSWORD sesame-42 better-42")
    square.go_on(5.0)
    kept = square.chat.world.accounts
    square.archive.close()
    again = Square(store=square.archive.store)
    assert again.chat.world.accounts == kept
    assert again.chat.world.certificates == square.chat.world.certificates
    assert [logs_in(again, "ANNA", word) for word in ("sesame-42", "better-42")] == ["904", "900"]


def test_what_is_kept_holds_no_password_in_clear() -> None:
    """Neither the password nor its hash. Source: ADR 9."""
    square = a_square()
    claims(square, "anna")
    rows = b"".join(kept.value or b"" for kept in square.archive.store.kept.values())
    assert b"anna" in rows
    assert b"sesame" not in rows
    assert b"argon2" not in rows


def test_a_deleted_account_is_gone_and_its_rooms_are_the_servers() -> None:
    """Over a restart too. Source: ADR 10; docs/protocol/accounts.md, "Deleting"."""
    square = a_square()
    anna = claims(square, "anna")
    world = square.chat.world
    room = world.rooms["#loisirs"]
    room.owner, room.hosts = anna.identity, {anna.identity: HOST}
    square.chat.turn.begin()
    square.chat.keep(room)
    other = comes_in(square, "anna", nick="other")
    other.hears()
    anna.says("ACCOUNT DELETE sesame-42")
    square.go_on(1.0)
    assert (room.owner, room.hosts) == (NOBODY, {})
    assert other.hears()[-1].split()[1] == "901"
    assert not world.present
    assert not other.account
    square.archive.close()
    again = Square(store=square.archive.store)
    assert not again.chat.world.accounts
    assert again.chat.world.rooms["#loisirs"].owner == NOBODY


# Codes by mail.


def by_mail(**settings: int) -> tuple[Square, Letters]:
    """Make a square that sends codes."""
    square = a_square(exempt=True, **settings)
    letters = Letters()
    square.chat.outside = msgspec.structs.replace(square.chat.outside, mail=letters)
    return square, letters


def asks(square: Square, client: HeardClient, *lines: str) -> str:
    """Say lines, and give what is heard until they are done."""
    client.hears()
    client.says(*lines)
    square.go_on(1.0)
    return "\n".join(client.hears())


def test_a_code_confirms_an_account() -> None:
    """VERIFICATION_REQUIRED, then SUCCESS, on another connection too. Source: draft/account-registration, "VERIFY"."""
    square, letters = by_mail(email_required=True)
    anna = square.enters("anna")
    told = asks(square, anna, "REGISTER * ada@example.org sesame-42")
    assert told.startswith(":square.test REGISTER VERIFICATION_REQUIRED anna :")
    assert letters.sent[0][0] == "ada@example.org"
    assert letters.code() in letters.sent[0][2]
    assert not square.chat.world.accounts
    assert "FAIL VERIFY INVALID_CODE anna" in asks(square, anna, "VERIFY anna WRONG")
    square.archive.close()
    again = Square(store=square.archive.store)
    bert = again.enters("bert", rooms=["#loisirs"])
    squatter = again.enters("Anna", rooms=["#loisirs"])
    bert.hears()
    assert "VERIFY SUCCESS anna" in asks(again, bert, f"VERIFY ANNA {letters.code().lower()}")
    assert bert.account == "anna"
    # Who bears it meanwhile bears it no longer.
    assert squatter.nick.startswith("guest")
    assert not again.chat.world.pending
    assert "INVALID_CODE" in asks(again, squatter, f"VERIFY anna {letters.code()}")


def test_a_code_ends_after_a_day_or_a_few_tries() -> None:
    """Source: `model/pending.py`."""
    square, letters = by_mail(failed_logins_per_account=1000)
    anna = square.enters("anna")
    for spoil in (False, True):
        asks(square, anna, "REGISTER * ada@example.org sesame-42")
        if spoil:
            for _ in range(TRIES):
                asks(square, anna, "VERIFY anna WRONG")
            assert not square.chat.world.pending
        else:
            square.go_on(PENDING_MS / 1000)
        assert "INVALID_CODE" in asks(square, anna, f"VERIFY anna {letters.code()}")
    assert not square.values()


def test_nobody_is_flooded_with_codes() -> None:
    """Three a day to one address, whoever asks; the newest counts. Source: "UNACCEPTABLE_EMAIL"."""
    square, letters = by_mail()
    anna = square.enters("anna")
    for _ in range(MAILS_A_DAY):
        assert "VERIFICATION_REQUIRED" in asks(square, anna, "REGISTER * ada@example.org sesame-42")
    assert len(square.chat.world.pending) == 1
    other = square.enters("other")
    assert "UNACCEPTABLE_EMAIL other" in asks(square, other, "REGISTER * ADA@example.org sesame-42")
    assert "INVALID_CODE" in asks(square, anna, f"VERIFY anna {letters.sent[0][1].rpartition(' ')[2]}")
    assert "VERIFY SUCCESS" in asks(square, anna, f"VERIFY anna {letters.code()}")


def test_when_no_mail_can_be_sent_nothing_waits() -> None:
    """TEMPORARILY_UNAVAILABLE, and no account waits. Source: `ports/mail.py`."""
    square, letters = by_mail()
    letters.is_full = True
    anna = square.enters("anna")
    assert "TEMPORARILY_UNAVAILABLE anna" in asks(square, anna, "REGISTER * ada@example.org sesame-42")
    assert not square.chat.world.pending
    assert not square.values()


# Certificates.


def test_a_certificate_logs_in() -> None:
    """Over TLS, without a name too; listed by its owner alone. Source: RFC 4422, appendix A; sasl 3.1."""
    square = a_square()
    anna, bert = claims(square, "anna"), claims(square, "bert")
    prints = "ab" * 32
    anna.is_secure, anna.certificate = True, prints
    assert "CERTIFICATE_ADDED" in asks(square, anna, "ACCOUNT CERT ADD")

    def tries(nick: str, response: str, certificate: str = prints) -> list[str]:
        client = square.connects()
        client.is_secure, client.certificate = True, certificate
        client.says("CAP LS 302", f"NICK {nick}", "AUTHENTICATE EXTERNAL", f"AUTHENTICATE {response}")
        square.go_on(1.0)
        _, cap, *answers = client.hears()
        assert "sasl=PLAIN,SCRAM-SHA-256,EXTERNAL" in cap
        return [" ".join(line.split()[1:5:3]) for line in answers if " AUTHENTICATE " not in line]

    assert tries("whoever", "+") == ["900 anna", "903 authentication"]
    assert tries("whoever", "YW5uYQ==") == ["900 anna", "903 authentication"]
    assert tries("whoever", "YmVydA==")[0].startswith("904")
    assert tries("whoever", "+", certificate="")[0].startswith("904")
    assert tries("whoever", "+", certificate="cd" * 32)[0].startswith("904")
    # Who lists another's certificate catches nobody: the pseudonym decides, and without one nobody logs in.
    asks(square, bert, f"ACCOUNT CERT ADD {prints}")
    assert tries("anna", "+")[0] == "900 anna"
    assert tries("bert", "+")[0] == "900 bert"
    assert tries("whoever", "+")[0].startswith("904")
    asks(square, anna, "ACCOUNT CERT DEL")
    assert tries("anna", "+")[0] == "900 bert"


# One device at a time, by the server's rule.


def test_one_device_at_a_time_by_the_servers_rule() -> None:
    """Under the same pseudonym it takes over; under another one the earlier presence leaves. Source: ADR 10."""
    square = a_square(multiclient=False)
    anna = claims(square, "anna", "#a")
    observer = square.enters("observer", rooms=["#a"])
    anna.hears()
    second = comes_in(square, "anna")
    assert anna.is_hung_up()
    assert anna.hears()[-1].startswith("ERROR :")
    assert observer.hears() == []
    assert any(line.endswith("JOIN #a") for line in second.hears())
    third = comes_in(square, "anna", nick="ann")
    assert second.is_hung_up()
    assert observer.hears() == [
        f":{second.mask()} QUIT :Another device took this place",
    ]
    # A login after entering is the newest device too.
    late = square.enters("late")
    late.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('anna', 'sesame-42')}")
    square.go_on(1.0)
    assert third.is_hung_up()
    assert not late.is_hung_up()
    assert square.chat.people_count == len(square.chat.world.people) == 2


def test_a_device_is_called_by_its_persons_name() -> None:
    """In numerics to it and in CAP, whichever device of the person it is. Source: modern IRC, "Numerics"."""
    square = a_square()
    anna = claims(square, "anna")
    device = comes_in(square, "anna")
    device.hears()
    for line in ("PASS x", "CAP LS", "CAP REQ :batch", "CAP LIST", "AUTHENTICATE PLAIN", "NOSUCH", "JOIN"):
        assert asks(square, device, line).split()[2] == "anna"
    assert anna.hears() == []


def test_a_joining_line_fits_however_long_the_names() -> None:
    """With account and real name it is cut at a character's end. Source: RFC 1459, section 2.3; extended-join."""
    square = a_square(nick_bytes=64, real_name_bytes=300, room_bytes=200)
    reader = square.enters("reader", "extended-join")
    long = square.connects()
    long.says(f"NICK {'n' * 64}", f"USER {'u' * 12} 0 * :{'é' * 150}", "REGISTER * * sesame-42")
    square.go_on(1.0)
    room = "#" + "r" * 199
    reader.says(f"JOIN {room}")
    long.says(f"JOIN {room}")
    square.go_on(1.0)
    joined = reader.hears()[-1]
    assert joined.startswith(f":{long.mask()} JOIN {room} {'n' * 64} :éé")
    assert len(joined.encode()) in (509, 510)


def test_who_loses_the_account_loses_its_pseudonym() -> None:
    """By a login to another account as well. Source: ADR 10."""
    square = a_square()
    anna = claims(square, "anna")
    claims(square, "bert")
    anna.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('bert', 'sesame-42')}")
    square.go_on(1.0)
    assert anna.account == "bert"
    assert anna.nick.startswith("guest")
    assert "anna" not in square.chat.world.people
    assert square.chat.world.people[anna.folded] is anna


def test_a_new_password_ends_logins_that_have_not_entered() -> None:
    """A thief who knew the old one and has held back CAP END is a guest, and takes no name over."""
    square = a_square()
    anna = claims(square, "anna")
    thief, registrant = square.connects(ELSEWHERE), square.connects(ELSEWHERE)
    for client in (thief, registrant):
        client.says("CAP LS 302", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('anna', 'sesame-42')}")
        square.go_on(1.0)
        assert " 903 " in client.hears()[-1]
    anna.says("ACCOUNT PASSWORD sesame-42 tulip-2042")
    square.go_on(1.0)
    assert "PASSWORD_CHANGED" in anna.hears()[-1]
    square.loses(anna)
    registrant.says("NICK anna", "REGISTER * * other-word-7")
    square.go_on(1.0)
    assert "ACCOUNT_EXISTS" in registrant.hears()[-1]
    thief.says("NICK anna", "USER a 0 * :a", "CAP END")
    square.go_on(1.0)
    assert " 433 " in thief.hears()[-1]
    assert not thief.is_registered
    assert logs_in(square, "anna", "tulip-2042") == "900"


def test_two_devices_that_register_at_once_get_one_account() -> None:
    """They are one guest, since they logged out together."""
    square = a_square()
    claims(square, "anna")
    device = comes_in(square, "anna")
    anna = device.person
    device.says("ACCOUNT LOGOUT")
    square.go_on(1.0)
    device.says("NICK bea", "REGISTER * * sesame-42")
    assert isinstance(anna, HeardClient)
    anna.says("REGISTER * * sesame-43")
    square.go_on(1.0)
    assert sum("REGISTER SUCCESS" in line for each in (anna, device) for line in each.hears()) == 1
    assert {account.id for account in square.chat.world.account_names.values()} == set(square.chat.world.accounts)


def test_who_registers_the_name_of_a_guest_they_have_proved_to_be_bears_it_alone() -> None:
    """The guest who is still here on another connection is not logged in, so the name is not theirs."""
    square = a_square()
    guest = square.enters("anna", "parvis.chat/resume")
    guest.says("RESUME")
    square.go_on(1.0)
    token = guest.hears()[0].rpartition(" ")[2]
    client = square.connects()
    client.says(f"PASS resume:{token}", "CAP LS 302", "NICK anna", "REGISTER * * sesame-42")
    square.go_on(1.0)
    assert "REGISTER SUCCESS" in client.hears()[-1]
    assert guest.nick.startswith("guest")
    client.says("USER a 0 * :a", "CAP END")
    square.go_on(1.0)
    assert square.chat.person("anna") is client


def test_a_device_that_comes_during_a_login_is_logged_in_to_nothing_else() -> None:
    """An account is a person's, and that device proved to be the one before."""
    square = a_square()
    anna = claims(square, "anna")
    claims(square, "bea")
    device = square.connects()
    device.says("CAP LS 302", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('anna', 'sesame-42')}")
    square.go_on(1.0)
    anna.hears()
    anna.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('bea', 'sesame-42')}")
    device.says("NICK anna", "USER a 0 * :a", "CAP END")
    square.go_on(1.0)
    assert device.person is anna
    assert " 907 " in anna.hears()[-1]
    assert anna.account == "anna"


@pytest.mark.parametrize("many", [True, False])
def test_one_more_device_makes_nobody_an_operator(many: bool) -> None:
    """The account's password is not the operator's: whoever has stolen the one has not the other."""
    square = Square(chosen={"multiclient": many})
    anna = claims(square, "anna")
    anna.says(f"OPER any {OPERATOR_PASSWORD}")
    square.go_on(1.0)
    thief = comes_in(square, "anna")
    assert thief.person.nick == "anna"
    assert any(" MODE anna :-o" in line for line in thief.hears())
    assert any(" MODE anna :-o" in line for line in anna.hears()) == many
    assert square.chat.world.operators == 0
    thief.says("UBAN ADD 1h ip:203.0.113.7 :x")
    square.go_on(1.0)
    assert " 481 " in thief.hears()[-1]


def test_who_deletes_an_account_reads_nothing_meant_for_who_else_was_in_it() -> None:
    """Each reads their own 901. Source: IRCv3 sasl 3.1, "Numerics used by this extension"."""
    square = a_square()
    anna = claims(square, "anna")
    other = comes_in(square, "anna", nick="bea")
    anna.says("ACCOUNT DELETE sesame-42")
    square.go_on(1.0)
    assert [line.split()[2] for line in anna.hears() if " 901 " in line] == ["anna"]
    assert [line.split()[2] for line in other.hears() if " 901 " in line] == ["bea"]
