"""What a login changes for others, and `ACCOUNT`.

Source: IRCv3 account-notify, account-tag, extended-join; modern IRC, "RPL_WHOISACCOUNT"; docs/protocol/accounts.md.
"""

from itertools import count

from tests.client import Client, commands, only
from tests.conformance.conftest import Connect, Enter
from tests.logins import plain

_numbers = count(1)
PRINT = "ab" * 32


def owner(enter: Enter, *caps: str, rooms: tuple[str, ...] = ()) -> Client:
    """Let somebody enter and claim their pseudonym with `sesame`."""
    client = enter("acct", caps)
    client.ask("REGISTER * * sesame")
    return client.join(*rooms)


def notes(client: Client, *lines: str) -> list[list[str]]:
    """Give what standard replies say before their words."""
    answers = client.ask(*lines)
    return [answer.params[1:-1] for answer in answers if answer.command in ("NOTE", "FAIL")]


def test_who_shares_a_room_and_asked_reads_of_logins(enter: Enter, room: str) -> None:
    """ACCOUNT with the name, and a star at the end. Source: IRCv3 account-notify."""
    reader, deaf = enter("reader", ["account-notify"], [room]), enter("deaf", (), [room])
    stranger = enter("stranger", ["account-notify"])
    client = enter("logs", (), [room])
    client.ask("REGISTER * * sesame")
    assert [line.params for line in only(reader.sync(), "ACCOUNT")] == [[client.nick]]
    answers = client.ask("ACCOUNT LOGOUT")
    # A claimed pseudonym is not a guest's.
    assert commands(answers) == ["901", "NICK"]
    assert answers[1].params[0].startswith("guest")
    came = reader.sync()
    assert commands(came)[-2:] == ["ACCOUNT", "NICK"]
    assert only(came, "ACCOUNT")[0].params == ["*"]
    assert only(deaf.sync(), "ACCOUNT") == only(stranger.sync(), "ACCOUNT") == []


def test_joins_name_account_and_real_name_to_those_who_asked(enter: Enter, room: str) -> None:
    """Others get the plain line; a guest is a star. Source: IRCv3 extended-join."""
    asked, plainly = enter("asked", ["extended-join"], [room]), enter("plain", (), [room])
    asked.sync()
    guest = enter("guest", (), [room], real_name="A Guest")
    client = owner(enter, "extended-join", rooms=(room,))
    assert [line.params for line in only(asked.sync(), "JOIN")] == [
        [room, "*", "A Guest"],
        [room, client.nick, "Real name"],
    ]
    assert [line.params for line in only(plainly.sync(), "JOIN")] == [[room], [room]]
    assert [line.params for line in only(guest.sync(), "JOIN")] == [[room]]
    assert only(client.read, "JOIN")[0].params == [room, client.nick, "Real name"]


def test_every_line_of_somebody_logged_in_names_the_account(enter: Enter, room: str) -> None:
    """JOIN, AWAY, messages, TOPIC, MODE, KICK, NICK, INVITE, PART, QUIT. Source: IRCv3 account-tag."""
    reader = enter("tags", ["account-tag", "away-notify"], [room])
    client, victim = owner(enter), enter("victim", (), [room])
    account = client.nick
    reader.ask(f"MODE {room} -t")
    client.send("AWAY :out", f"JOIN {room}")
    client.sync()
    reader.send(f"MODE {room} +o {client.nick}")
    reader.sync()
    client.send(
        f"PRIVMSG {room} :a",
        f"NOTICE {reader.nick} :b",
        f"TOPIC {room} :c",
        f"MODE {room} +m",
        f"KICK {room} {victim.nick}",
        f"INVITE {reader.nick} #elsewhere{next(_numbers)}",
        f"NICK {client.nick}x",
        f"PART {room}",
        f"JOIN {room}",
        "QUIT",
    )
    client.until_closed()
    reader.until("QUIT")
    came = [line for line in reader.read if line.nick.startswith(account)]
    assert set(commands(came)) >= {"PRIVMSG", "NOTICE", "TOPIC", "MODE", "KICK", "NICK", "PART", "JOIN", "QUIT"}
    assert {line.tags.get("account") for line in came} == {account}


def test_the_account_says_who_one_is(enter: Enter) -> None:
    """Source: docs/protocol/accounts.md, "ACCOUNT"."""
    guest, client = enter("guest"), owner(enter)
    assert notes(guest, "ACCOUNT", "ACCOUNT LOGOUT") == [["GUEST"], ["NOT_LOGGED_IN"]]
    assert notes(client, "ACCOUNT") == [["LOGGED_IN", client.nick]]
    assert notes(client, "ACCOUNT FOO") == [["UNKNOWN_SUBCOMMAND", "FOO"]]
    assert (
        notes(client, "ACCOUNT PASSWORD a", "ACCOUNT DELETE", "ACCOUNT DEVICES FEW", "ACCOUNT CERT FOO")
        == [["NEED_MORE_PARAMS"]] * 4
    )


def test_a_password_is_changed_by_who_knows_it(connect: Connect, enter: Enter) -> None:
    """The old one is asked for, and counts no more. Source: docs/protocol/accounts.md, "ACCOUNT"."""
    client = owner(enter)
    assert notes(client, "ACCOUNT PASSWORD open better-42") == [["WRONG_PASSWORD"]]
    assert notes(client, "ACCOUNT PASSWORD sesame :a b") == [["UNACCEPTABLE_PASSWORD"]]
    assert notes(client, "ACCOUNT PASSWORD sesame better-42") == [["PASSWORD_CHANGED"]]
    for password, numeric in (("sesame", "904"), ("better-42", "900")):
        other = connect()
        other.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(client.nick, password)}")
        assert [other.next().command, other.next().command] == ["AUTHENTICATE", numeric]


def test_certificates_are_listed_added_and_deleted(enter: Enter) -> None:
    """By fingerprint; colons are understood. Source: docs/protocol/accounts.md, "ACCOUNT"."""
    client = owner(enter)
    assert notes(client, "ACCOUNT CERT ADD", "ACCOUNT CERT ADD ab", "ACCOUNT CERT") == [
        ["NO_CERTIFICATE"],
        ["INVALID_FINGERPRINT"],
        ["END_OF_CERTIFICATES"],
    ]
    written = ":".join(PRINT[at : at + 2] for at in range(0, 64, 2)).upper()
    assert notes(client, f"ACCOUNT CERT ADD {written}", f"ACCOUNT CERT ADD {PRINT}", "ACCOUNT CERT LIST") == [
        ["CERTIFICATE_ADDED", PRINT],
        ["CERTIFICATES_UNCHANGED"],
        ["CERTIFICATE", PRINT],
        ["END_OF_CERTIFICATES"],
    ]
    more = [f"{number:064x}" for number in range(8)]
    assert notes(client, *(f"ACCOUNT CERT ADD {each}" for each in more))[-1] == ["TOO_MANY_CERTIFICATES"]
    assert notes(client, f"ACCOUNT CERT DEL {PRINT}") == [["CERTIFICATE_DELETED", PRINT]]


def test_deleting_an_account_says_what_is_kept(connect: Connect, enter: Enter) -> None:
    """Everybody sees the logout; the password logs nobody in. Source: docs/protocol/accounts.md, "Deleting"."""
    client = owner(enter)
    account = client.nick
    assert notes(client, "ACCOUNT DELETE open") == [["WRONG_PASSWORD"]]
    answers = client.ask("ACCOUNT DELETE sesame")
    assert commands(answers) == ["901", "NOTE", "NOTE", "NOTE"]
    assert answers[1].params[:3] == ["ACCOUNT", "DELETED", account]
    assert [each.params[1] for each in answers[2:]] == ["STILL_SEALED", "STILL_KEPT"]
    assert "archive" in answers[3].params[-1]
    other = connect()
    other.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, 'sesame')}")
    assert [other.next().command, other.next().command] == ["AUTHENTICATE", "904"]


def test_logging_in_and_out_names_the_new_host_and_nothing_follows(enter: Enter) -> None:
    """900 and 901 bear the mask as it is now; a client awaits no more. Source: IRCv3 sasl 3.1, "Numerics"; ADR 15."""
    client = owner(enter)
    logged_out, *_ = client.ask("ACCOUNT LOGOUT")
    assert logged_out.params[1].endswith(".guest")
    answers = client.ask("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(logged_out.params[0], 'sesame')}")
    assert commands(answers) == ["AUTHENTICATE", "900", "903"]
    assert answers[1].params[1].endswith(".member")
    assert only(client.ask(f"WHOIS {answers[1].params[0]}"), "311")[0].params[3] == answers[1].params[1].split("@")[1]


# Several devices.


def attached(connect: Connect, client: Client, *caps: str) -> tuple[Client, list[str]]:
    """Enter from one more device of somebody, and give what it is told."""
    device = connect()
    device.nick = client.nick
    device.send("CAP LS 302", *([f"CAP REQ :{' '.join(caps)}"] if caps else []), f"NICK {client.nick}")
    device.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(client.nick, 'sesame')}", "USER a 0 * :Other", "CAP END")
    device.until("001")
    return device, commands(device.sync())


def test_a_second_device_is_shown_the_rooms_and_nobody_else_sees_it(connect: Connect, enter: Enter, room: str) -> None:
    """Welcome, then JOIN, topic and names of each room. Source: docs/protocol/accounts.md, "Several devices"."""
    observer = enter("observer", (), [room])
    client = owner(enter, "message-tags", "server-time", rooms=(room,))
    observer.ask(f"MODE {room} -t", f"TOPIC {room} :words")
    client.sync()
    device, told = attached(connect, client, "server-time", "account-tag", "extended-join")
    assert told[-5:] == ["JOIN", "332", "333", "353", "366"]
    assert only(device.read, "JOIN")[0].params == [room, client.nick, "Real name"]
    assert observer.sync() == client.sync() == []
    # What others say reaches both, in the form of each, under one id.
    observer.send(f"PRIVMSG {room} :hey", f"PRIVMSG {client.nick} :you")
    observer.sync()
    for line in only(client.sync(), "PRIVMSG"):
        assert "account" not in line.tags
        assert "msgid" in line.tags
    heard = only(device.sync(), "PRIVMSG")
    assert [line.params[-1] for line in heard] == ["hey", "you"]
    assert all(set(line.tags) == {"time"} for line in heard)


def test_what_one_device_does_the_others_read(connect: Connect, enter: Enter, room: str) -> None:
    """Messages, rooms, names, modes, being away: all of it is the person's. Source: ADR 8."""
    observer = enter("observer")
    client = owner(enter, rooms=(room,))
    device, _ = attached(connect, client)
    client.ask(
        f"PRIVMSG {room} :a", f"PRIVMSG {observer.nick} :b", f"JOIN {room}x", f"MODE {client.nick} +i", "AWAY :x"
    )
    came = device.sync()
    assert commands(came) == ["PRIVMSG", "PRIVMSG", "JOIN", "353", "366", "MODE", "306"]
    device.ask(f"NICK {client.nick}y", f"TOPIC {room} :words", f"PART {room}", "AWAY")
    assert commands(client.sync()) == ["NICK", "TOPIC", "PART", "305"]
    assert commands(client.ask("AUTHENTICATE PLAIN")) == ["907"]
    client.ask("ACCOUNT LOGOUT")
    assert commands(device.sync()) == ["901"]


def test_a_device_that_quits_leaves_the_person_there(connect: Connect, enter: Enter, room: str) -> None:
    """Only the last one is a QUIT for others. Source: ADR 8."""
    observer = enter("observer", (), [room])
    client = owner(enter, rooms=(room,))
    device, _ = attached(connect, client)
    client.send("QUIT :first")
    assert client.until("QUIT").params == ["Quit: first"]
    client.until_closed()
    assert commands(observer.sync()) == ["JOIN"]
    observer.ask(f"PRIVMSG {room} :still there?")
    assert only(device.sync(), "PRIVMSG")[0].params[-1] == "still there?"
    device.send("QUIT :second")
    device.until_closed()
    assert observer.until("QUIT").params == ["Quit: second"]


def test_one_device_at_a_time_by_choice(connect: Connect, enter: Enter, room: str) -> None:
    """The newcomer keeps the rooms; the other is told which took its place. Source: ADR 10."""
    observer = enter("observer", (), [room])
    client = owner(enter, rooms=(room,))
    assert notes(client, "ACCOUNT DEVICES ONE")[-1] == ["DEVICES", "ONE"]
    device, told = attached(connect, client)
    assert told[-3:] == ["JOIN", "353", "366"]
    *_, note, error = client.until_closed()
    assert note.params[:2] == ["*", "DEVICE_REPLACED"]
    assert note.params[3].endswith(".member")
    assert note.params[4] == "plain"
    assert "Log in again here" in note.params[-1]
    assert error.command == "ERROR"
    assert commands(observer.sync()) == ["JOIN"]
    device.ask(f"PRIVMSG {room} :it is me")
    assert commands(observer.sync()) == ["PRIVMSG"]
    assert notes(device, "ACCOUNT DEVICES MANY")[-1] == ["DEVICES", "MANY"]
    _, told = attached(connect, device)
    assert told[-3:] == ["JOIN", "353", "366"]
    assert len(notes(device, "ACCOUNT DEVICES")) == 3


def test_a_changed_password_lets_other_devices_go(connect: Connect, enter: Enter) -> None:
    """Whoever came with the old one has to show the new one. Source: ADR 10."""
    client = owner(enter)
    device, _ = attached(connect, client)
    client.ask("ACCOUNT PASSWORD sesame better-42")
    assert commands(device.until_closed()) == ["NOTE", "ERROR"]
    assert notes(client, "ACCOUNT") == [["LOGGED_IN", client.nick]]


def test_devices_have_a_limit(connect: Connect, enter: Enter) -> None:
    """Eight; one more is told so. Source: ADR 10; "Everything has a bound"."""
    client = owner(enter)
    for _ in range(7):
        attached(connect, client)
    device = connect()
    device.send("CAP LS 302", f"NICK {client.nick}", "USER a 0 * :Other", "AUTHENTICATE PLAIN")
    device.send(f"AUTHENTICATE {plain(client.nick, 'sesame')}", "CAP END")
    assert "8 devices" in device.until("433").params[-1]


def test_a_kill_closes_every_device(connect: Connect, enter: Enter, room: str) -> None:
    """It is the person who goes, once. Source: modern IRC, "KILL"."""
    operator, client = enter("oper", (), [room]), owner(enter, rooms=(room,))
    device, _ = attached(connect, client)
    operator.ask("OPER operuser operpassword", f"KILL {client.nick} :enough")
    assert client.until_closed()[-1].command == device.until_closed()[-1].command == "ERROR"
    assert len(only([*operator.read, *operator.sync()], "QUIT")) == 1
