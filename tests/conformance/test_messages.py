"""PRIVMSG, NOTICE and TAGMSG. Source: modern IRC, "Sending Messages"; IRCv3 message-tags, echo-message."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.client import commands, only
from tests.conformance.conftest import Enter

TAGS = ["message-tags", "server-time"]


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_a_message_reaches_everybody_in_the_room_but_its_sender(enter: Enter, room: str, command: str) -> None:
    """Source: modern IRC, "PRIVMSG"; without echo-message nothing comes back."""
    speaker, near, far = enter("speaker", rooms=[room]), enter("near", rooms=[room]), enter("far")
    speaker.sync()
    assert speaker.ask(f"{command} {room} :hello there") == []
    told = near.until(command)
    assert (told.nick, told.params) == (speaker.nick, [room, "hello there"])
    assert re.fullmatch(rf"{speaker.nick}!~user@[a-z2-7]+\.guest", told.source)
    assert far.sync() == []


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_a_message_reaches_a_person_under_any_case_of_their_name(enter: Enter, command: str) -> None:
    """It names them as they are called. Source: modern IRC, "PRIVMSG"."""
    speaker, reader = enter("speaker"), enter("reader")
    assert speaker.ask(f"{command} {reader.nick.upper()} :hey there!") == []
    assert reader.until(command).params == [reader.nick, "hey there!"]


def test_one_may_write_to_oneself(enter: Enter) -> None:
    """Once without echo-message, twice with it. Source: IRCv3 echo-message."""
    alone, echoed = enter("alone"), enter("echoed", ["echo-message"])
    assert commands(alone.ask(f"PRIVMSG {alone.nick} :me")) == ["PRIVMSG"]
    assert commands(echoed.ask(f"PRIVMSG {echoed.nick} :me")) == ["PRIVMSG", "PRIVMSG"]


def test_several_targets_get_one_message_each(enter: Enter, room: str) -> None:
    """A target named twice counts once; more than TARGMAX are refused. Source: modern IRC, "TARGMAX"."""
    speaker, one, other = enter("speaker", rooms=[room]), enter("one", rooms=[room]), enter("other")
    speaker.sync()
    answers = speaker.ask(f"PRIVMSG {one.nick},{room},{one.nick},{other.nick},nobody :hi")
    assert [(answer.command, answer.params[1]) for answer in answers] == [("401", "nobody")]
    assert sorted(message.params[0] for message in only(one.sync(), "PRIVMSG")) == sorted([one.nick, room])
    assert [message.params for message in other.sync()] == [[other.nick, "hi"]]
    assert commands(speaker.ask("PRIVMSG a,b,c,d,e :hi")) == ["407"]


def test_a_message_to_nobody_is_answered(enter: Enter, room: str) -> None:
    """401, 403, 411, 412. Source: modern IRC, "PRIVMSG"."""
    client = enter("client", rooms=[room])
    answers = [
        client.one(line) for line in ("PRIVMSG nobody :x", "PRIVMSG #nowhere :x", "PRIVMSG", f"PRIVMSG {room} :")
    ]
    assert commands(answers) == ["401", "403", "411", "412"]
    assert answers[0].params == [client.nick, "nobody", "No such nick"]
    assert answers[1].params == [client.nick, "#nowhere", "No such channel"]
    assert answers[2].params == [client.nick, "No recipient given (PRIVMSG)"]
    assert client.one(f"PRIVMSG {room}").command == "412"


def test_a_notice_is_never_answered_for_its_grammar(enter: Enter) -> None:
    """Nothing, whoever is not there. Source: RFC 2812, section 3.3.2."""
    client = enter("client")
    assert client.ask("NOTICE nobody :x", "NOTICE #nowhere :x", "NOTICE", "NOTICE nobody", "NOTICE a,b,c,d,e :x") == []


def test_a_refused_notice_is_told(enter: Enter, room: str) -> None:
    """No silence: a refusal is told whatever the command. Source: docs, "No silence"."""
    enter("host", rooms=[room])
    answer = enter("outside").one(f"NOTICE {room} :x")
    assert (answer.command, answer.params[1:]) == (
        "404",
        [room, "Only members can write in this room. Join it first."],
    )


def test_an_away_message_is_shown_to_who_writes(enter: Enter) -> None:
    """301 for PRIVMSG, not for NOTICE. Source: modern IRC, "RPL_AWAY"; RFC 2812, section 3.3.2."""
    speaker, away = enter("speaker"), enter("away")
    away.ask("AWAY :gone fishing")
    answer = speaker.one(f"PRIVMSG {away.nick} :there?")
    assert (answer.command, answer.params) == ("301", [speaker.nick, away.nick, "gone fishing"])
    assert speaker.ask(f"NOTICE {away.nick} :there?") == []


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_echo_is_the_message_as_others_see_it(enter: Enter, room: str, command: str) -> None:
    """Same source, parameters and id. Source: IRCv3 echo-message."""
    speaker, near = enter("speaker", ["echo-message", *TAGS], [room]), enter("near", TAGS, [room])
    speaker.sync()
    echo = speaker.one(f"@+x=y {command} {room} :hello everyone")
    told = near.until(command)
    assert (echo.source, echo.params, echo.tags) == (told.source, told.params, told.tags)


def test_ids_are_random_and_the_same_for_everybody(enter: Enter, room: str) -> None:
    """Each message has its own. Source: IRCv3 message-ids."""
    speaker = enter("speaker", ["echo-message", *TAGS], [room])
    near, other = enter("near", TAGS, [room]), enter("other", ["message-tags"], [room])
    speaker.sync()
    echoes = speaker.ask(*[f"PRIVMSG {room} :{number}" for number in range(50)])
    ids = [echo.tags["msgid"] for echo in echoes]
    assert len(set(ids)) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{20}", each) for each in ids)
    for reader in (near, other):
        assert [message.tags["msgid"] for message in only(reader.sync(), "PRIVMSG")] == ids


def test_time_is_now_in_utc_with_milliseconds(enter: Enter, room: str) -> None:
    """On every line, numerics too. Source: IRCv3 server-time."""
    speaker, near = enter("speaker", rooms=[room]), enter("near", ["server-time"], [room])
    speaker.ask(f"PRIVMSG {room} :x")
    lines = [near.until("PRIVMSG"), *near.ask("LUSERS", "WHO *nobody*", f"TOPIC {room}")]
    for line in lines:
        assert line.tags.keys() == {"time"}, line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.tags["time"])
        assert abs(datetime.now(UTC) - datetime.fromisoformat(line.tags["time"])) < timedelta(minutes=1)


def test_client_only_tags_are_relayed_to_those_who_understand_tags(enter: Enter, room: str) -> None:
    """Others get the text; tags without `+` are dropped. Source: IRCv3 message-tags, "Rules for servers"."""
    speaker = enter("alice", ["message-tags"], [room])
    tagged, plain, timed = (
        enter("bob", ["message-tags"], [room]),
        enter("carol", rooms=[room]),
        enter("dave", ["server-time"], [room]),
    )
    speaker.ask(rf"@+baz=b\:at\s;+a.b/c;fizz=buzz PRIVMSG {room} hi")
    told = tagged.until("PRIVMSG")
    assert told.params == [room, "hi"]
    assert {key: value for key, value in told.tags.items() if key != "msgid"} == {"+baz": "b;at ", "+a.b/c": ""}
    assert plain.until("PRIVMSG").raw.startswith(b":")
    assert timed.until("PRIVMSG").tags.keys() == {"time"}


def test_tags_of_who_has_not_asked_for_them_are_dropped(enter: Enter, room: str) -> None:
    """Source: IRCv3 message-tags: the capability goes both ways."""
    speaker, reader = enter("speaker", rooms=[room]), enter("reader", ["message-tags"], [room])
    speaker.ask(f"@+a=b PRIVMSG {room} hi")
    assert reader.until("PRIVMSG").tags.keys() == {"msgid"}


def test_tagmsg_reaches_those_who_understand_tags(enter: Enter, room: str) -> None:
    """And nobody else, echo included. Source: IRCv3 message-tags, "The TAGMSG command"."""
    speaker = enter("speaker", ["message-tags", "echo-message"], [room])
    tagged, timed, plain = (
        enter("tagged", ["message-tags"], [room]),
        enter("timed", ["server-time"], [room]),
        enter("plain", rooms=[room]),
    )
    for client in (speaker, tagged, timed, plain):
        client.sync()
    echo = speaker.one(rf"@+buzz=fizz\:buzz;cat=dog;+steel=wootz TAGMSG {room}")
    told = tagged.next()
    assert (told.command, told.params) == ("TAGMSG", [room])
    assert told.tags == {"+buzz": "fizz;buzz", "+steel": "wootz", "msgid": echo.tags["msgid"]}
    assert timed.sync() == []
    assert plain.sync() == []
    speaker.ask(f"@+typing=active TAGMSG {tagged.nick}", f"@+typing=active TAGMSG {plain.nick}")
    assert [(message.command, message.params) for message in tagged.sync()] == [("TAGMSG", [tagged.nick])]
    assert plain.sync() == []


def test_typing_is_relayed_like_any_tag(enter: Enter, room: str) -> None:
    """It is not recorded, and nobody can tell. Source: IRCv3 typing client tag."""
    reader = enter("reader", ["message-tags"], [room])
    for value in ("active", "paused", "done"):
        speaker = enter("speaker", ["message-tags"], [room])
        speaker.ask(f"@+typing={value} TAGMSG {room}")
        told = reader.until("TAGMSG")
        assert told.tags["+typing"] == value
        assert told.tags["msgid"]


def test_typing_is_relayed_once_in_three_seconds_for_each_target(enter: Enter, room: str) -> None:
    """A second one is dropped; its label is acknowledged; other targets are not concerned. Source: IRCv3 typing."""
    caps = ["message-tags", "labeled-response", "batch"]
    speaker, reader = enter("speaker", caps, [room]), enter("reader", caps, [room])
    answers = speaker.ask(
        f"@label=a;+typing=active TAGMSG {room}",
        f"@label=b;+typing=done TAGMSG {room}",
        f"@label=c;+typing=active TAGMSG {reader.nick}",
    )
    acks = only(answers, "ACK")
    assert [ack.tags["label"] for ack in acks] == ["a", "b", "c"]
    told = only(reader.sync(), "TAGMSG")
    assert [message.params[0] for message in told] == [room, reader.nick]


def test_a_tagmsg_has_several_targets_and_is_echoed_under_its_label(enter: Enter, room: str) -> None:
    """To a room, to its hosts, to a person; who has no message-tags reads nothing. Source: message-tags, "TAGMSG"."""
    caps = ["message-tags", "labeled-response", "batch", "echo-message"]
    host, plain = enter("host", caps, [room]), enter("plain", ["batch"], [room])
    other = enter("other", caps, [room])
    host.sync()
    answers = host.ask(f"@label=t;+react=x TAGMSG {room},@{room},{other.nick},{plain.nick}")
    opening, *echoes, end = answers
    assert (opening.command, opening.tags["label"], end.command) == ("BATCH", "t", "BATCH")
    assert [echo.params[0] for echo in only(echoes, "TAGMSG")] == [room, f"@{room}", other.nick, plain.nick]
    assert [message.params[0] for message in only(other.sync(), "TAGMSG")] == [room, other.nick]
    assert only(plain.sync(), "TAGMSG") == []


def test_channel_context_is_relayed_where_both_are(enter: Enter, room: str) -> None:
    """An outsider's words cannot seem to be said in a room; they arrive all the same. Source: channel-context."""
    member, reader = enter("member", ["message-tags"], [room]), enter("reader", ["message-tags"], [room])
    stranger = enter("stranger", ["message-tags"])
    for key in ("+channel-context", "+draft/channel-context"):
        member.ask(f"@{key}={room};+a=1 PRIVMSG {reader.nick} :in context")
        assert reader.until("PRIVMSG").tags[key] == room
        stranger.ask(f"@{key}={room};+a=1 PRIVMSG {reader.nick} :out of it")
        told = reader.until("PRIVMSG")
        assert key not in told.tags
        assert told.tags["+a"] == "1"


def test_tags_that_fetch_or_rename_are_not_relayed(enter: Enter, room: str) -> None:
    """Said in ISUPPORT, ignored silently. Source: IRCv3 message-tags, "RPL_ISUPPORT Tokens" (CLIENTTAGDENY)."""
    speaker, reader = enter("speaker", ["message-tags"], [room]), enter("reader", ["message-tags"], [room])
    tokens = [word for line in speaker.ask("ISUPPORT") for word in line.params[1:-1]]
    assert "CLIENTTAGDENY=display-name,draft/display-name,draft/icon,icon" in tokens
    speaker.ask(f"@+icon=https://a.example/x.png;+reply=1 PRIVMSG {room} :x", f"@+draft/icon=x TAGMSG {room}")
    told = reader.sync()
    assert [message.tags.keys() & {"+icon", "+reply"} for message in told if message.command == "PRIVMSG"] == [
        {"+reply"}
    ]
    assert only(told, "TAGMSG") == []


def test_a_message_for_hosts_reaches_hosts(enter: Enter, room: str) -> None:
    """`@#room` hosts, `+#room` the voiced and hosts; the mark is shown. Source: modern IRC, "STATUSMSG"."""
    host = enter("host", rooms=[room])
    voiced, plain = enter("voiced", rooms=[room]), enter("plain", rooms=[room])
    host.ask(f"MODE {room} +v {voiced.nick}")
    for client in (host, voiced, plain):
        client.sync()
    assert plain.ask(f"PRIVMSG @{room} :for hosts", f"PRIVMSG +{room} :for the voiced") == []
    assert [message.params for message in host.sync()] == [
        [f"@{room}", "for hosts"],
        [f"+{room}", "for the voiced"],
    ]
    assert [message.params for message in voiced.sync()] == [[f"+{room}", "for the voiced"]]


def test_order_is_that_of_the_server_for_everybody(enter: Enter, room: str) -> None:
    """Two who write at once: their echoes and a reader see one order. Source: ADR 1."""
    one, other = (enter(stem, ["echo-message"], [room]) for stem in ("one", "other"))
    reader = enter("reader", rooms=[room])
    for client in (one, other):
        client.sync()
    for number in range(100):
        one.send(f"PRIVMSG {room} :one {number}")
        other.send(f"PRIVMSG {room} :other {number}")
    one.sync(), other.sync()
    seen = []
    for client in (one, other, reader):
        client.sync()
        seen.append([message.params[1] for message in client.read if message.command == "PRIVMSG"])
    assert len(seen[0]) == 200
    assert seen[0] == seen[1] == seen[2]


def test_words_arrive_as_they_were_written(enter: Enter, room: str) -> None:
    """Spaces, colons, formatting, CTCP and any script. Source: modern IRC, "Message Format"."""
    speaker, reader = enter("speaker", rooms=[room]), enter("reader", rooms=[room])
    for text in (
        " two  spaces ",
        ":colon : colon",
        "\x02bold\x0304,12 red",
        "\x01ACTION waves\x01",
        "日本語 ☕ éß",
        ":",
    ):
        speaker.ask(f"PRIVMSG {room} :{text}")
        assert reader.until("PRIVMSG").params == [room, text]
