"""What an act says is read by nobody, and what it changed is shown nowhere, before its record is durable.

Source: DESIGN.md 2, promise 1; docs/adr/0001-turn-batch-and-fence.md.
"""

import asyncio
import os

from tests.promises.harness import OPERATOR_PASSWORD, HeardClient, Square

from parvis.app.config import Config
from parvis.app.journal import LoopJournal
from parvis.app.keeping import Keeping, Stop
from parvis.app.listeners import Listeners
from parvis.app.office import Office
from parvis.app.rights import ExportDesk
from parvis.app.web import LOOK_EVERY_S
from parvis.app.web import Square as Pages
from parvis.app.wiring import Parts
from parvis.app.workers import Workers
from parvis.model.records import RecordKind
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.openings import Openings
from parvis.moderation.term_clock import TermClock
from parvis.moderation.terms import TermEnder
from parvis.store.memory import Fault
from parvis.store.memory_sealed import MemorySealed

ROOM = "#quai"


def an_operator(square: Square) -> HeardClient:
    """Have an operator come in."""
    operator = square.enters("oper")
    operator.says(f"OPER oper {OPERATOR_PASSWORD}")
    square.go_on(1.0)
    assert operator.hears()[0].split()[1] == "381"
    return operator


def test_who_is_killed_reads_the_operators_words_once_they_are_kept() -> None:
    """ERROR holds what the operator wrote: it waits, and so does the connection. Source: modern IRC, "KILL"."""
    square = Square()
    operator = an_operator(square)
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    anna.hears()
    square.commits_fail(1, Fault.HANGS)
    operator.says("KILL bert :enough of that")
    square.end_turn()
    square.go_on(60.0)
    assert bert.hears() == anna.hears() == []
    assert not bert.is_hung_up()
    square.archive.release()
    square.end_turn()
    assert bert.hears() == ["ERROR :Closing link: closed by the operator oper: enough of that"]
    assert bert.is_hung_up()
    assert anna.hears() == [f":bert!~bert@{bert.host} QUIT :Killed (oper (enough of that))"]


def test_a_kill_is_kept_as_its_operators_act() -> None:
    """Not as the word of whom it closed. Source: DESIGN.md 2, promise 3."""
    square = Square()
    operator = an_operator(square)
    bert = square.enters("bert", rooms=[ROOM])
    operator.says("KILL bert :enough of that")
    square.end_turn()
    *_, record, moved = square.archive.store.opened_records()
    assert record.header.kind is RecordKind.KILLED
    assert moved.header.kind is RecordKind.ROLL_CALL
    assert (record.header.author, record.header.session) == (operator.identity, operator.session)
    assert record.line == f":bert!~bert@{bert.host} QUIT :Killed (oper (enough of that))".encode()


def test_who_is_killed_says_nothing_more() -> None:
    """Between the decision and its commit the connection is open, and nothing is taken from it."""
    square = Square()
    operator = an_operator(square)
    anna = square.enters("anna", rooms=[ROOM])
    bert = square.enters("bert", rooms=[ROOM])
    anna.hears()
    square.commits_fail(1, Fault.HANGS)
    operator.says("KILL bert :enough")
    square.end_turn()
    bert.says(f"PRIVMSG {ROOM} :one more", "PING 1", "NICK carl")
    square.end_turn()
    square.archive.release()
    square.end_turn()
    assert [line.split()[1] for line in anna.hears()] == ["QUIT"]
    assert [line.split()[0] for line in bert.hears()] == ["ERROR"]


def pages_of(square: Square) -> Pages:
    """Give what pages see of a square."""
    loop = asyncio.new_event_loop()
    loop.close()
    journal, sealed, keys = LoopJournal(loop, square.turn), MemorySealed(square.archive.store), square.archive.keys
    absences = AbsenceBook(journal, sealed)
    holds, erasures = square.duties.holds, square.duties.erasures
    clock = TermClock(journal, square.clock.now_ms, square.clock.steady_s, (), 0)
    keeping = Keeping(TermEnder(journal, sealed, keys, absences), holds, erasures, clock, Stop())
    return Pages(
        Parts(
            square.chat,
            square.intake,
            square.doors,
            square.turn,
            square.archive,
            Workers(loop),
            [],
            square.history,
            Workers(loop),
            Office(
                Config(),
                loop,
                square.chat,
                journal,
                sealed,
                keys,
                absences,
                keeping,
                holds,
                erasures,
                Openings(journal, keys, os.urandom),
            ),
            ExportDesk(square.chat, square.duties.links, sealed, keys),
        ),
        Listeners(()),
    )


def seen(pages: Pages) -> tuple[int, dict[str, tuple[str, int]]]:
    """Give the people, and the rooms with their topics and members, that a page shows."""
    return pages.people, {room.name: (room.topic, room.people) for room in pages.rooms()}


def test_pages_show_no_world_that_is_not_durable() -> None:
    """Topics, rooms, members and people are those of a moment when nothing waited. Source: `parvis.app.web.Square`."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    pages = pages_of(square)
    before = seen(pages)
    assert before[1][ROOM] == ("", 1)
    square.go_on(2 * LOOK_EVERY_S)
    square.commits_fail(1, Fault.HANGS)
    anna.says(f"TOPIC {ROOM} :not yet", "JOIN #autre")
    assert seen(pages) == before, "not in the turn that decides it"
    square.end_turn()
    bert = square.connects()
    bert.says("NICK bert", "USER bert 0 * :bert", f"JOIN {ROOM}")
    square.end_turn()
    for _ in range(3):
        square.go_on(2 * LOOK_EVERY_S)
        assert seen(pages) == before
    assert {metric.name: metric.value for metric in pages.metrics()}["parvis_people"] == 1
    square.archive.release()
    square.go_on(2 * LOOK_EVERY_S)
    people, rooms = seen(pages)
    assert people == 2
    assert (rooms[ROOM], rooms["#autre"]) == (("not yet", 2), ("", 1))
    assert {metric.name: metric.value for metric in pages.metrics()}["parvis_people"] == 2


def test_pages_show_nothing_newer_while_one_commit_follows_another() -> None:
    """When the first is delivered, the world holds what the second is still to keep."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    pages = pages_of(square)
    square.go_on(2 * LOOK_EVERY_S)
    square.commits_fail(2, Fault.HANGS)
    for topic in ("first", "second"):
        anna.says(f"TOPIC {ROOM} :{topic}")
        square.go_on(2 * LOOK_EVERY_S)
    square.archive.release()
    square.go_on(2 * LOOK_EVERY_S)
    assert [line.split()[1] for line in anna.hears()] == ["TOPIC"]
    assert seen(pages)[1][ROOM][0] != "second"
    square.archive.release()
    square.go_on(2 * LOOK_EVERY_S)
    assert seen(pages)[1][ROOM][0] == "second"


def test_pages_show_nothing_of_secret_rooms() -> None:
    """Neither name nor count. Source: modern IRC, "Secret Channel Mode"."""
    square = Square()
    pages = pages_of(square)
    anna = square.enters("anna", rooms=[ROOM])
    anna.says(f"MODE {ROOM} +s")
    square.go_on(2 * LOOK_EVERY_S)
    people, rooms = seen(pages)
    assert people == 1
    assert ROOM not in rooms
    assert {metric.name: metric.value for metric in pages.metrics()}["parvis_rooms"] == len(rooms)
