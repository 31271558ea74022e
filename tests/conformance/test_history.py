"""CHATHISTORY over a real socket. Source: IRCv3 draft/chathistory; batch; labeled-response; standard-replies.

Who may fetch what: tests/promises/test_history_obeys_the_room.py.
"""

import time
from pathlib import Path

import pytest
from tests.client import Client, Message, commands, only
from tests.conformance.conftest import Enter
from tests.logins import plain
from tests.server import serving

CAPS = ("batch", "message-tags", "server-time", "echo-message", "labeled-response", "draft/chathistory")
PLAYBACK = (*CAPS, "draft/event-playback")

KIND = ("chathistory", "#lasting")


def batch(messages: list[Message], kind: str, *params: str) -> list[Message]:
    """Check that an answer is one batch, whatever was heard before it, and give what is in it."""
    begins = next(at for at, each in enumerate(messages) if each.command == "BATCH")
    first, *inside, last = messages[begins:]
    assert first.command == last.command == "BATCH"
    assert first.params[0].startswith("+")
    assert first.params[1:] == [kind, *params]
    assert last.params == ["-" + first.params[0][1:]]
    assert all(each.tags["batch"] == first.params[0][1:] for each in inside)
    return inside


def said(messages: list[Message]) -> list[tuple[str, str, str, str]]:
    """Give what makes a line the same line: id, time, target and text."""
    return [(each.tags["msgid"], each.tags["time"], each.params[0], each.params[-1]) for each in messages]


def speak(client: Client, target: str, texts: list[str]) -> list[Message]:
    """Say something, each at a time of its own, and give the echoes."""
    echoes = []
    for text in texts:
        echoes += only(client.ask(f"PRIVMSG {target} :{text}"), "PRIVMSG")
        time.sleep(0.002)
    return echoes


@pytest.mark.parametrize("reference", ["msgid", "timestamp"])
def test_every_subcommand_counts_as_it_should(enter: Enter, room: str, reference: str) -> None:
    """LATEST, BEFORE, AFTER, BETWEEN both ways, AROUND. Source: draft/chathistory, "Subcommands"."""
    client = enter("anna", CAPS, [room])
    echoes = speak(client, room, [f"message {at}" for at in range(10)])
    whole = said(echoes)
    at = [f"{reference}={each.tags['msgid' if reference == 'msgid' else 'time']}" for each in echoes]

    def fetched(words: str) -> list[tuple[str, str, str, str]]:
        return said(batch(client.ask(f"CHATHISTORY {words}"), "chathistory", room))

    assert fetched(f"LATEST {room} * 20") == whole
    assert fetched(f"LATEST {room} * 5") == whole[-5:]
    assert fetched(f"latest {room} {at[4]} 20") == whole[5:]
    assert fetched(f"BEFORE {room} {at[6]} 20") == whole[:6]
    assert fetched(f"BEFORE {room} {at[6]} 2") == whole[4:6]
    assert fetched(f"AFTER {room} {at[3]} 20") == whole[4:]
    assert fetched(f"AFTER {room} {at[3]} 3") == whole[4:7]
    assert fetched(f"BETWEEN {room} {at[0]} {at[9]} 20") == whole[1:-1]
    assert fetched(f"BETWEEN {room} {at[9]} {at[0]} 20") == whole[1:-1]
    assert fetched(f"BETWEEN {room} {at[0]} {at[9]} 3") == whole[1:4]
    assert fetched(f"BETWEEN {room} {at[9]} {at[0]} 3") == whole[-4:-1]
    assert fetched(f"AROUND {room} {at[7]} 1") == [whole[7]]
    assert fetched(f"AROUND {room} {at[7]} 3") == whole[6:9]
    assert fetched(f"AFTER {room} {at[9]} 20") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", ["INVALID_PARAMS", "*"]),
        ("SOMETIMES {room} * 5", ["INVALID_PARAMS", "SOMETIMES"]),
        ("LATEST", ["INVALID_PARAMS", "LATEST"]),
        ("LATEST {room} *", ["INVALID_PARAMS", "LATEST"]),
        ("LATEST {room} * 5 6", ["INVALID_PARAMS", "LATEST"]),
        ("LATEST {room} * 0", ["INVALID_PARAMS", "LATEST", "0"]),
        ("LATEST {room} * -5", ["INVALID_PARAMS", "LATEST", "-5"]),
        ("LATEST {room} * many", ["INVALID_PARAMS", "LATEST", "many"]),
        ("LATEST {room} yesterday 5", ["INVALID_PARAMS", "LATEST", "yesterday"]),
        ("BEFORE {room} * 5", ["INVALID_PARAMS", "BEFORE", "*"]),
        ("BEFORE {room} timestamp=2026-13-01T00:00:00.000Z 5", ["INVALID_PARAMS", "BEFORE"]),
        ("BEFORE {room} rowid=5 5", ["INVALID_MSGREFTYPE", "BEFORE", "{room}", "rowid"]),
        ("BETWEEN {room} msgid=a 5", ["INVALID_PARAMS", "BETWEEN"]),
        ("BETWEEN {room} msgid=a rowid=b 5", ["INVALID_MSGREFTYPE", "BETWEEN", "{room}", "rowid"]),
        ("BEFORE {room} msgid=unknown 5", ["MESSAGE_ERROR", "BEFORE", "{room}"]),
        ("LATEST #nowhere * 5", ["INVALID_TARGET", "LATEST", "#nowhere"]),
        ("LATEST nobody-here * 5", ["INVALID_TARGET", "LATEST", "nobody-here"]),
        ("TARGETS", ["INVALID_PARAMS", "TARGETS"]),
        ("TARGETS msgid=a timestamp=2026-01-01T00:00:00.000Z 5", ["INVALID_PARAMS", "TARGETS", "msgid=a"]),
        ("TARGETS timestamp=2026-01-01T00:00:00.000Z * 5", ["INVALID_PARAMS", "TARGETS", "*"]),
    ],
)
def test_every_error_is_told(enter: Enter, room: str, words: str, told: list[str]) -> None:
    """By code, subcommand and what is wrong. Source: draft/chathistory, "Errors and Warnings"."""
    client = enter("anna", CAPS, [room])
    answer = client.one(f"@label=x CHATHISTORY {words.format(room=room)}")
    wanted = [word.format(room=room) for word in told]
    assert answer.command == "FAIL"
    assert answer.params[: 1 + len(wanted)] == ["CHATHISTORY", *wanted]
    assert answer.tags["label"] == "x"


def test_a_label_stands_on_the_batch_itself(enter: Enter, room: str) -> None:
    """One batch, not a batch in a batch. Source: IRCv3 labeled-response, "batch"."""
    client = enter("anna", CAPS, [room])
    speak(client, room, ["one", "two"])
    messages = client.ask(f"@label=mine CHATHISTORY LATEST {room} * 5")
    assert messages[0].tags["label"] == "mine"
    assert [each.params[-1] for each in batch(messages, "chathistory", room)] == ["one", "two"]
    assert all("label" not in each.tags for each in messages[1:])


def test_who_knows_no_batches_gets_the_lines(enter: Enter, room: str) -> None:
    """In the same order. Source: draft/chathistory: support of all related capabilities is not enforced."""
    client = enter("anna", ["draft/chathistory"], [room])
    client.ask(f"PRIVMSG {room} :one", f"PRIVMSG {room} :two")
    messages = client.ask(f"CHATHISTORY LATEST {room} * 5")
    assert [(each.command, each.params, each.tags) for each in messages] == [
        ("PRIVMSG", [room, "one"], {}),
        ("PRIVMSG", [room, "two"], {}),
    ]


def test_lines_are_played_with_their_own_tags(enter: Enter, room: str) -> None:
    """Time, id and client-only tags of the original; words as they were. Source: "Returned message notes"."""
    client = enter("anna", CAPS, [room])
    (echo,) = only(client.ask(f"@+draft/reply=x\\:y PRIVMSG {room} ::) été 🙂"), "PRIVMSG")
    (played,) = batch(client.ask(f"CHATHISTORY LATEST {room} * 5"), "chathistory", room)
    assert played.body == echo.body
    assert {key: value for key, value in played.tags.items() if key != "batch"} == echo.tags


def test_messages_to_oneself_are_there_once(enter: Enter) -> None:
    """In the conversation with oneself. Source: draft/chathistory, "self messages"."""
    client = enter("anna", CAPS)
    client.ask(f"PRIVMSG {client.nick} :note")
    (played,) = batch(client.ask(f"CHATHISTORY LATEST {client.nick} * 5"), "chathistory", client.nick)
    assert played.params == [client.nick, "note"]


def test_a_private_conversation_is_played_to_both(enter: Enter) -> None:
    """Whatever the case of the name; the batch bears it as it was asked. Source: draft/chathistory, "TARGET"."""
    anna, bert = enter("anna", CAPS), enter("bert", CAPS)
    speak(anna, bert.nick, ["hello"])
    bert.sync()
    speak(bert, anna.nick, ["hello back"])
    for client, other in ((anna, bert.nick), (bert, anna.nick.upper())):
        played = batch(client.ask(f"CHATHISTORY LATEST {other} * 5"), "chathistory", other)
        assert [each.params[-1] for each in played] == ["hello", "hello back"]


def test_targets_are_a_batch_of_their_own(enter: Enter, room: str) -> None:
    """Each with the time of its newest line. Source: draft/chathistory, "TARGETS"."""
    anna, bert = enter("anna", CAPS, [room]), enter("bert", CAPS)
    (first,) = speak(anna, room, ["words"])
    (second,) = speak(anna, bert.nick, ["words"])
    span = "timestamp=2020-01-01T00:00:00.000Z timestamp=2999-01-01T00:00:00.000Z"
    found = batch(anna.ask(f"CHATHISTORY TARGETS {span} 5"), "draft/chathistory-targets")
    assert [each.params for each in found] == [
        ["TARGETS", room, first.tags["time"]],
        ["TARGETS", bert.nick, second.tags["time"]],
    ]
    assert [each.command for each in found] == ["CHATHISTORY"] * 2


def test_events_are_played_to_who_asked_for_them(enter: Enter, room: str) -> None:
    """And nothing but messages to others. Source: draft/chathistory, `draft/event-playback`."""
    anna, bert = enter("anna", PLAYBACK, [room]), enter("bert", CAPS, [room])
    anna.ask(f"TOPIC {room} :about", f"PRIVMSG {room} :words", f"@+draft/persist TAGMSG {room}")
    events = batch(anna.ask(f"CHATHISTORY LATEST {room} * 20"), "chathistory", room)
    assert commands(events) == ["JOIN", "JOIN", "TOPIC", "PRIVMSG", "TAGMSG"]
    assert "+draft/persist" in events[-1].tags
    assert commands(batch(bert.ask(f"CHATHISTORY LATEST {room} * 20"), "chathistory", room)) == ["PRIVMSG"]


def test_the_limit_is_told_and_kept(enter: Enter, room: str) -> None:
    """CHATHISTORY and MSGREFTYPES in RPL_ISUPPORT; who asks for more gets so many. Source: "ISUPPORT tokens"."""
    client = enter("anna", CAPS, [room])
    tokens = [word for each in only(client.ask("ISUPPORT"), "005") for word in each.params[1:-1]]
    assert {"CHATHISTORY=100", "MSGREFTYPES=msgid,timestamp"} <= set(tokens)
    client.ask(*(f"PRIVMSG {room} :{at}" for at in range(105)))
    found = batch(client.ask(f"CHATHISTORY LATEST {room} * 1000"), "chathistory", room)
    assert [each.params[-1] for each in found] == [str(at) for at in range(5, 105)]


def test_what_follows_a_question_waits_for_its_answer(enter: Enter, room: str) -> None:
    """The connection is parked; its lines are answered in order. Source: ARCHITECTURE, invariant 6."""
    client = enter("anna", CAPS, [room])
    speak(client, room, ["one"])
    messages = client.ask(f"CHATHISTORY LATEST {room} * 5", f"PRIVMSG {room} :two", f"CHATHISTORY LATEST {room} * 5")
    assert commands(messages)[:4] == ["BATCH", "PRIVMSG", "BATCH", "PRIVMSG"]
    assert messages[3].params[-1] == "two"


def test_a_room_tells_that_it_keeps_history(enter: Enter, room: str) -> None:
    """+H in MODE, and a NOTE to who comes in, who can fetch what was said since. Source: standard-replies, "NOTE"."""
    anna = enter("anna", CAPS, [room])
    assert only(anna.ask(f"MODE {room} +H 30m"), "MODE")[0].params == [room, "+H", "30m"]
    speak(anna, room, ["welcome"])
    bert = enter("bert", CAPS)
    note = only(bert.ask(f"JOIN {room}"), "NOTE")[0]
    assert note.params[:4] == ["JOIN", "HISTORY_VISIBLE", room, "30m"]
    played = batch(bert.ask(f"CHATHISTORY LATEST {room} * 5"), "chathistory", room)
    assert [each.params[-1] for each in played] == ["welcome"]


def test_a_restart_loses_nothing_for_who_was_there(tmp_path: Path) -> None:
    """Out of the sealed archive on the disk, by account, in a room that was opened anew; a guest is a newcomer.

    Source: DESIGN, "Three windows".
    """
    caps = (*CAPS, "draft/read-marker", "draft/account-registration")
    moment = "timestamp=2019-01-04T14:33:26.123Z"
    with serving(tmp_path) as server, Client(server.port) as anna, Client(server.port) as guest:
        anna.enter("anna", caps)
        assert "REGISTER" in commands(anna.ask("REGISTER * * sesame-street"))
        anna.join("#lasting")
        guest.enter("guest", caps).join("#lasting")
        anna.ask("PRIVMSG #lasting :before", "PRIVMSG guest :in private", f"MARKREAD #lasting {moment}")
        assert [each.params[-1] for each in batch(anna.ask("CHATHISTORY LATEST #lasting * 5"), *KIND)] == ["before"]
    with serving(tmp_path) as server, Client(server.port) as anna, Client(server.port) as guest:
        guest.enter("guest", caps).join("#lasting")
        guest.ask("PRIVMSG #lasting :while away")
        anna.send("CAP LS 302", f"CAP REQ :{' '.join((*caps, 'sasl'))}", "NICK anna", "USER user 0 * :Real name")
        anna.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('anna', 'sesame-street')}", "CAP END")
        anna.until("001")
        anna.sync()
        assert only(anna.ask("JOIN #lasting"), "MARKREAD")[0].params == ["#lasting", moment]
        anna.ask("PRIVMSG #lasting :after")
        played = batch(anna.ask("CHATHISTORY LATEST #lasting * 5"), *KIND)
        assert [each.params[-1] for each in played] == ["before", "after"]
        assert only(anna.ask("MARKREAD #lasting"), "MARKREAD")[0].params == ["#lasting", moment]
        played = batch(guest.ask("CHATHISTORY LATEST #lasting * 5"), *KIND)
        assert [each.params[-1] for each in played] == ["while away", "after"]
        # The guest of before is nobody who is here: another bears the pseudonym.
        assert batch(guest.ask("CHATHISTORY LATEST anna * 5"), "chathistory", "anna") == []


def test_a_guest_with_a_token_fetches_what_they_were_there_for(tmp_path: Path) -> None:
    """After a restart too; without the token, nothing. Source: docs/protocol/resume.md; DESIGN, "Three windows"."""
    caps = (*CAPS, "parvis.chat/resume")
    with serving(tmp_path) as server, Client(server.port) as anna, Client(server.port) as guest:
        anna.enter("anna").join("#square")
        guest.enter("guest", caps).join("#square")
        token = only(guest.ask("RESUME"), "RESUME")[0].params[1]
        anna.ask("PRIVMSG #square :heard", "PRIVMSG guest :in private")
        guest.ask("PART #square")
        anna.ask("PRIVMSG #square :after they left")
    with serving(tmp_path) as server, Client(server.port) as back, Client(server.port) as other:
        other.enter("stranger", caps).join("#square")
        back.send(f"PASS resume:{token}")
        back.enter("guest", caps).join("#square")
        played = batch(back.ask("CHATHISTORY LATEST #square * 5"), "chathistory", "#square")
        assert [each.params[-1] for each in played] == ["heard"]
        played = batch(back.ask("CHATHISTORY LATEST anna * 5"), "chathistory", "anna")
        assert [each.params[-1] for each in played] == ["in private"]
        assert batch(other.ask("CHATHISTORY LATEST #square * 5"), "chathistory", "#square") == []


def test_redact_and_markread_are_spoken(enter: Enter, room: str) -> None:
    """Their errors and answers over a socket. Source: IRCv3 draft/message-redaction; draft/read-marker."""
    caps = (*CAPS, "draft/message-redaction", "draft/read-marker")
    anna, bert = enter("anna", caps, [room]), enter("bert", caps)
    assert only(bert.ask(f"JOIN {room}"), "MARKREAD")[0].params == [room, "*"]
    anna.sync()
    (echo,) = speak(anna, room, ["a slip"])
    bert.sync()
    shown = echo.tags["msgid"]
    assert bert.one(f"REDACT {room} {shown}").params[:4] == ["REDACT", "REDACT_FORBIDDEN", room, shown]
    assert anna.one(f"REDACT {room} nonsense").params[:4] == ["REDACT", "UNKNOWN_MSGID", room, "nonsense"]
    assert anna.one(f"REDACT #nowhere {shown}").params[:3] == ["REDACT", "INVALID_TARGET", "#nowhere"]
    assert bert.one("REDACT").command == "461"
    answer = anna.one(f"@label=r REDACT {room} {shown} :oops")
    assert (answer.command, answer.params, answer.tags["label"]) == ("REDACT", [room, shown, "oops"], "r")
    assert answer.tags["msgid"] not in ("", shown)
    (heard,) = bert.sync()
    assert (heard.nick, heard.command, heard.params) == (anna.nick, "REDACT", [room, shown, "oops"])
    assert batch(bert.ask(f"CHATHISTORY LATEST {room} * 9"), "chathistory", room) == []
    moment = "timestamp=2019-01-04T14:33:26.123Z"
    assert anna.one(f"MARKREAD {room} {moment}").params == [room, moment]
    assert anna.one(f"MARKREAD {room} *").params[:2] == ["MARKREAD", "INVALID_PARAMS"]
    assert anna.one("MARKREAD").params[:2] == ["MARKREAD", "NEED_MORE_PARAMS"]
    assert bert.one(f"MARKREAD {room}").params == [room, "*"]
