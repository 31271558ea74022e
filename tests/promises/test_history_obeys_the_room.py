"""History obeys the room: nobody fetches what is outside both the room's visible window and what they were present for.

Each test is a route that somebody might try. Source: docs/adr/0013-history-from-the-sealed-log.md; IRCv3
draft/chathistory, "Security Considerations".
"""

from collections.abc import Callable

import pytest
from tests.promises.harness import HeardClient, Square

from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.records import RecordKind
from parvis.store.history import PAGE_BYTES_MAX
from parvis.store.memory import Fault, MemoryStore

ROOM = "#nave"
CAPS = ("batch", "message-tags", "server-time", "draft/chathistory", "draft/message-redaction", "echo-message")
PLAYBACK = (*CAPS, "draft/event-playback")
HOUR_S = 3600.0


def asks(square: Square, client: HeardClient, line: str) -> list[str]:
    """Give the answer to a line, once the archive was asked."""
    square.end_turn()
    client.hears()
    client.says(line)
    square.go_on(0.1)
    return client.hears()


def texts(lines: list[str]) -> list[str]:
    """Give what was said, or done, in an answer: commands and last parameters, without the lines of the batch."""
    bodies = [line.split(" ", 1)[1] if line.startswith("@") else line for line in lines]
    words = [body.split(" ", 2) for body in bodies]
    return [rest.rpartition(":")[2] for _, command, rest in words if command in ("PRIVMSG", "NOTICE")]


def commands(lines: list[str]) -> list[str]:
    """Give the commands in an answer, without the lines of the batch."""
    bodies = [line.split(" ", 1)[1] if line.startswith("@") else line for line in lines]
    return [body.split(" ", 2)[1] for body in bodies if body.split(" ", 2)[1] != "BATCH"]


def latest(square: Square, client: HeardClient, target: str = ROOM) -> list[str]:
    """Give the newest messages that somebody may fetch."""
    return texts(asks(square, client, f"CHATHISTORY LATEST {target} * 100"))


def refused(lines: list[str]) -> bool:
    """Tell whether an answer says that there is nothing to fetch, as of what does not exist."""
    return len(lines) == 1 and " FAIL CHATHISTORY INVALID_TARGET " in f" {lines[0]}"


def says(square: Square, client: HeardClient, text: str, target: str = ROOM) -> str:
    """Have somebody say something; give its message id."""
    square.end_turn()
    client.hears()
    client.says(f"PRIVMSG {target} :{text}")
    square.end_turn()
    echo = next(line for line in client.hears() if f":{text}" in line)
    return echo.split("msgid=")[1].split(";")[0].split(" ")[0]


def logs_in(square: Square, client: HeardClient, name: str) -> None:
    """Let somebody be known by an account, the same one each time."""
    account = Account(id=IdentityId(name.encode().ljust(16, b".")), name=name, registered_at_ms=0, password="")
    square.chat.apply(e.AccountKept(account, fold(name)))
    square.chat.apply(e.LoggedIn(client, account))


def comes(square: Square, name: str, *rooms: str, caps: tuple[str, ...] = CAPS) -> HeardClient:
    """Have somebody come in under their account, then into rooms."""
    is_claimed = fold(name) in square.chat.world.account_names
    client = square.enters(f"x{name}" if is_claimed else name, *caps)
    logs_in(square, client, name)
    if is_claimed:
        # The pseudonym is the account's: who is not logged in does not bear it.
        client.says(f"NICK {name}")
    for room in rooms:
        client.says(f"JOIN {room}")
    square.end_turn()
    client.hears()
    return client


def restarted(square: Square) -> Square:
    """Kill the server and start it again over what the archive holds."""
    return Square(store=square.archive.store, began_s=square.clock.steady_s() + 1)


# What one may fetch.


def test_who_was_there_fetches_what_was_said_while_they_were() -> None:
    """From the own JOIN on. Source: DESIGN, "Three windows": resume."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    says(square, anna, "before")
    bert = comes(square, "bert", ROOM)
    says(square, anna, "after")
    assert latest(square, bert) == ["after"]
    assert latest(square, anna) == ["before", "after"]


def test_words_said_in_the_millisecond_of_a_join_are_told_apart() -> None:
    """Records are numbered: a time would show what was said just before. Source: store/history_index.py, rule 2."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert")
    anna.says(f"PRIVMSG {ROOM} :just before")
    bert.says(f"JOIN {ROOM}")
    anna.says(f"PRIVMSG {ROOM} :just after")
    square.end_turn()
    assert latest(square, bert) == ["just after"]


def test_a_lost_connection_loses_nothing() -> None:
    """Until it was lost, and from the return on; not what was said between. Source: DESIGN, "Three windows"."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert", ROOM)
    says(square, anna, "one")
    square.loses(bert)
    says(square, anna, "while away")
    bert = comes(square, "bert", ROOM)
    says(square, anna, "two")
    assert latest(square, bert) == ["one", "two"]


def test_a_restart_loses_nothing() -> None:
    """The first record of a run ends the sessions of the one before; a room made again is read with the one that ended.

    Source: DESIGN, "Three windows".
    """
    square = Square()
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert", ROOM)
    says(square, anna, "one")
    square = restarted(square)
    anna = comes(square, "anna", ROOM)
    says(square, anna, "before bert is back")
    bert = comes(square, "bert", ROOM)
    says(square, anna, "two")
    assert latest(square, bert) == ["one", "two"]
    assert latest(square, anna) == ["one", "before bert is back", "two"]
    eve = comes(square, "eve", ROOM)
    assert latest(square, eve) == []


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_who_was_there_for_days_is_known_after_a_restart(hours: int) -> None:
    """Their JOIN is older than the window: the hourly roll call says that they were there. Source: ADR 13."""
    square = Square()
    square.doors.start()
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert", ROOM)
    for _ in range(hours):
        for client in (anna, bert):
            client.says("PING x")
        says(square, anna, "chatter")
        for _ in range(36):
            square.go_on(100)
            for client in (anna, bert):
                client.says("PONG x")
    says(square, anna, "news")
    square = restarted(square)
    eve = comes(square, "eve", ROOM)
    assert latest(square, eve) == []
    bert = comes(square, "bert", ROOM)
    assert "news" in latest(square, bert)
    assert latest(square, eve) == []


def test_what_is_older_than_the_resume_window_is_gone_for_all() -> None:
    """Being there all the time changes nothing. Source: `history.resume`."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    says(square, anna, "old")
    square.go_on(HOUR_S - 10)
    says(square, anna, "new")
    assert latest(square, anna) == ["old", "new"]
    square.go_on(20)
    assert latest(square, anna) == ["new"]


# The room's window.


def test_a_newcomer_fetches_the_visible_window_and_no_more() -> None:
    """What is older than it was never theirs. Source: `history.default_visible`."""
    square = Square(chosen={"default_visible_s": 600})
    anna = comes(square, "anna", ROOM)
    says(square, anna, "old")
    square.go_on(500)
    says(square, anna, "new")
    square.go_on(200)
    eve = comes(square, "eve", ROOM)
    assert latest(square, eve) == ["new"]
    assert refused(asks(square, comes(square, "zoe"), f"CHATHISTORY LATEST {ROOM} * 9"))


def test_a_window_that_grows_opens_nothing_that_was_closed() -> None:
    """What was said while newcomers could not read it stays closed to them. Source: ADR 13."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    says(square, anna, "closed")
    square.go_on(1)
    anna.says(f"MODE {ROOM} +H 30m")
    square.go_on(1)
    says(square, anna, "open")
    eve = comes(square, "eve", ROOM)
    assert latest(square, eve) == ["open"]
    square.go_on(600)
    anna.says(f"MODE {ROOM} +H 1h")
    assert latest(square, eve) == ["open"]
    anna.says(f"MODE {ROOM} -H")
    square.go_on(1)
    zoe = comes(square, "zoe", ROOM)
    assert latest(square, zoe) == []
    anna.says(f"MODE {ROOM} +H 30m")
    assert latest(square, zoe) == []


def test_what_a_window_opened_stays_as_it_was_after_a_restart() -> None:
    """The moment from which a room shows itself is kept with the room. Source: model/kept.py, `KeptVisible`."""
    square = Square()
    anna = comes(square, "anna")
    anna.says("OPER any correct")
    square.go_on(1)
    anna.says("JOIN #accueil")
    says(square, anna, "closed", "#accueil")
    square.go_on(1)
    anna.says("MODE #accueil +H 2h")
    square.go_on(1)
    says(square, anna, "open", "#accueil")
    square = restarted(square)
    eve = comes(square, "eve", "#accueil")
    assert latest(square, eve, "#accueil") == ["open"]


@pytest.mark.parametrize("window", ["", "0", "-1h", "2 h", "2w", "99999d", "8d", "1h1h", "²h"])
def test_a_window_is_a_length_of_time_no_longer_than_the_keys_live(window: str) -> None:
    """Anything else is answered with 696 and changes nothing. Source: `history.report_window`; modern IRC, 696."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    (answer,) = asks(square, anna, f"MODE {ROOM} +H :{window}")
    assert " 696 anna #nave H " in answer
    assert square.chat.world.rooms[ROOM].visible_s is None


def test_only_hosts_choose_the_window_and_everybody_is_told() -> None:
    """Members read the MODE; who comes in reads a NOTE. Source: modern IRC, 482; standard-replies."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert", ROOM)
    assert " 482 " in asks(square, bert, f"MODE {ROOM} +H 1h")[0]
    bert.hears()
    anna.says(f"MODE {ROOM} +H 3600s")
    square.end_turn()
    assert any(line.endswith(f"MODE {ROOM} +H 1h") for line in bert.hears())
    eve = square.enters("eve")
    eve.says(f"JOIN {ROOM}")
    square.end_turn()
    note = next(line for line in eve.hears() if " NOTE " in line)
    assert note.startswith(f":square.test NOTE JOIN HISTORY_VISIBLE {ROOM} 1h :")
    assert " 324 eve #nave +ntH 1h" in asks(square, eve, f"MODE {ROOM}")[0]


def test_a_stranger_does_not_make_the_server_remember_long() -> None:
    """A room that ends when it is empty shows no more than the server remembers of every room. Source: ADR 13."""
    square = Square()
    eve = comes(square, "eve", "#mine")
    (answer,) = asks(square, eve, "MODE #mine +H 7d")
    assert " 696 eve #mine H * :A room that is not registered " in answer
    assert square.chat.world.showing == {}


# Routes.


def leaves_by_part(square: Square, _host: HeardClient, guest: HeardClient) -> None:
    """Go by oneself."""
    guest.says(f"PART {ROOM}")
    square.end_turn()


def is_kicked(square: Square, host: HeardClient, guest: HeardClient) -> None:
    """Be put out."""
    host.says(f"KICK {ROOM} {guest.nick}")
    square.end_turn()


def is_banned(square: Square, host: HeardClient, guest: HeardClient) -> None:
    """Be put out for good."""
    host.says(f"MODE {ROOM} +b {guest.nick}!*@*", f"KICK {ROOM} {guest.nick}")
    square.end_turn()


@pytest.mark.parametrize("leaves", [leaves_by_part, is_kicked, is_banned])
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("visible", [0, 7200])
def test_who_is_out_keeps_what_they_saw_and_gets_nothing_new(
    leaves: Callable[[Square, HeardClient, HeardClient], None], restarts: bool, visible: int
) -> None:
    """Whatever took them out, and whatever the room shows to who is in it. Source: issue 3, item 10."""
    square = Square(chosen={"default_visible_s": visible})
    host = comes(square, "host", ROOM)
    guest = comes(square, "guest", ROOM)
    says(square, host, "seen")
    leaves(square, host, guest)
    unseen = says(square, host, "unseen")
    if restarts:
        square = Square(
            store=square.archive.store, began_s=square.clock.steady_s() + 1, chosen={"default_visible_s": visible}
        )
        host = comes(square, "host", ROOM)
        guest = comes(square, "guest")
    assert latest(square, guest) == ["seen"]
    for line in (
        f"CHATHISTORY AROUND {ROOM} msgid={unseen} 9",
        f"CHATHISTORY BEFORE {ROOM} msgid={unseen} 9",
        f"CHATHISTORY AFTER {ROOM} msgid={unseen} 9",
    ):
        (answer,) = asks(square, guest, line)
        assert " MESSAGE_ERROR " in answer
    if leaves is not is_banned:
        guest.says(f"JOIN {ROOM}")
        square.end_turn()
        assert latest(square, guest) == (["seen", "unseen"] if visible and not restarts else ["seen"])


def test_a_kicked_member_whose_own_record_was_lost_gets_nothing_more() -> None:
    """A stay that nothing ended counts only while one is in the room. Source: store/history.py, `_own`."""
    square = Square()
    host = comes(square, "host", ROOM)
    guest = comes(square, "guest", ROOM)
    says(square, host, "seen")
    square.end_turn()
    square.chat.turn.begin()
    square.chat.fence()
    square.chat.apply(e.Parted(guest, square.chat.world.rooms[ROOM]))
    square.end_turn()
    says(square, host, "unseen")
    assert refused(asks(square, guest, f"CHATHISTORY LATEST {ROOM} * 9"))
    guest.says(f"JOIN {ROOM}")
    says(square, host, "seen again")
    assert latest(square, guest) == ["seen again"]


def test_a_killed_person_keeps_what_they_saw() -> None:
    """KILL ends every stay; the one who is killed is not the author of the record. Source: ADR 13."""
    square = Square()
    host = comes(square, "host", ROOM, caps=PLAYBACK)
    host.says("OPER any correct")
    square.go_on(1)
    guest = comes(square, "guest", ROOM)
    says(square, host, "seen")
    host.says("KILL guest :enough")
    square.end_turn()
    says(square, host, "unseen")
    guest = comes(square, "guest", ROOM)
    assert latest(square, guest) == ["seen"]
    assert "QUIT" in commands(asks(square, host, f"CHATHISTORY LATEST {ROOM} * 100"))


@pytest.mark.parametrize("target", [ROOM, "#secret", "#nowhere", "nobody", "*", "#", "&x", "anna!a@b", "@#nave"])
def test_an_outsider_reads_the_same_of_every_target(target: str) -> None:
    """A room that is secret, one that is not there, a name that nobody has. Source: store/history.py, rule 3."""
    square = Square()
    anna = comes(square, "anna", ROOM, "#secret")
    anna.says("MODE #secret +s")
    says(square, anna, "words", "#secret")
    says(square, anna, "words")
    eve = comes(square, "eve")
    answers = []
    for asked in (target, "#nowhere-else"):
        before = len(eve.writes)
        eve.says(f"CHATHISTORY LATEST {asked} * 9")
        square.end_turn()
        assert len(eve.writes) == before, "answered before the archive was asked"
        square.go_on(0.1)
        (answer,) = eve.hears()
        answers.append(answer.partition(" FAIL ")[2].replace(asked, "?").replace("* :", "? :"))
    assert answers[0] == answers[1]
    assert answers[0].startswith("CHATHISTORY INVALID_TARGET LATEST ")


def test_a_foreign_message_id_is_an_unknown_one() -> None:
    """Of another room, of another pair, of the time before one came. Source: store/history.py, rule 1."""
    square = Square()
    anna = comes(square, "anna", ROOM, "#other")
    bert = comes(square, "bert")
    eve = comes(square, "eve")
    early = says(square, anna, "early")
    elsewhere = says(square, anna, "elsewhere", "#other")
    private = says(square, anna, "private", "bert")
    eve.says(f"JOIN {ROOM}")
    square.end_turn()
    own = says(square, eve, "hello")
    assert texts(asks(square, eve, f"CHATHISTORY AROUND {ROOM} msgid={own} 9")) == ["hello"]
    told = set()
    for known in (early, elsewhere, private, "AAAAAAAAAAAAAAAAAAAA", "x", "=", own[:-1]):
        for span in ("LATEST", "BEFORE", "AFTER", "AROUND"):
            (answer,) = asks(square, eve, f"CHATHISTORY {span} {ROOM} msgid={known} 9")
            told.add(answer.partition(" FAIL ")[2].replace(span, "?"))
        (answer,) = asks(square, eve, f"CHATHISTORY BETWEEN {ROOM} msgid={own} msgid={known} 9")
        told.add(answer.partition(" FAIL ")[2].replace("BETWEEN", "?"))
    assert len(told) == 1
    assert bert.hears() is not None


def test_no_subcommand_reaches_out_of_what_one_may_fetch() -> None:
    """Moments, both ways, at every limit: the answer is the same as if the rest had never been said."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    for at in range(5):
        says(square, anna, f"early {at}")
        square.go_on(1)
    eve = comes(square, "eve", ROOM)
    for at in range(5):
        says(square, anna, f"late {at}")
        square.go_on(1)
    moments = [f"timestamp=2027-01-15T08:00:{second:02d}.000Z" for second in range(14)]
    mine = {f"late {at}" for at in range(5)}
    for moment in moments:
        for span in ("LATEST", "BEFORE", "AFTER", "AROUND"):
            for limit in (1, 2, 3, 100):
                assert set(texts(asks(square, eve, f"CHATHISTORY {span} {ROOM} {moment} {limit}"))) <= mine
        for other in moments:
            found = texts(asks(square, eve, f"CHATHISTORY BETWEEN {ROOM} {moment} {other} 3"))
            assert set(found) <= mine
    assert texts(asks(square, eve, f"CHATHISTORY AROUND {ROOM} {moments[0]} 3")) == ["late 0", "late 1", "late 2"]
    assert texts(asks(square, eve, f"CHATHISTORY BETWEEN {ROOM} {moments[0]} {moments[13]} 2")) == ["late 0", "late 1"]


def test_a_room_made_again_shows_nothing_of_the_one_before_it() -> None:
    """Who opens the name anew is in another conversation. Source: DESIGN: "a re-created room is a new conversation"."""
    square = Square(chosen={"default_visible_s": 7200})
    anna = comes(square, "anna", ROOM)
    old = says(square, anna, "old")
    anna.says(f"PART {ROOM}")
    square.end_turn()
    eve = comes(square, "eve", ROOM)
    assert latest(square, eve) == []
    assert " MESSAGE_ERROR " in asks(square, eve, f"CHATHISTORY AROUND {ROOM} msgid={old} 9")[0]
    assert latest(square, anna) == ["old"]


def test_words_to_hosts_alone_are_nobody_elses() -> None:
    """Who the hosts were when it was said is not known any more: only who said it fetches it. Source: STATUSMSG."""
    square = Square(chosen={"default_visible_s": 7200})
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert", ROOM)
    says(square, anna, "among us", f"@{ROOM}")
    room = square.chat.world.rooms[ROOM]
    body = b"@+x;parvis.chat/for-hosts :%b PRIVMSG %b :held back" % (anna.prefix, ROOM.encode())
    square.chat.turn.begin()
    square.chat.record(RecordKind.MESSAGE, anna, room.id, body, b"\x01" * 15)
    says(square, anna, "to all")
    assert latest(square, bert) == ["to all"]
    anna.says(f"MODE {ROOM} +o bert")
    assert latest(square, bert) == ["to all"]
    assert latest(square, anna) == ["among us", "held back", "to all"]


def test_an_auditorium_plays_no_comings_and_goings_to_its_listeners() -> None:
    """Who is there is known to its hosts alone, then as now. Source: modern IRC clients' "auditorium"."""
    square = Square()
    host = comes(square, "host", ROOM, caps=PLAYBACK)
    square.chat.apply(e.FlagChanged(square.chat.world.rooms[ROOM], "u", True))
    guest = comes(square, "guest", ROOM, caps=PLAYBACK)
    comes(square, "third", ROOM).says("NICK drei", f"PRIVMSG {ROOM} :words", f"PART {ROOM}")
    square.go_on(1)
    assert commands(asks(square, guest, f"CHATHISTORY LATEST {ROOM} * 9")) == ["PRIVMSG"]
    assert commands(asks(square, host, f"CHATHISTORY LATEST {ROOM} * 9")) == [
        *("JOIN", "JOIN", "JOIN", "NICK", "PRIVMSG", "PART"),
    ]


def test_a_message_of_several_lines_is_never_a_line_of_the_server() -> None:
    """Each of its lines is played as one. Source: chat/history.py, `write`."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    square.chat.turn.begin()
    body = b":%b PRIVMSG %b :one\nPING :x\r\ntwo" % (anna.prefix, ROOM.encode())
    room = square.chat.world.rooms[ROOM]
    square.chat.record(RecordKind.MESSAGE, anna, room.id, body, b"\x01" * 15)
    square.go_on(1)
    lines = asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9")
    assert commands(lines) == ["PRIVMSG"] * 3
    assert [line.partition(f" PRIVMSG {ROOM} :")[2] for line in lines[1:-1]] == ["one", "PING :x", "two"]


def test_a_message_of_many_lines_is_played_and_taken_back_whole() -> None:
    """In a batch inside the batch for who knows multiline, line by line for others. Source: docs/adr/0017."""
    square = Square()
    caps = (*CAPS, "labeled-response", "draft/multiline")
    anna, bert = comes(square, "anna", ROOM, caps=caps), comes(square, "bert", ROOM)
    anna.says(f"BATCH +m draft/multiline {ROOM}", f"@batch=m PRIVMSG {ROOM} :one", f"@batch=m PRIVMSG {ROOM} :two")
    anna.says(f"@batch=m;draft/multiline-concat PRIVMSG {ROOM} :fold", "BATCH -m")
    lines = asks(square, anna, f"@label=l CHATHISTORY LATEST {ROOM} * 1")
    outer, inner = (lines[at].split(" BATCH +")[1].split(" ")[0] for at in (0, 1))
    assert lines[0].startswith("@label=l;")
    assert lines[1].startswith(f"@batch={outer};")
    assert [line.split(" ")[0] for line in lines[2:5]] == [
        *(f"@batch={inner}", f"@batch={inner}", f"@batch={inner};draft/multiline-concat"),
    ]
    assert lines[5].endswith(f" BATCH -{inner}")
    assert lines[5].startswith(f"@batch={outer} ")
    plain = asks(square, bert, f"CHATHISTORY LATEST {ROOM} * 1")
    assert texts(plain) == texts(lines) == ["one", "two", "fold"]
    message = lines[1].split("msgid=")[1].split(";")[0].split(" ")[0]
    assert [line.count("msgid=") for line in plain[1:-1]] == [1, 0, 0]
    asks(square, anna, f"REDACT {ROOM} {message}")
    assert latest(square, anna) == latest(square, bert) == []


# Private conversations.


def test_both_of_a_pair_fetch_it_and_nobody_else() -> None:
    """By the pseudonym of the other one; a third person finds an own, empty conversation. Source: DESIGN, promise 2."""
    square = Square()
    anna, bert, eve = comes(square, "anna"), comes(square, "bert"), comes(square, "eve")
    first = says(square, anna, "hello", "bert")
    says(square, bert, "hello back", "anna")
    assert latest(square, anna, "bert") == latest(square, bert, "anna") == ["hello", "hello back"]
    assert latest(square, bert, "ANNA") == ["hello", "hello back"]
    assert latest(square, eve, "anna") == latest(square, eve, "bert") == []
    assert " MESSAGE_ERROR " in asks(square, eve, f"CHATHISTORY AROUND anna msgid={first} 9")[0]
    assert latest(square, anna, "anna") == []
    square.go_on(HOUR_S)
    assert latest(square, anna, "bert") == []


def test_whoever_takes_a_pseudonym_over_gets_nothing_of_its_last_bearer() -> None:
    """A conversation is a pair of identities, not of names. Source: DESIGN, "Accounts, guests, rooms"."""
    square = Square()
    anna = comes(square, "anna")
    bert = square.enters("bert", *CAPS)
    says(square, anna, "for bert alone", "bert")
    square.loses(bert)
    thief = square.enters("bert", *CAPS)
    assert latest(square, thief, "anna") == []
    square.loses(thief)
    assert latest(square, anna, "bert") == ["for bert alone"]


def test_who_was_written_to_is_found_by_their_last_pseudonym() -> None:
    """After they left, and after a restart. Source: issue 3, history; store/history.py, `_pair_named`."""
    square = Square()
    anna = comes(square, "anna")
    guest = square.enters("guest", *CAPS)
    says(square, anna, "one", "guest")
    says(square, guest, "two", "anna")
    square.loses(guest)
    assert latest(square, anna, "guest") == ["one", "two"]
    square = restarted(square)
    anna = comes(square, "anna")
    assert latest(square, anna, "Guest") == ["one", "two"]
    assert refused(asks(square, comes(square, "eve"), "CHATHISTORY LATEST guest * 9"))


def test_whom_one_silences_is_not_read_in_history_either() -> None:
    """In private alone, as when it was said; nobody is told. Source: chat/silences.py."""
    square = Square()
    anna, bert = comes(square, "anna", ROOM), comes(square, "bert", ROOM)
    asks(square, anna, "SILENCE +bert!*@*")
    says(square, bert, "nuisance", "anna")
    says(square, bert, "in the room")
    assert latest(square, anna, "bert") == []
    assert latest(square, bert, "anna") == ["nuisance"]
    assert latest(square, anna) == ["in the room"]
    span = "timestamp=2027-01-15T00:00:00.000Z timestamp=2027-01-16T00:00:00.000Z"
    assert not any(" TARGETS bert " in line for line in asks(square, anna, f"CHATHISTORY TARGETS {span} 9"))


# What is shown.


def test_without_event_playback_only_messages_are_played() -> None:
    """And with it what happened. Source: IRCv3 draft/chathistory, "Event Playback"."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    bert = comes(square, "bert", ROOM, caps=PLAYBACK)
    anna.says(f"TOPIC {ROOM} :about", f"MODE {ROOM} +m", "NICK anne", f"@+draft/persist TAGMSG {ROOM}")
    anna.says(f"@+react=x TAGMSG {ROOM}", f"PRIVMSG {ROOM} :words")
    carl = square.enters("carl", rooms=[ROOM])
    carl.says("QUIT :bye")
    dora = square.enters("dora", rooms=[ROOM])
    dora.says(f"PART {ROOM}", f"JOIN {ROOM}")
    anna.says(f"KICK {ROOM} dora")
    square.go_on(1)
    assert commands(asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 100")) == ["PRIVMSG"]
    assert commands(asks(square, bert, f"CHATHISTORY LATEST {ROOM} * 100")) == [
        *("JOIN", "TOPIC", "MODE", "NICK", "TAGMSG", "PRIVMSG", "JOIN", "QUIT"),
        *("JOIN", "PART", "JOIN", "KICK"),
    ]


def test_what_nobody_has_read_is_no_history() -> None:
    """A batch that was found after a failed commit is there twice, and shown once. Source: DESIGN, promise 1."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    square.commits_fail(1, Fault.UNKNOWN)
    anna.says(f"PRIVMSG {ROOM} :words")
    square.end_turn()
    bert = comes(square, "bert")
    assert bert.hears() == []
    square.go_on(1)
    assert latest(square, anna) == ["words"]


def test_what_is_not_durable_yet_is_no_history() -> None:
    """The answer waits with everything else, and holds what was durable when it was asked. Source: ARCHITECTURE, 4."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    says(square, anna, "one")
    square.commits_fail(1, Fault.HANGS)
    anna.says(f"PRIVMSG {ROOM} :two", f"CHATHISTORY LATEST {ROOM} * 9")
    square.go_on(1)
    assert anna.hears() == []
    square.archive.release()
    square.go_on(1)
    assert texts(anna.hears()) == ["two", "one"]
    assert latest(square, anna) == ["one", "two"]


def test_without_history_nothing_is_offered_or_answered() -> None:
    """The capability and the tokens are not there, and the command is unknown. Source: `history.enabled`."""
    square = Square(chosen={"history_enabled": False})
    anna = square.enters("anna", rooms=[ROOM])
    told = " ".join(asks(square, anna, "CAP LS 302") + asks(square, anna, "ISUPPORT"))
    assert "chathistory" not in told.lower()
    assert "event-playback" not in told
    assert "MSGREFTYPES" not in told
    assert " 421 " in asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9")[0]


def test_targets_are_those_that_one_may_fetch() -> None:
    """Rooms one was in, people one wrote with, by their newest line; nothing of others. Source: "TARGETS"."""
    square = Square()
    anna = comes(square, "anna", ROOM, "#gone")
    bert, eve = comes(square, "bert", ROOM), comes(square, "eve")
    says(square, anna, "a", "#gone")
    square.go_on(1)
    anna.says("PART #gone")
    says(square, anna, "b", "bert")
    square.go_on(1)
    says(square, bert, "c")
    square.go_on(1)
    span = "timestamp=2027-01-15T00:00:00.000Z timestamp=2027-01-16T00:00:00.000Z"
    back = " ".join(span.split(" ")[::-1])

    def targets(client: HeardClient, words: str) -> list[str]:
        lines = asks(square, client, f"CHATHISTORY TARGETS {words}")
        return [line.split(" TARGETS ")[1] for line in lines if " TARGETS " in line]

    assert targets(anna, f"{span} 9") == [
        "#gone 2027-01-15T08:00:00.000Z",
        "bert 2027-01-15T08:00:01.000Z",
        "#nave 2027-01-15T08:00:02.000Z",
    ]
    assert [line.split(" ")[0] for line in targets(anna, f"{span} 2")] == ["#gone", "bert"]
    assert [line.split(" ")[0] for line in targets(anna, f"{back} 2")] == ["bert", "#nave"]
    assert [line.split(" ")[0] for line in targets(bert, f"{span} 9")] == ["anna", "#nave"]
    assert targets(eve, f"{span} 9") == []
    exact = "timestamp=2027-01-15T08:00:00.000Z timestamp=2027-01-15T08:00:02.000Z"
    assert [line.split(" ")[0] for line in targets(anna, f"{exact} 9")] == ["bert"]


def test_an_archive_that_cannot_be_read_is_told_and_read_again() -> None:
    """Nothing depends on what memory held. Source: ports/history.py, "Failure"; "MESSAGE_ERROR"."""
    store = MemoryStore()
    square = Square(store=store)
    anna = comes(square, "anna", ROOM)
    says(square, anna, "one")
    rows = store.batches[-1]
    kept, rows[3] = rows[3], bytes(64)
    (answer,) = asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9")
    assert " FAIL CHATHISTORY MESSAGE_ERROR LATEST #nave :" in answer
    rows[3] = kept
    assert latest(square, anna) == ["one"]


def test_what_was_erased_or_has_ended_is_left_out() -> None:
    """A record whose key is gone takes no place in the answer. Source: DESIGN, promise 5."""
    store = MemoryStore()
    square = Square(store=store)
    anna = comes(square, "anna", ROOM)
    says(square, anna, "ended")
    square.go_on(HOUR_S - 20)
    store.content_keys.clear()
    square.go_on(10)
    square.chat.turn.begin()
    assert latest(square, anna) == []


# Who one is.


def test_who_logs_in_keeps_what_the_session_saw() -> None:
    """From another connection too, once the account has said anything; nobody else's session. Source: ADR 13."""
    square = Square()
    host = comes(square, "host", ROOM)
    guest = square.enters("guest", *CAPS, rooms=[ROOM])
    says(square, host, "as a guest")
    logs_in(square, guest, "guest")
    says(square, guest, "as an account")
    square.loses(guest)
    says(square, host, "while away")
    guest = comes(square, "guest")
    assert latest(square, guest) == ["as a guest", "as an account"]
    assert refused(asks(square, comes(square, "eve"), f"CHATHISTORY LATEST {ROOM} * 9"))


def test_a_guest_is_a_newcomer_each_time() -> None:
    """The pseudonym proves nothing. Source: DESIGN, "Accounts, guests, rooms"."""
    square = Square()
    host = comes(square, "host", ROOM)
    guest = square.enters("guest", *CAPS, rooms=[ROOM])
    says(square, host, "words")
    square.loses(guest)
    guest = square.enters("guest", *CAPS, rooms=[ROOM])
    assert latest(square, guest) == []


def test_every_device_is_answered_in_its_own_form() -> None:
    """What one connection of a person asked for is not what another did. Source: docs/adr/0008."""
    square = Square()
    anna = comes(square, "anna", ROOM, caps=PLAYBACK)
    says(square, anna, "words")
    plain = square.connects()
    square.chat.attach(plain, anna)
    assert commands(asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9")) == ["JOIN", "PRIVMSG"]
    anna.hears()
    assert asks(square, plain, f"CHATHISTORY LATEST {ROOM} * 9") == [
        f":{anna.prefix.decode()} PRIVMSG {ROOM} :words",
    ]
    assert anna.hears() == []


def test_the_account_of_an_author_is_told() -> None:
    """To who asked for account-tag. Source: IRCv3 account-tag; draft/chathistory, "Returned message notes"."""
    square = Square()
    anna = comes(square, "anna", ROOM, caps=(*CAPS, "account-tag"))
    says(square, anna, "words")
    (_, line, _) = asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9")
    assert "account=anna" in line.split(" ")[0].split(";")


# Roll calls.


def test_a_roll_is_called_each_hour_in_which_anything_was_sealed() -> None:
    """Nobody is shown one, and it names nobody. Source: chat/roll_call.py."""
    square = Square()
    square.doors.start()
    anna = comes(square, "anna", ROOM)

    def calls() -> int:
        return sum(line.startswith("ROLLCALL ") for line in square.kept())

    for _ in range(80):
        square.go_on(100)
        anna.says("PING x", "PONG x")
    assert calls() == 1
    says(square, anna, "words")
    for _ in range(40):
        square.go_on(100)
        anna.says("PING x", "PONG x")
    assert calls() == 2
    assert not any("ROLLCALL" in line for line in anna.all_heard())
    assert not any("anna" in line or ROOM in line for line in square.kept() if line.startswith("ROLLCALL "))


def test_who_was_in_an_auditorium_is_not_told_once_it_has_ended() -> None:
    """Neither while nothing bears its name, nor by opening another room of that name. Source: ADR 13."""
    square = Square()
    host = comes(square, "host", ROOM, caps=PLAYBACK)
    square.chat.apply(e.FlagChanged(square.chat.world.rooms[ROOM], "u", True))
    guest = comes(square, "guest", ROOM, caps=PLAYBACK)
    third = comes(square, "third", ROOM)
    third.says(f"PRIVMSG {ROOM} :words", f"PART {ROOM}", "QUIT")
    host.says(f"PART {ROOM}")
    guest.says(f"PART {ROOM}")
    square.go_on(1)
    own = ["JOIN", "PRIVMSG", "PART"]
    assert commands(asks(square, guest, f"CHATHISTORY LATEST {ROOM} * 9")) == own
    asks(square, guest, f"JOIN {ROOM}")
    assert commands(asks(square, guest, f"CHATHISTORY LATEST {ROOM} * 9")) == [*own, "JOIN"]


def test_a_page_is_bounded_in_bytes_for_who_does_not_know_multiline() -> None:
    """Tags and head are repeated with each line of a message. Source: `store.history.PAGE_BYTES_MAX`."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    room = square.chat.world.rooms[ROOM]
    square.chat.turn.begin()
    lines = b"\n".join([b"x"] * 32)
    body = b"@+x=%b :%b PRIVMSG %b :%b" % (b"y" * 4000, anna.prefix, ROOM.encode(), lines)
    for number in range(1, 60):
        square.chat.record(RecordKind.MESSAGE, anna, room.id, body, bytes((number,)) * 15)
    answer = asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 100")
    assert 0 < sum(map(len, answer)) < 2 * PAGE_BYTES_MAX
