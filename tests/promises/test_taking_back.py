"""What was taken back is gone for everybody who would fetch it, and stays sealed; nobody takes back what is not theirs.

Source: docs/adr/0014-redaction.md; IRCv3 draft/message-redaction; DESIGN, 3.
"""

import pytest
from tests.promises.harness import HeardClient, Square
from tests.promises.test_history_obeys_the_room import CAPS, PLAYBACK, ROOM, asks, comes, commands, latest, says

UNKNOWN = "AAAAAAAAAAAAAAAAAAAA"


def answer_to(square: Square, client: HeardClient, line: str) -> str:
    """Give the one line that answers, without its tags."""
    (answer,) = asks(square, client, line)
    return answer.split(" ", 1)[1] if answer.startswith("@") else answer


def refusal(square: Square, client: HeardClient, line: str) -> str:
    """Give the code of the FAIL that answers."""
    words = answer_to(square, client, line).split(" ")
    assert words[1:3] == ["FAIL", "REDACT"]
    return words[3]


def test_one_takes_back_what_one_wrote() -> None:
    """The text is gone from history for who comes and who was there; the archive holds it. Source: issue 3, 10."""
    square = Square(chosen={"default_visible_s": 3600})
    anna, bert = comes(square, "anna", ROOM), comes(square, "bert", ROOM, caps=PLAYBACK)
    plain = square.enters("plain", rooms=[ROOM])
    said = says(square, anna, "a slip")
    says(square, anna, "the rest")
    bert.hears()
    plain.hears()
    assert answer_to(square, anna, f"REDACT {ROOM} {said} :wrong room").endswith(f" REDACT {ROOM} {said} :wrong room")
    assert [line.split(" ", 1)[1] for line in bert.hears()] == [
        f":anna!~anna@{anna.host} REDACT {ROOM} {said} :wrong room"
    ]
    assert plain.hears() == []
    for reader in (anna, bert, comes(square, "eve", ROOM)):
        assert latest(square, reader) == ["the rest"]
    assert "REDACT" in commands(asks(square, bert, f"CHATHISTORY LATEST {ROOM} * 9"))
    assert "REDACT" not in commands(asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9"))
    assert sum(line.endswith(":a slip") for line in square.kept()) == 1
    square = Square(store=square.archive.store, began_s=square.clock.steady_s() + 1)
    assert latest(square, comes(square, "anna", ROOM)) == ["the rest"]


def test_what_was_taken_back_still_marks_a_place() -> None:
    """A client that asks for what follows it is answered. Source: IRCv3 draft/chathistory, "AFTER"."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    said = says(square, anna, "one")
    says(square, anna, "two")
    asks(square, anna, f"REDACT {ROOM} {said}")
    lines = asks(square, anna, f"CHATHISTORY AFTER {ROOM} msgid={said} 9")
    assert commands(lines) == ["PRIVMSG"]


def test_hosts_and_staff_take_back_what_others_wrote() -> None:
    """A host in the room they run; the server's operators anywhere, and they read it too. Source: ADR 14."""
    square = Square()
    host, guest = comes(square, "host", ROOM), comes(square, "guest", ROOM)
    staff = comes(square, "staff")
    staff.says("OPER any correct")
    square.go_on(1)
    first, second = says(square, guest, "spam"), says(square, guest, "more spam")
    assert f"REDACT {ROOM} {first}" in answer_to(square, host, f"REDACT {ROOM} {first} :spam")
    guest.hears()
    assert f"REDACT {ROOM} {second}" in answer_to(square, staff, f"REDACT {ROOM} {second}")
    assert any(f"REDACT {ROOM} {second}" in line for line in guest.hears())
    assert latest(square, guest) == []


def test_nobody_takes_back_what_is_not_theirs() -> None:
    """Others' words, in this room, in another, by a rank held elsewhere. Source: message-redaction, "Errors"."""
    square = Square()
    host, guest = comes(square, "host", ROOM, "#hosts"), comes(square, "guest", ROOM, "#guests")
    said = says(square, host, "mine")
    assert refusal(square, guest, f"REDACT {ROOM} {said}") == "REDACT_FORBIDDEN"
    assert refusal(square, guest, f"REDACT #guests {said}") == "UNKNOWN_MSGID"
    assert refusal(square, guest, f"REDACT #hosts {said}") == "INVALID_TARGET"
    assert refusal(square, guest, f"REDACT host {said}") == "UNKNOWN_MSGID"
    assert refusal(square, guest, f"REDACT #nowhere {said}") == "INVALID_TARGET"
    assert refusal(square, guest, f"REDACT nobody {said}") == "INVALID_TARGET"
    for wrong in (UNKNOWN, "x", "*", said[:-1], said.swapcase()):
        assert refusal(square, host, f"REDACT {ROOM} {wrong}") == "UNKNOWN_MSGID"
    assert latest(square, guest) == ["mine"]


def test_a_message_that_one_may_not_fetch_is_an_unknown_one() -> None:
    """Whether it exists is not told to who was not there. Source: message-redaction, "Server implementation"."""
    square = Square()
    host = comes(square, "host", ROOM)
    said = says(square, host, "early")
    eve = comes(square, "eve", ROOM)
    assert refusal(square, eve, f"REDACT {ROOM} {said}") == "UNKNOWN_MSGID"


@pytest.mark.parametrize("goes", ["KICK", "PART"])
def test_who_is_out_takes_nothing_back(goes: str) -> None:
    """Not even their own words, nor when they are put out while the archive is asked. Source: ADR 14."""
    square = Square()
    host, guest = comes(square, "host", ROOM), comes(square, "guest", ROOM)
    said = says(square, guest, "words")
    guest.hears()
    guest.says(f"REDACT {ROOM} {said}")
    if goes == "KICK":
        host.says(f"KICK {ROOM} guest")
    square.go_on(0.1)
    answers = guest.hears()
    if goes == "KICK":
        assert any(" INVALID_TARGET " in line for line in answers)
    else:
        assert any(f"REDACT {ROOM} {said}" in line for line in answers)
        guest.says(f"PART {ROOM}")
        square.end_turn()
    assert refusal(square, guest, f"REDACT {ROOM} {said}") == "INVALID_TARGET"


def test_in_private_each_takes_back_their_own() -> None:
    """Both read it; the other one's words stay, and staff are no party to it. Source: ADR 14."""
    square = Square()
    anna, bert = comes(square, "anna"), comes(square, "bert")
    bert.says("OPER any correct")
    square.go_on(1)
    said = says(square, anna, "a slip", "bert")
    bert.hears()
    assert refusal(square, bert, f"REDACT anna {said}") == "REDACT_FORBIDDEN"
    assert f"REDACT bert {said}" in answer_to(square, anna, f"REDACT bert {said}")
    assert any(f"REDACT bert {said}" in line for line in bert.hears())
    assert latest(square, bert, "anna") == latest(square, anna, "bert") == []


def test_what_was_taken_back_or_is_no_message_is_not_taken_back() -> None:
    """Once is enough; a TOPIC is set anew. Source: message-redaction, "Command"."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    said = says(square, anna, "one")
    asks(square, anna, f"REDACT {ROOM} {said}")
    assert refusal(square, anna, f"REDACT {ROOM} {said}") == "UNKNOWN_MSGID"
    topic = asks(square, anna, f"TOPIC {ROOM} :about")[0].split("msgid=")[1].split(" ")[0].split(";")[0]
    assert refusal(square, anna, f"REDACT {ROOM} {topic}") == "UNKNOWN_MSGID"
    anna.says(f"@+react=x TAGMSG {ROOM}")
    square.end_turn()
    tagged = next(line for line in anna.hears() if "TAGMSG" in line).split("msgid=")[1].split(";")[0]
    assert f"REDACT {ROOM} {tagged}" in answer_to(square, anna, f"REDACT {ROOM} {tagged}")


def test_a_message_is_taken_back_while_somebody_may_fetch_it() -> None:
    """Later there is nothing to take back: its author is told so. Source: "REDACT_WINDOW_EXPIRED"."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    says(square, anna, "another")
    said = says(square, anna, "one")
    asks(square, anna, f"CHATHISTORY LATEST {ROOM} * 9")
    square.go_on(3601)
    assert refusal(square, anna, f"REDACT {ROOM} {said}") == "REDACT_WINDOW_EXPIRED"


def test_an_operator_may_keep_people_from_taking_back() -> None:
    """Then hosts alone do. Source: `history.allow_redact`."""
    square = Square(chosen={"allow_redact": False})
    host, guest = comes(square, "host", ROOM), comes(square, "guest", ROOM)
    said = says(square, guest, "words")
    assert refusal(square, guest, f"REDACT {ROOM} {said}") == "REDACT_FORBIDDEN"
    assert "REDACT" in answer_to(square, host, f"REDACT {ROOM} {said}")


def test_a_reason_that_does_not_fit_is_refused_whole() -> None:
    """Nothing is cut. Source: modern IRC, 417."""
    square = Square()
    anna = comes(square, "anna", ROOM)
    said = says(square, anna, "one")
    assert " 417 " in answer_to(square, anna, f"REDACT {ROOM} {said} :{'x' * 460}")
    assert latest(square, anna) == ["one"]


def test_who_lacks_the_capability_is_answered_under_a_label() -> None:
    """With an ACK, since the line itself is not for them. Source: IRCv3 labeled-response, "ACK"."""
    square = Square()
    anna = comes(square, "anna", ROOM, caps=(*CAPS[:3], "echo-message", "labeled-response"))
    said = says(square, anna, "one")
    (answer,) = asks(square, anna, f"@label=x REDACT {ROOM} {said}")
    assert answer.startswith("@label=x;")
    assert answer.endswith(" ACK")


@pytest.mark.parametrize("modes", ["+m", "+b m:guest!*@*", "+U"])
def test_a_reason_is_a_text_like_any_other(modes: str) -> None:
    """Who may not speak there says nothing by taking back, and takes back all the same. Source: ADR 14."""
    square = Square()
    host, guest = comes(square, "host", ROOM), comes(square, "guest", ROOM)
    first, second = says(square, guest, "one"), says(square, host, "two")
    asks(square, host, f"MODE {ROOM} {modes}")
    host.hears()
    assert refusal(square, guest, f"REDACT {ROOM} {first} :abuse") == "REDACT_FORBIDDEN"
    assert host.hears() == []
    assert f"REDACT {ROOM} {first}" in answer_to(square, guest, f"REDACT {ROOM} {first}")
    assert f"REDACT {ROOM} {second} :why" in answer_to(square, host, f"REDACT {ROOM} {second} :why")


def test_taking_back_reaches_nobody_who_chose_not_to_read() -> None:
    """Not who silenced the author, who is not told; nor, with words, who reads accounts alone. Source: DESIGN, 4."""
    square = Square()
    anna, bert = comes(square, "anna"), comes(square, "bert")
    asks(square, bert, "SILENCE +anna!*@*")
    said = says(square, anna, "nuisance", "bert")
    assert f"REDACT bert {said} :more" in answer_to(square, anna, f"REDACT bert {said} :more")
    assert bert.hears() == []
    asks(square, bert, "SILENCE -anna!*@*")
    guest = square.enters("guest", *CAPS)
    said = says(square, guest, "early", "bert")
    asks(square, bert, "MODE bert +R")
    bert.hears()
    assert refusal(square, guest, f"REDACT bert {said} :more") == "REDACT_FORBIDDEN"
    assert bert.hears() == []
    assert f"REDACT bert {said}" in answer_to(square, guest, f"REDACT bert {said}")
    assert len(bert.hears()) == 1


def test_who_takes_over_a_pseudonym_reads_nothing_of_what_is_taken_back() -> None:
    """Even while the archive is asked; who was written to reads it under any name. Source: ADR 14."""
    square = Square()
    anna, bert, carl = comes(square, "anna"), square.enters("bert", *CAPS), square.enters("carl", *CAPS)
    said = says(square, anna, "a slip", "bert")
    anna.says(f"REDACT bert {said} :wrong one")
    bert.says("NICK robert")
    carl.says("NICK bert")
    square.end_turn()
    bert.hears()
    carl.hears()
    square.go_on(0.1)
    assert carl.hears() == []
    assert len(bert.hears()) == 1
