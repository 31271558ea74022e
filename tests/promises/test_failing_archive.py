"""An archive that fails, hangs or does not know: nobody sees what is not kept, and nobody is left without an answer.

Source: DESIGN.md 2, promises 1 and 4; ARCHITECTURE.md, "Invariants", 4 and 5; docs/adr/0001-turn-batch-and-fence.md.
"""

from tests.promises.harness import HeardClient, Square

from parvis.chat.turn import PROMPT_S, RETRY_S, TEXTS_WAIT_S
from parvis.store.memory import Fault

ROOM = "#quai"
NOT_NOW = "The archive cannot be written: nothing was delivered. Try again in a moment."
DROPPED = "The archive could not be written: what you sent was not delivered to anybody. Send it again later."
BUSY = "Too much waits to be sealed: this was not delivered. Try again in a moment."
FOREVER = 1000


def a_failing_square(*capabilities: str) -> tuple[Square, HeardClient, HeardClient]:
    """Give a square with two people in a room, whose commits have just begun to fail."""
    square = Square()
    anna = square.enters("anna", *capabilities, rooms=[ROOM])
    bert = square.enters("bert", *capabilities, rooms=[ROOM])
    anna.hears()
    square.commits_fail(FOREVER)
    return square, anna, bert


def test_a_batch_that_fails_is_tried_again_and_shown_once_it_is_kept() -> None:
    """Nothing of it is shown in between, its sender's echo included; then everything once."""
    square, anna, bert = a_failing_square("echo-message")
    anna.says(f"PRIVMSG {ROOM} :one", "PRIVMSG bert :two")
    square.end_turn()
    square.go_on(3.0)
    assert anna.hears() == []
    assert bert.hears() == []
    assert "one" not in "".join(square.kept())
    square.commits_work()
    square.go_on(RETRY_S)
    host = anna.host
    said = [f":anna!~anna@{host} PRIVMSG {ROOM} :one", f":anna!~anna@{host} PRIVMSG bert :two"]
    assert anna.hears() == said
    assert bert.hears() == said
    assert square.kept()[-2:] == said
    square.go_on(60.0)
    assert bert.hears() == []


def test_new_acts_are_refused_at_once_and_connections_stay() -> None:
    """Each is answered by FAIL under its label, and by nothing else later."""
    square, anna, bert = a_failing_square("labeled-response", "batch", "echo-message")
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    kept = square.kept()
    for number, act in enumerate(
        (
            f"PRIVMSG {ROOM} :second",
            "NOTICE bert :second",
            f"JOIN {ROOM}2",
            f"PART {ROOM}",
            "NICK carl",
            f"TOPIC {ROOM} :second",
            f"MODE {ROOM} +m",
            f"KICK {ROOM} anna",
            f"INVITE anna {ROOM}",
            "AWAY :second",
            f"NAMES {ROOM}",
            "WHOIS anna",
            f"TOPIC {ROOM}",
            "WHO anna",
            "LIST",
        )
    ):
        bert.says(f"@label=b{number} {act}")
        command = act.split()[0]
        assert bert.hears() == [f"@label=b{number} :square.test FAIL {command} ARCHIVE_UNAVAILABLE :{NOT_NOW}"], act
        square.end_turn()
    assert not bert.gone
    assert not anna.gone
    assert square.kept() == kept
    square.commits_work()
    square.go_on(RETRY_S)
    assert bert.hears() == [f":anna!~anna@{anna.host} PRIVMSG {ROOM} :first"]


def test_ping_and_capabilities_are_answered_while_nothing_can_be_sealed() -> None:
    """Unless something of one's own waits: then the answer stands behind it."""
    square, anna, bert = a_failing_square("labeled-response", "batch")
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    bert.says("@label=p PING here", "CAP LS 302", "CAP LIST", "CAP REQ :no-such")
    heard = bert.hears()
    assert heard[0] == "@label=p :square.test PONG square.test :here"
    assert [line.split()[3] for line in heard[1:]] == ["LS", "LS", "LIST", "NAK"]
    anna.says("PING there")
    square.end_turn()
    assert anna.hears() == []
    square.commits_work()
    square.go_on(RETRY_S)
    assert anna.hears() == [":square.test PONG square.test :there"]


def test_pong_comes_behind_what_others_wrote_before_it_while_sealing_is_prompt() -> None:
    """Who reads it has read that; a commit that hangs is not waited for. Source: ARCHITECTURE.md, "Invariants", 4."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    carl = square.enters("carl")
    square.archive.holds = True
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    bert.says("PING 1")
    square.end_turn()
    assert bert.hears() == []
    square.go_on(PROMPT_S + 0.1)
    carl.says("PING 2")
    square.end_turn()
    assert carl.hears() == [":square.test PONG square.test :2"]
    assert bert.hears() == []
    square.archive.release()
    square.end_turn()
    assert [line.split()[1] for line in bert.hears()] == ["PRIVMSG", "PONG"]


def test_capabilities_that_change_bytes_take_their_place_behind_what_waits() -> None:
    """A line decided before CAP REQ has the bytes that were agreed before, and comes before its ACK."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    square.archive.holds = True
    anna.says(f"PRIVMSG {ROOM} :before")
    square.end_turn()
    bert.says("CAP REQ :server-time")
    square.end_turn()
    assert bert.hears() == []
    square.archive.holds = False
    square.archive.release()
    square.end_turn()
    assert bert.hears() == [
        f":anna!~anna@{anna.host} PRIVMSG {ROOM} :before",
        ":square.test CAP bert ACK :server-time",
    ]


def test_after_thirty_seconds_texts_are_refused_and_what_changed_state_stays_owed() -> None:
    """Each sender is told under its label, once; joins, names, topics and modes are sealed first and then shown."""
    square = Square()
    anna = square.enters("anna", "labeled-response", "echo-message", rooms=[ROOM])
    bert = square.enters("bert", "labeled-response", rooms=[ROOM])
    carl = square.enters("carl", rooms=[ROOM])
    for client in (anna, bert, carl):
        client.hears()
    square.commits_fail(FOREVER)
    anna.says(f"@label=a1 PRIVMSG {ROOM} :one", "JOIN #autre", f"@label=a2 PRIVMSG bert,{ROOM} :two")
    bert.says("NICK bertha", "@label=b1 NOTICE anna :three", "@label=b2 AWAY :gone")
    carl.says(f"PRIVMSG {ROOM} :four", f"PART {ROOM} :bye")
    square.end_turn()
    square.go_on(TEXTS_WAIT_S - 1.0)
    assert anna.hears() == bert.hears() == carl.hears() == []
    square.go_on(2.0)
    told = f":square.test FAIL PRIVMSG ARCHIVE_UNAVAILABLE :{DROPPED}"
    assert anna.hears() == [f"@label=a1 {told}", f"@label=a2 {told}"]
    assert bert.hears() == [f"@label=b1 {told.replace('PRIVMSG', 'NOTICE')}"]
    assert carl.hears() == [told]
    square.go_on(60.0)
    assert anna.hears() == bert.hears() == carl.hears() == []
    before = len(square.kept())
    square.commits_work()
    square.go_on(RETRY_S)
    host = anna.host
    owed = [
        f":anna!~anna@{host} JOIN #autre",
        f":bert!~bert@{host} NICK :bertha",
        f":bertha!~bert@{host} AWAY :gone",
        f":carl!~carl@{host} PART {ROOM} :bye",
    ]
    assert square.kept()[before:] == owed
    assert anna.hears() == [
        owed[0],
        ":square.test 353 anna = #autre :@anna",
        ":square.test 366 anna #autre :End of NAMES list",
        owed[1],
        owed[3],
    ]
    assert bert.hears() == [
        owed[1],
        "@label=b2 :square.test 306 bertha :You have been marked as being away",
        owed[3],
    ]
    assert carl.hears() == [owed[1], owed[3]]
    anna.says(f"PRIVMSG {ROOM} :again")
    square.end_turn()
    assert bert.hears() == [f":anna!~anna@{host} PRIVMSG {ROOM} :again"]


def test_a_commit_of_unknown_outcome_is_marked_and_nobody_sees_a_line_twice() -> None:
    """What is found there although the commit failed is marked undelivered; the next try is what is shown."""
    square, anna, bert = a_failing_square("echo-message")
    square.commits_work()
    square.commits_fail(1, Fault.UNKNOWN)
    anna.says(f"PRIVMSG {ROOM} :once")
    square.end_turn()
    assert anna.hears() == bert.hears() == []
    square.go_on(RETRY_S)
    line = f":anna!~anna@{anna.host} PRIVMSG {ROOM} :once"
    assert anna.hears() == bert.hears() == [line]
    assert square.kept().count(line) == 1
    assert square.kept(undelivered=True) == [line]
    square.go_on(60.0)
    assert anna.hears() == bert.hears() == []


def test_a_commit_that_hangs_is_not_failed() -> None:
    """Nothing is told until it ends, however long that is, and nothing is refused."""
    square, anna, bert = a_failing_square("echo-message")
    square.commits_work()
    square.commits_fail(1, Fault.HANGS)
    anna.says(f"PRIVMSG {ROOM} :one")
    square.end_turn()
    bert.says(f"PRIVMSG {ROOM} :two", f"NAMES {ROOM}")
    square.end_turn()
    square.go_on(2 * TEXTS_WAIT_S)
    assert anna.hears() == bert.hears() == []
    square.archive.release()
    square.end_turn()
    host = anna.host
    assert anna.hears() == [f":anna!~anna@{host} PRIVMSG {ROOM} :one", f":bert!~bert@{host} PRIVMSG {ROOM} :two"]
    assert bert.hears() == [
        f":anna!~anna@{host} PRIVMSG {ROOM} :one",
        f":bert!~bert@{host} PRIVMSG {ROOM} :two",
        f":square.test 353 bert = {ROOM} :@anna bert",
        f":square.test 366 bert {ROOM} :End of NAMES list",
    ]


def test_reading_stops_from_who_fills_the_queue_and_goes_on() -> None:
    """From half of the queue on, one act each and no more; the lines that were read already wait, and none is lost."""
    square = Square(commit_queue_records=8)
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    anna.hears()
    square.commits_fail(1, Fault.HANGS)
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    anna.says(*(f"PRIVMSG {ROOM} :{number}" for number in range(10)))
    square.end_turn()
    assert anna.is_stopped()
    assert not bert.is_stopped()
    assert square.turn.waiting_records == 5
    square.go_on(1.0)
    assert square.turn.waiting_records == 5
    bert.says("PING still")
    assert bert.hears() == [":square.test PONG square.test :still"]
    square.archive.release()
    square.go_on(1.0)
    said = [f":anna!~anna@{anna.host} PRIVMSG {ROOM} :{word}" for word in ("first", *range(10))]
    assert bert.hears() == said
    assert not anna.is_stopped()
    assert anna.hears() == []
    anna.says(f"PRIVMSG {ROOM} :last")
    square.go_on(1.0)
    assert len(bert.hears()) == 1


def test_a_full_queue_refuses_acts() -> None:
    """SERVER_BUSY under the label of each; what was taken before is shown in the end."""
    square = Square(commit_queue_records=8)
    people = [square.enters(f"p{number}", "labeled-response", rooms=[ROOM]) for number in range(12)]
    for person in people:
        person.hears()
    square.commits_fail(1, Fault.HANGS)
    people[0].says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    for number, person in enumerate(people):
        person.says(f"@label=l{number} PRIVMSG {ROOM} :word{number}")
    square.end_turn()
    busy = [
        number
        for number, person in enumerate(people)
        if person.hears() == [f"@label=l{number} :square.test FAIL PRIVMSG SERVER_BUSY :{BUSY}"]
    ]
    assert busy == [8, 9, 10, 11]
    square.archive.release()
    square.go_on(1.0)
    assert [line.rpartition(":")[2] for line in people[11].hears()] == ["first", *(f"word{n}" for n in range(8))]
    assert not any(person.is_stopped() for person in people)


def test_pace_and_queue_do_not_let_each_other_go() -> None:
    """Who is held back by the pace is not read because the queue has room again, nor the other way round."""
    square = Square(commit_queue_records=64, exempt=False)
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    square.go_on(60.0)
    square.commits_fail(1, Fault.HANGS)
    bert.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    anna.says(*(f"PRIVMSG {ROOM} :{number}" for number in range(60)))
    square.end_turn()
    assert anna.is_stopped()
    square.archive.release()
    square.end_turn()
    assert anna.is_stopped(), "the pace still holds lines of hers"
    square.go_on(30.0)
    assert not anna.is_stopped()
    assert [line.rpartition(":")[2] for line in bert.hears() if " PRIVMSG " in line] == [*map(str, range(60))]


def test_a_fatal_outcome_stops_the_server_and_shows_nothing_more() -> None:
    """Another writer has taken the archive over: what was decided since reaches nobody."""
    square = Square()
    anna = square.enters("anna", "echo-message", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    anna.hears()
    store = square.archive.store
    other = type(square.archive)(store)
    other.open(square.clock.now_ms())
    anna.says(f"PRIVMSG {ROOM} :never")
    square.end_turn()
    bert.says(f"NAMES {ROOM}")
    square.end_turn()
    square.go_on(120.0)
    assert anna.hears() == bert.hears() == []
    assert square.stopped_because == ["another server has taken this archive over. This one must stop"]
    assert "never" not in "".join(square.kept())


def test_queries_wait_with_the_records_before_them() -> None:
    """NAMES, WHOIS, TOPIC, LIST and WHO would show what a power cut can still take back."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    anna.hears()
    square.archive.holds = True
    anna.says(f"TOPIC {ROOM} :new", "NICK anne")
    square.end_turn()
    bert.says(f"NAMES {ROOM}", "WHOIS anne", f"TOPIC {ROOM}", "LIST", "WHO anne", "LUSERS", f"MODE {ROOM}")
    square.end_turn()
    newcomer = square.connects()
    newcomer.says("PING 1", "NICK anne", "NICK carl", "USER carl 0 * :carl")
    assert [line.split()[1] for line in newcomer.hears()] == ["PONG", "433"]
    square.end_turn()
    assert anna.hears() == bert.hears() == newcomer.hears() == []
    square.archive.release()
    square.end_turn()
    codes = [line.split()[1] for line in bert.hears()]
    assert codes[:4] == ["TOPIC", "NICK", "353", "366"] or codes == ["TOPIC", "NICK"]
    square.archive.release()
    square.end_turn()
    assert newcomer.hears()[0].split()[1] == "001"


def test_who_quits_while_sealing_fails_leaves_and_it_is_owed() -> None:
    """Their word of leaving is sealed first on recovery, and then their rooms read it."""
    square, anna, bert = a_failing_square()
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    anna.says("QUIT :bye")
    bert.says("PING 1")
    square.end_turn()
    assert anna.hears() == []
    assert not anna.is_hung_up(), "her own message waits, and ERROR stands behind it"
    assert bert.hears() == [":square.test PONG square.test :1"]
    square.commits_work()
    square.go_on(RETRY_S)
    assert anna.hears() == ["ERROR :Closing link: you have quit"]
    assert anna.is_hung_up()
    quit_line = f":anna!~anna@{anna.host} QUIT :Quit: bye"
    assert bert.hears() == [f":anna!~anna@{anna.host} PRIVMSG {ROOM} :first", quit_line]
    assert square.kept()[-1] == quit_line


def test_who_is_lost_while_their_batch_waits_harms_nobody() -> None:
    """What they said is delivered to the others all the same, and after 30 s they are told nothing."""
    square, anna, bert = a_failing_square()
    anna.says(f"PRIVMSG {ROOM} :first", "PRIVMSG bert :second")
    square.end_turn()
    square.loses(anna)
    square.end_turn()
    square.commits_work()
    square.go_on(RETRY_S)
    assert [line.split()[1] for line in bert.hears()] == ["PRIVMSG", "PRIVMSG", "QUIT"]
    square.commits_fail(FOREVER)
    bert.says(f"PRIVMSG {ROOM} :third")
    square.end_turn()
    square.loses(bert)
    square.go_on(TEXTS_WAIT_S + 5)
    square.commits_work()
    square.go_on(RETRY_S)
    assert [line.split()[1] for line in square.kept()[-2:]] == ["QUIT", "QUIT"]


def test_nobody_enters_while_sealing_fails_and_each_is_told() -> None:
    """A connection that has not entered is told why and let go; it holds no pseudonym."""
    square, anna, _ = a_failing_square()
    anna.says(f"PRIVMSG {ROOM} :first")
    square.end_turn()
    newcomer = square.connects()
    newcomer.says("NICK carl", "USER carl 0 * :carl")
    assert newcomer.hears() == [
        f":square.test FAIL * ARCHIVE_UNAVAILABLE :{NOT_NOW}",
        "ERROR :Nobody can enter while the archive cannot be written. Try again in a moment",
    ]
    assert newcomer.hung_up
    square.commits_work()
    square.go_on(RETRY_S)
    again = square.connects()
    again.says("NICK carl", "USER carl 0 * :carl")
    square.end_turn()
    assert again.hears()[0].split()[1] == "001"


def test_answers_to_ones_own_commands_keep_their_order() -> None:
    """PONG waits behind one's own message, and the next message's echo behind the PONG."""
    square = Square()
    anna = square.enters("anna", "echo-message", rooms=[ROOM])
    square.archive.holds = True
    anna.says(f"PRIVMSG {ROOM} :one", "PING 1", f"PRIVMSG {ROOM} :two", f"TOPIC {ROOM}", "PING 2", "NO-SUCH")
    square.end_turn()
    assert anna.hears() == []
    square.archive.release()
    square.end_turn()
    assert [line.split()[1] for line in anna.hears()] == ["PRIVMSG", "PONG", "PRIVMSG", "331", "PONG", "421"]


def test_draining_waits_for_lines_that_wait_for_nothing_else() -> None:
    """A batch is being sealed and the next has answers alone: the end comes right after both."""
    square = Square()
    anna = square.enters("anna", "echo-message", rooms=[ROOM])
    square.archive.holds = True
    anna.says(f"PRIVMSG {ROOM} :last")
    square.end_turn()
    anna.says(f"NAMES {ROOM}")
    square.end_turn()
    done: list[bool] = []
    square.doors.drain(lambda: done.append(True))
    assert anna.hears() == []
    square.archive.release()
    square.end_turn()
    assert [line.split()[1] for line in anna.hears()] == ["PRIVMSG", "353", "366"]
    # The last rows of the identification vault come before the goodbye.
    square.archive.release()
    square.end_turn()
    assert [line.split()[1] for line in anna.hears()] == [":Closing"]
    assert anna.is_hung_up()
    square.doors.closed(anna, "Connection closed")
    assert done == [True]
