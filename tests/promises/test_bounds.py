"""Work, waiting answers, silence and tries at a password have bounds, and whoever was held back goes on.

Source: ARCHITECTURE.md, "Invariants"; docs/handbook/operator.md, "[limits]".
"""

import pytest
from tests.promises.harness import OPERATOR_PASSWORD, HeardClient, Square

from parvis.chat.commands.oper import FAILURES_MAX, FORGIVEN_AFTER_S
from parvis.chat.waiting import WAIT_S_MAX
from parvis.store.memory import Fault

ROOM = "#quai"
ELSEWHERE = "198.51.100.7"
BUSY = "Too much waits to be sealed: this was not delivered. Try again in a moment."
QUEUE_BYTES = 8192


def codes(client: HeardClient) -> list[str]:
    """Give the commands of what somebody has heard."""
    return [line.split()[1] for line in client.hears()]


# The end of the program.


def test_who_is_held_by_the_pace_is_not_read_during_the_drain() -> None:
    """Held lines are decided no more, and the connection stays unread. Source: `Doors.drain`."""
    square = Square(exempt=False)
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    square.commits_fail(1, Fault.HANGS)
    bert.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    anna.says(*(f"PRIVMSG {ROOM} :{number}" for number in range(60)))
    square.end_turn()
    decided = square.turn.waiting_records
    assert 0 < decided < 60
    done: list[bool] = []
    square.doors.drain(lambda: done.append(True))
    for _ in range(30):
        square.go_on(1.0)
        assert anna.is_stopped()
        assert square.turn.waiting_records == decided
    square.archive.release()
    square.go_on(30.0)
    assert anna.is_stopped()
    assert sum(" PRIVMSG " in line for line in square.kept()) == 1 + decided
    for client in (anna, bert):
        assert client.is_hung_up()
        square.doors.closed(client, "Connection closed")
    assert done == [True]


def test_who_is_held_by_the_queue_is_not_read_during_the_drain() -> None:
    """A commit ends and another begins: the queue has room again, and still nobody is read."""
    square = Square(commit_queue_records=4)
    anna = square.enters("anna", rooms=[ROOM])
    square.commits_fail(2, Fault.HANGS)
    for word in ("one", "two", "three", "four"):
        anna.says(f"PRIVMSG {ROOM} :{word}")
        square.end_turn()
    assert anna.is_stopped()
    assert not anna.waiting
    square.doors.drain(lambda: None)
    for _ in range(2):
        assert not anna.is_hung_up()
        square.archive.release()
        square.go_on(1.0)
        assert anna.is_stopped()
    assert anna.is_hung_up()
    assert sum(" PRIVMSG " in line for line in square.kept()) == 4


# The pace.


def test_names_of_too_many_rooms_is_refused() -> None:
    """A room named twice counts once. Source: modern IRC, "TARGMAX"."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    rooms = [f"#r{number}" for number in range(square.chat.settings.targets)]
    anna.says(f"NAMES {','.join([*rooms, ROOM])}")
    square.end_turn()
    assert codes(anna) == ["407"]
    anna.says(f"NAMES {','.join(rooms)}")
    square.end_turn()
    assert codes(anna) == ["366"]
    anna.says(f"NAMES {','.join([ROOM] * 3 * square.chat.settings.targets)}")
    square.end_turn()
    assert codes(anna) == ["353", "366"]


@pytest.mark.parametrize(("line", "last"), [("LIST", "323"), ("WHO *", "315"), ("WHO", "315")])
def test_the_pace_counts_work_and_not_lines(line: str, last: str) -> None:
    """What looks at everybody takes five commands of a burst of twenty. Source: `Command.price`."""
    square = Square(exempt=False)
    # NICK and USER have taken two of twenty.
    anna = square.enters("anna")
    anna.says(*[line] * 5)
    square.end_turn()
    assert codes(anna).count(last) == 4
    assert anna.is_stopped()
    # Two are owed and one is needed, at four a second.
    square.go_on(0.7)
    assert codes(anna) == []
    square.go_on(0.3)
    assert codes(anna).count(last) == 1
    assert not anna.is_stopped()


def test_the_pace_counts_targets() -> None:
    """Ten targets are ten commands, even if they are refused. Source: `Command.price`."""
    square = Square(exempt=False)
    anna = square.enters("anna")
    nobody = ",".join(f"n{number}" for number in range(10))
    anna.says(*[f"PRIVMSG {nobody} :x"] * 3)
    square.end_turn()
    assert codes(anna) == ["407"] * 2
    assert anna.is_stopped()


# Answers that wait behind a commit.


def test_answers_that_wait_are_bounded_in_bytes() -> None:
    """Past half of the queue reading stops, a full one refuses, and then all goes on. Source: `commit_queue_bytes`."""
    square = Square(commit_queue_bytes=QUEUE_BYTES)
    people = [square.enters(f"p{number}", "labeled-response", rooms=[ROOM]) for number in range(40)]
    for person in people:
        person.hears()
    square.commits_fail(1, Fault.HANGS)
    people[0].says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    first, *others = people
    first.says(*["WHOIS p1"] * 60)
    square.end_turn()
    assert first.is_stopped()
    assert not any(person.is_stopped() for person in others)
    assert QUEUE_BYTES // 2 <= square.turn.batch.told_bytes < QUEUE_BYTES
    for person in others:
        person.says("@label=w WHOIS p1", "WHOIS p1")
    square.end_turn()
    most = QUEUE_BYTES + 1024
    assert square.turn.batch.told_bytes < most
    refused = [person for person in others if f"@label=w :square.test FAIL WHOIS SERVER_BUSY :{BUSY}" in person.hears()]
    assert 0 < len(refused) < len(others)
    square.go_on(5.0)
    assert square.turn.batch.told_bytes < most
    square.archive.release()
    square.go_on(5.0)
    assert not any(person.is_stopped() for person in people)
    assert codes(first).count("318") == 60
    others[-1].says("WHOIS p1")
    square.end_turn()
    assert "318" in codes(others[-1])


def test_answers_that_need_no_archive_are_bounded_too() -> None:
    """PING, and what is no command, wait behind one's own message; past half of the queue nothing more is read."""
    square = Square(commit_queue_bytes=QUEUE_BYTES)
    anna = square.enters("anna", rooms=[ROOM])
    square.commits_fail(1, Fault.HANGS)
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    anna.says(*(["PING " + "x" * 100, "NO-SUCH", "JOIN"] * 80))
    square.go_on(5.0)
    assert anna.is_stopped()
    assert square.turn.batch.told_bytes < QUEUE_BYTES // 2 + 1024
    square.archive.release()
    square.go_on(5.0)
    heard = codes(anna)
    assert [heard.count(code) for code in ("PONG", "421", "461")] == [80, 80, 80]
    assert not anna.is_stopped()


def test_nobody_stays_stopped_by_answers_alone() -> None:
    """A batch without a record goes out at the end of its turn: then everybody is read again."""
    square = Square(commit_queue_bytes=QUEUE_BYTES)
    anna = square.enters("anna", rooms=[ROOM])
    anna.says(*["WHOIS anna"] * 100)
    assert anna.is_stopped()
    assert square.turn.is_quiet, "nothing has to be sealed"
    square.go_on(5.0)
    assert not anna.is_stopped()
    assert codes(anna).count("318") == 100


# Silence.


def test_who_vanished_behind_held_lines_is_found_by_ping() -> None:
    """Lines handled late say nothing of whether the peer is still there. Source: modern IRC, "PING"."""
    square = Square(exempt=False)
    square.doors.start()
    witness = square.enters("witness", rooms=[ROOM])
    vanished = square.enters("vanished", rooms=[ROOM])
    witness.hears()
    vanished.says(*["PING x"] * 1500)
    square.go_on(100.0)
    witness.says("PONG x")
    square.go_on(30.0)
    assert vanished.waiting, "the pace still holds lines"
    assert "PING :square.test" in vanished.all_heard()
    square.go_on(60.0)
    assert vanished.is_hung_up()
    assert vanished.all_heard()[-1].startswith("ERROR :Closing link: Ping timeout: ")
    quits = [line for line in witness.all_heard() if " QUIT " in line]
    assert len(quits) == 1
    assert " QUIT :Ping timeout: " in quits[0]


def test_ping_keeps_nobody_at_the_door() -> None:
    """Registration has its time whatever is said meanwhile. Source: `registration_timeout_s`."""
    square = Square()
    square.doors.start()
    client = square.connects()
    client.says("NICK anna")
    for second in range(0, 80, 5):
        assert client.is_hung_up() is (second > 60), second
        client.says("PING 1", "CAP LS 302")
        square.go_on(5.0)
    assert client.all_heard()[-1] == "ERROR :Closing link: you did not say who you are in time"
    assert square.chat.strangers == 0


# Passwords.


def tries(square: Square, client: HeardClient, password: str) -> list[str]:
    """Have a password tried, and give what is answered."""
    client.says(f"OPER oper {password}")
    square.go_on(5.0)
    return client.hears()


def test_wrong_passwords_of_an_address_are_counted() -> None:
    """After five, no more are checked, from whichever connection, until they are forgotten. Source: `commands/oper`."""
    square = Square(exempt=False)
    anna = square.enters("anna", address=ELSEWHERE)
    for _ in range(FAILURES_MAX):
        assert tries(square, anna, "wrong") == [":square.test 464 anna :Password incorrect"]
    assert square.passwords_checked == FAILURES_MAX
    told = "Too many wrong passwords from your address. Wait 10 minutes and try again."
    again = square.enters("again", address=ELSEWHERE)
    assert tries(square, again, OPERATOR_PASSWORD) == [f":square.test 464 again :{told}"]
    assert square.passwords_checked == FAILURES_MAX
    other = square.enters("other", address="203.0.113.9")
    assert tries(square, other, OPERATOR_PASSWORD)[0].split()[1] == "381"
    square.go_on(FORGIVEN_AFTER_S)
    assert tries(square, again, OPERATOR_PASSWORD)[0].split()[1] == "381"


def test_many_connections_get_no_more_tries_at_once() -> None:
    """A try counts before it is checked."""
    square = Square(exempt=False)
    people = [square.enters(f"p{number}", address=ELSEWHERE) for number in range(FAILURES_MAX + 3)]
    for person in people:
        person.says("OPER oper wrong")
    square.go_on(1.0)
    assert square.passwords_checked == FAILURES_MAX


def test_a_right_password_forgives_the_wrong_ones() -> None:
    """Whoever knows it has mistyped."""
    square = Square(exempt=False)
    anna = square.enters("anna", address=ELSEWHERE)
    for _ in range(2):
        for _ in range(FAILURES_MAX - 1):
            tries(square, anna, "wrong")
        assert tries(square, anna, OPERATOR_PASSWORD)[0].split()[1] == "381"
        anna.says("MODE anna -o")
        square.go_on(1.0)
        anna.hears()
    assert square.passwords_checked == 2 * FAILURES_MAX


def test_who_is_exempt_is_not_counted() -> None:
    """They have no address to count. Source: `exempt_loopback`."""
    square = Square()
    anna = square.enters("anna")
    for _ in range(FAILURES_MAX + 1):
        assert tries(square, anna, "wrong") == [":square.test 464 anna :Password incorrect"]
    assert square.passwords_checked == FAILURES_MAX + 1
    assert len(square.chat.failed_opers) == 0


def test_a_password_that_is_not_checked_in_time_holds_nobody() -> None:
    """The connection goes on, and a late answer changes nothing. Source: ARCHITECTURE.md, "Invariants", 6."""
    square = Square()
    square.check_takes_s = WAIT_S_MAX + 5
    anna = square.enters("anna")
    anna.says(f"OPER operator {OPERATOR_PASSWORD}", "PING :behind")
    square.go_on(WAIT_S_MAX - 1)
    assert anna.hears() == []
    square.go_on(2.0)
    assert codes(anna) == ["FAIL", "PONG"]
    square.go_on(10.0)
    assert anna.hears() == []
    assert not anna.modes
