"""Metadata. Source: IRCv3 draft/metadata-2."""

import pytest
from tests.client import Client, Message, commands, only
from tests.conformance.conftest import Connect, Enter

CAPS = ["draft/metadata-2", "batch"]


def inside(messages: list[Message], target: str) -> list[Message]:
    """Give what stands in the one metadata batch that messages are."""
    opening, *lines, end = messages
    reference = opening.params[0][1:]
    assert (opening.command, opening.params[1:]) == ("BATCH", ["metadata", target])
    assert (end.command, end.params) == ("BATCH", [f"-{reference}"])
    assert all(line.tags["batch"] == reference for line in lines)
    return lines


def failed(client: Client, line: str) -> list[str]:
    """Send a line that is answered with FAIL METADATA alone; give its code and context."""
    answer = client.one(line)
    assert (answer.command, answer.params[0]) == ("FAIL", "METADATA"), answer
    return answer.params[1:-1]


def test_limits_are_told(connect: Connect) -> None:
    """And that newcomers may set some, since this server lifts the gates. Source: "Capability"."""
    client = connect()
    client.send("CAP LS 302")
    lines = [client.next()]
    while lines[-1].params[2] == "*":
        lines.append(client.next())
    names = [name for line in lines for name in line.params[-1].split()]
    assert "draft/metadata-2=before-connect,max-subs=32,max-keys=16,max-value-bytes=200" in names


def test_a_value_is_set_read_changed_and_taken_away(enter: Enter) -> None:
    """Of oneself, by name or by star; keys fold; spaces and emoji stay. Source: "METADATA SET", "GET"."""
    client = enter("setter", CAPS)
    for target in ("*", client.nick, client.nick.upper()):
        answer = client.one(f"METADATA {target} SET Status :-> 💜 <-")
        assert (answer.command, answer.params[1:]) == ("761", [client.nick, "status", "*", "-> 💜 <-"])
        (got,) = inside(client.ask(f"METADATA {target} GET status"), client.nick)
        assert (got.command, got.params[1:]) == ("761", [client.nick, "status", "*", "-> 💜 <-"])
    answer = client.one("METADATA * SET status")
    assert (answer.command, answer.params[1:3]) == ("766", [client.nick, "status"])
    assert failed(client, "METADATA * SET status") == ["KEY_NOT_SET", client.nick, "status"]
    codes = inside(client.ask("METADATA * GET status :x$ avatar"), client.nick)
    assert [(line.command, line.params[2]) for line in codes if line.command == "766"] == [("766", "status")]


def test_several_keys_are_answered_in_order(enter: Enter) -> None:
    """Set, not set, no key at all. Source: "METADATA GET"."""
    client = enter("getter", CAPS)
    client.ask("METADATA * SET pronouns they")
    lines = inside(client.ask("METADATA * GET avatar pronouns $x"), client.nick)
    assert [line.command for line in lines] == ["766", "761", "FAIL"]
    assert lines[2].params[:3] == ["METADATA", "KEY_INVALID", "$x"]


def test_everything_is_listed_and_cleared(enter: Enter) -> None:
    """In a batch, empty if there is nothing. Source: "METADATA LIST", "METADATA CLEAR"."""
    client, other = enter("lister", CAPS), enter("other", CAPS)
    assert inside(client.ask("METADATA * LIST"), client.nick) == []
    client.ask("METADATA * SET status a", "METADATA * SET color b")
    assert {line.params[2] for line in inside(other.ask(f"METADATA {client.nick} LIST"), client.nick)} == {
        "status",
        "color",
    }
    assert [line.command for line in inside(client.ask("METADATA * CLEAR"), client.nick)] == ["766", "766"]
    assert inside(client.ask("METADATA * LIST"), client.nick) == []


def test_what_is_refused(enter: Enter, room: str) -> None:
    """Each with its code and context. Source: "Standard Replies"."""
    host = enter("host", CAPS, [room])
    client, other = enter("client", CAPS, [room]), enter("other", CAPS)
    client.sync()
    assert failed(client, "METADATA nobody LIST") == ["INVALID_TARGET", "nobody"]
    assert failed(client, "METADATA #nowhere LIST") == ["INVALID_TARGET", "#nowhere"]
    assert failed(client, "METADATA * DESTROY x") == ["SUBCOMMAND_INVALID", "DESTROY"]
    assert failed(client, "METADATA * SET $x y") == ["KEY_INVALID", "$x"]
    assert failed(client, "METADATA * SET avatar https://a.example/a.png") == [
        "KEY_NO_PERMISSION",
        client.nick,
        "avatar",
    ]
    assert failed(client, f"METADATA {other.nick} SET status x") == ["KEY_NO_PERMISSION", other.nick, "status"]
    assert failed(client, f"METADATA {other.nick} CLEAR") == ["KEY_NO_PERMISSION", other.nick, "*"]
    assert failed(client, f"METADATA {room} SET status x") == ["KEY_NO_PERMISSION", room, "status"]
    assert failed(client, f"METADATA * SET status :{'x' * 201}") == ["VALUE_INVALID"]
    assert failed(client, f"METADATA * SET status :{'é' * 101}") == ["VALUE_INVALID"]
    for name in (
        other.nick,
        other.nick.upper(),
        f" {other.nick[:2]} {other.nick[2:]} ",
        other.nick.replace("o", "\u043e"),
    ):
        assert failed(client, f"METADATA * SET display-name :{name}") == ["VALUE_INVALID"]
    assert client.one(f"METADATA * SET display-name :{client.nick.upper()}").command == "761"
    host.ask(f"MODE {room} +s")
    assert failed(other, f"METADATA {room} LIST") == ["INVALID_TARGET", room]
    client.sync()
    assert [line.command for line in client.ask("METADATA * GET", "METADATA * SET", "METADATA *")] == ["461"] * 3


def test_who_asked_for_a_key_reads_its_changes(enter: Enter, room: str) -> None:
    """Of who shares a room, of the room, not one's own; nobody else does. Source: "Notifications"."""
    speaker = enter("speaker", CAPS, [room])
    reader, deaf = enter("reader", CAPS, [room]), enter("deaf", CAPS, [room])
    stranger = enter("stranger", CAPS)
    for client in (reader, stranger, speaker):
        client.sync()
        assert client.one("METADATA * SUB status avatar").params[1:] == ["status", "avatar"]
    assert speaker.one("METADATA * SET status :here I am").command == "761"
    assert speaker.one("METADATA * SET color red").command == "761"
    assert speaker.one("METADATA * SET status").command == "766"
    assert speaker.one(f"METADATA {room} SET status open").command == "761"
    told = reader.sync()
    assert [message.params for message in told] == [
        [speaker.nick, "status", "*", "here I am"],
        [speaker.nick, "status", "*"],
        [room, "status", "*", "open"],
    ]
    assert all((message.command, message.nick) == ("METADATA", speaker.nick) for message in told)
    assert deaf.sync() == []
    assert stranger.sync() == []


def test_a_newcomer_to_a_room_is_told_and_told_of(enter: Enter, room: str) -> None:
    """What is set of the room, its members and the newcomer, in the keys each asked for. Source: "Notifications"."""
    host = enter("host", CAPS, [room])
    host.ask("METADATA * SET status up", "METADATA * SET color red", f"METADATA {room} SET status open")
    host.ask("METADATA * SUB status")
    newcomer = enter("newcomer", CAPS)
    newcomer.ask("METADATA * SUB status", "METADATA * SET status new")
    answers = newcomer.ask(f"JOIN {room}")
    told = only(answers, "METADATA")
    assert [message.params for message in told] == [
        [room, "status", "*", "open"],
        [host.nick, "status", "*", "up"],
        [newcomer.nick, "status", "*", "new"],
    ]
    assert [message.params for message in only(host.sync(), "METADATA")] == [[newcomer.nick, "status", "*", "new"]]
    assert [message.params for message in inside(newcomer.ask(f"METADATA {host.nick} SYNC"), host.nick)] == [
        [host.nick, "status", "*", "up"]
    ]
    late = enter("late", CAPS, [room])
    assert commands(late.ask("METADATA * SUB color"))[0] == "770"
    assert [line.params[:2] for line in inside(late.ask(f"METADATA {room} SYNC"), room)] == [[host.nick, "color"]]


def test_subscriptions_are_counted_listed_and_dropped(enter: Enter) -> None:
    """In order; too many are named, the first that was one too many. Source: "METADATA SUB", "UNSUB", "SUBS"."""
    client = enter("subscriber", CAPS)
    assert client.ask("METADATA * SUBS") == []
    keys = [f"key{number}" for number in range(31)]
    for start in (0, 10, 20):
        client.ask(f"METADATA * SUB {' '.join(keys[start : start + 10])}")
    client.ask(f"METADATA * SUB {keys[30]}")
    ok, failure = client.ask("METADATA * SUB a b c")
    assert (ok.command, ok.params[1:]) == ("770", ["a"])
    assert failure.params[:3] == ["METADATA", "TOO_MANY_SUBS", "b"]
    listed = [key for line in client.ask("METADATA * SUBS") for key in line.params[1:]]
    assert listed == [*keys, "a"]
    bad, gone = client.ask("METADATA * UNSUB a $b c")
    assert (gone.command, gone.params[1:]) == ("771", ["a", "c"])
    assert bad.params[:3] == ["METADATA", "KEY_INVALID", "$b"]


def test_metadata_before_entering(connect: Connect, enter: Enter) -> None:
    """It is told on entering, in a batch, and true from then on. Source: "before-connect"; "Batch type"."""
    client = connect()
    client.send("METADATA * SET status early", "CAP LS 302", "CAP REQ :draft/metadata-2 batch")
    assert client.next().command == "451"
    client.until("CAP", lambda message: message.params[1] == "ACK")
    client.send("METADATA * SET status early")
    answer = client.next()
    assert (answer.command, answer.params) == ("761", ["*", "*", "status", "*", "early"])
    client.send("METADATA * SET color x", "METADATA * SET color", "METADATA nobody GET a")
    assert [client.next().command for _ in range(3)] == ["761", "766", "FAIL"]
    client.send("NICK herald", "USER u 0 * :r", "CAP END")
    client.nick = "herald"
    opening = client.until("BATCH")
    assert opening.params[1:] == ["metadata", "herald"]
    assert client.next().params == ["herald", "status", "*", "early"]
    assert client.next().command == "BATCH"
    (got,) = inside(enter("other", CAPS).ask("METADATA herald GET status"), "herald")
    assert got.params[-1] == "early"


def test_ones_own_is_told_when_it_is_asked_for(enter: Enter) -> None:
    """Even if it is nothing. Source: "Notifications"."""
    client = enter("later", ["batch"])
    client.ask("METADATA * SET status x")
    answers = client.ask("CAP REQ draft/metadata-2")
    assert [line.params for line in inside(answers[1:], client.nick)] == [[client.nick, "status", "*", "x"]]


@pytest.mark.parametrize("line", ["LIST", "GET status", "SYNC", "CLEAR"])
def test_a_labelled_answer_is_its_own_batch(enter: Enter, line: str) -> None:
    """Source: IRCv3 labeled-response."""
    client = enter("labelled", [*CAPS, "labeled-response"])
    answers = client.ask(f"@label=m METADATA * {line}")
    assert answers[0].tags["label"] == "m"
    inside(answers, client.nick)


def test_staff_may_take_away_what_others_say(enter: Enter) -> None:
    """And set nothing of others. Source: docs/handbook/operator.md."""
    client, staff = enter("client", CAPS), enter("staff", CAPS)
    client.ask("METADATA * SET status rude")
    staff.ask("OPER operuser operpassword")
    assert failed(staff, f"METADATA {client.nick} SET status kind") == ["KEY_NO_PERMISSION", client.nick, "status"]
    assert staff.one(f"METADATA {client.nick} SET status").command == "766"
    assert inside(client.ask("METADATA * LIST"), client.nick) == []


def test_whois_tells_what_people_read(enter: Enter) -> None:
    """To every client; a colour is for programs. Source: "RPL_WHOISKEYVALUE"."""
    client, other = enter("client", CAPS), enter("other")
    client.ask("METADATA * SET pronouns :she, they", "METADATA * SET color #c90076")
    told = [line.params[1:] for line in only(other.ask(f"WHOIS {client.nick}"), "760")]
    assert told == [[client.nick, "pronouns", "*", "she, they"]]


def test_a_room_by_invitation_only_tells_its_members_alone(enter: Enter, room: str) -> None:
    """Until it is open again. Source: "METADATA GET": what is not visible is KEY_NO_PERMISSION."""
    host, other = enter("host", CAPS, [room]), enter("other", CAPS)
    host.ask(f"METADATA {room} SET status :among us", f"MODE {room} +i")
    for subcommand in ("GET status", "LIST", "SYNC"):
        assert failed(other, f"METADATA {room} {subcommand}") == ["KEY_NO_PERMISSION", room, "*"]
        inside(host.ask(f"METADATA {room} {subcommand}"), room)
    host.ask(f"MODE {room} -i")
    assert [line.params[-1] for line in inside(other.ask(f"METADATA {room} LIST"), room)] == ["among us"]
