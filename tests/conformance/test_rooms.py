"""Rooms: JOIN, PART, NAMES, TOPIC, KICK, INVITE, LIST. Source: modern IRC, "Channel Operations"."""

import pytest
from tests.client import Client, commands, only
from tests.conformance.conftest import Enter


def test_a_join_shows_the_room(enter: Enter, room: str) -> None:
    """JOIN, then the members, oneself as host of a new room. Source: modern IRC, "JOIN"."""
    host, guest = enter("host"), enter("guest")
    joined, names, end = host.ask(f"JOIN {room}")
    assert (joined.command, joined.nick, joined.params) == ("JOIN", host.nick, [room])
    assert (names.command, names.params) == ("353", [host.nick, "=", room, f"@{host.nick}"])
    assert (end.command, end.params[:2]) == ("366", [host.nick, room])
    joined, names, end = guest.ask(f"JOIN {room}")
    assert set(names.params[3].split()) == {f"@{host.nick}", guest.nick}
    told = host.next()
    assert (told.command, told.nick, told.params) == ("JOIN", guest.nick, [room])


def test_joining_twice_says_nothing(enter: Enter, room: str) -> None:
    """Under any case. Source: modern IRC, "JOIN"."""
    client = enter("twice", rooms=[room])
    assert client.ask(f"JOIN {room}", f"JOIN {room.upper()}") == []


def test_several_rooms_with_their_keys(enter: Enter, room: str) -> None:
    """Keys go to rooms by position. Source: modern IRC, "JOIN"."""
    host = enter("host", rooms=[room, f"{room}b", f"{room}c"])
    host.ask(f"MODE {room} +k one", f"MODE {room}b +k two")
    answers = enter("guest").ask(f"JOIN {room},{room}b,{room}c one,wrong,ignored")
    assert [message.params[-1] for message in only(answers, "JOIN")] == [room, f"{room}c"]
    assert [message.params[1:] for message in only(answers, "475")] == [
        [f"{room}b", "This room asks for a key (+k), and this is not it. Ask a host."]
    ]


def test_join_zero_leaves_every_room(enter: Enter, room: str) -> None:
    """Source: modern IRC, "JOIN"."""
    client = enter("zero", rooms=[room, f"{room}b"])
    assert sorted((message.command, message.params[0]) for message in client.ask("JOIN 0")) == [
        ("PART", room),
        ("PART", f"{room}b"),
    ]
    assert client.ask("JOIN 0") == []


@pytest.mark.parametrize("name", ["room", "&local", "#", "#a\x07b", "#" + "b" * 64, "#zero\u200bwidth", "##\u00a0"])
def test_a_name_that_no_room_may_bear(enter: Enter, name: str) -> None:
    """403 with the name. Source: modern IRC, "ERR_NOSUCHCHANNEL"."""
    answer = enter("badroom").one(f"JOIN {name}")
    assert (answer.command, answer.params[1:]) == ("403", [name, "No such channel"])


def test_a_name_with_a_space_is_shown_as_a_star(enter: Enter) -> None:
    """It could not stand in the middle of a line. Source: modern IRC, "Message Format"."""
    client = enter("space")
    for line in ("JOIN :#a b", "PART :#a b", "TOPIC :#a b", "MODE :#a b", "NAMES :#a b", "JOIN ::#a"):
        assert client.one(line).params[1] == "*", line


def test_the_longest_name_is_a_name(enter: Enter) -> None:
    """64 bytes, `#` included. Source: modern IRC, "CHANNELLEN"."""
    enter("longest").join("#" + "a" * 63)


def test_no_more_rooms_than_allowed(enter: Enter, room: str) -> None:
    """405. Source: modern IRC, "CHANLIMIT"."""
    client = enter("many")
    client.ask(*[f"JOIN {room}x{number}" for number in range(50)])
    answer = client.one(f"JOIN {room}")
    assert (answer.command, answer.params[1:]) == (
        "405",
        [room, "You are in 50 rooms, which is the most. Leave one first."],
    )


def test_a_join_names_so_many_rooms(enter: Enter, room: str) -> None:
    """Each beyond the sixteenth is answered with 407; no name at all with 461. Source: modern IRC, "JOIN"."""
    client = enter("wide")
    answers = client.ask(f"JOIN {','.join(f'{room}w{number}' for number in range(18))}")
    assert len(only(answers, "JOIN")) == 16
    assert [answer.params[1] for answer in only(answers, "407")] == [f"{room}w16", f"{room}w17"]
    assert commands(client.ask("JOIN", "JOIN :", "JOIN ,,")) == ["461", "461", "461"]


def test_a_part_is_told_to_the_room(enter: Enter, room: str) -> None:
    """With its reason, if there is one. Source: modern IRC, "PART"."""
    one, other, third = (enter(stem, rooms=[room]) for stem in ("one", "other", "third"))
    for client in (one, other, third):
        client.sync()
    assert one.one(f"PART {room.upper()} :bye everyone").params == [room, "bye everyone"]
    assert [message.params for message in other.sync()] == [[room, "bye everyone"]]
    assert other.one(f"PART {room}").params == [room]
    assert [message.params for message in third.sync()] == [[room, "bye everyone"], [room]]


def test_one_parts_where_one_is(enter: Enter, room: str) -> None:
    """442 elsewhere, 403 where there is no room; others of a list are parted. Source: modern IRC, "PART"."""
    enter("host", rooms=[room])
    client = enter("client", rooms=[f"{room}b"])
    answers = client.ask(f"PART {room},#nowhere,{room}b")
    assert commands(answers) == ["442", "403", "PART"]
    assert answers[0].params == [client.nick, room, "You're not on that channel"]


def test_a_room_that_everybody_left_is_gone(enter: Enter, room: str) -> None:
    """Who comes next is its host, and its modes are new. Source: RFC 2811, section 3."""
    first, second = enter("first", rooms=[room]), enter("second")
    first.ask(f"MODE {room} +s", f"TOPIC {room} :old", f"PART {room}")
    answers = second.ask(f"JOIN {room}")
    assert only(answers, "353")[0].params[1:] == ["=", room, f"@{second.nick}"]
    assert only(answers, "332") == []


def test_names(enter: Enter, room: str) -> None:
    """Of one room, of several, of none that exists, of nothing. Source: modern IRC, "NAMES"."""
    host, guest = enter("host", rooms=[room]), enter("guest", rooms=[room])
    names, end = guest.ask(f"NAMES {room.upper()}")
    assert names.params == [guest.nick, "=", room, f"@{host.nick} {guest.nick}"]
    assert end.params[:2] == [guest.nick, room]
    assert [message.params[1] for message in guest.ask("NAMES #nowhere,invalid", "NAMES")] == [
        "#nowhere,invalid",
        "*",
    ]


def test_names_hides_the_invisible_from_who_is_outside(enter: Enter, room: str) -> None:
    """Members see everybody. Source: RFC 2812, section 3.2.5; modern IRC, "Invisible"."""
    host, hidden, inside, outside = (enter(stem) for stem in ("host", "hidden", "inside", "outside"))
    for client in (host, hidden, inside):
        client.join(room)
    hidden.ask(f"MODE {hidden.nick} +i")
    assert hidden.nick in inside.ask(f"NAMES {room}")[0].params[3].split()
    assert hidden.nick not in outside.ask(f"NAMES {room}")[0].params[3].split()


def test_names_are_cut_into_lines(enter: Enter, room: str) -> None:
    """As many as it takes, everybody once. Source: modern IRC, "RPL_NAMREPLY"."""
    people = [enter("n" * 28, rooms=[room]) for _ in range(16)]
    lines = only(people[0].ask(f"NAMES {room}"), "353")
    assert len(lines) > 1
    seen = [name.lstrip("@") for line in lines for name in line.params[3].split()]
    assert sorted(seen) == sorted(person.nick for person in people)


def test_multi_prefix_shows_every_mark(enter: Enter, room: str) -> None:
    """In NAMES, WHO and WHOIS, highest first. Source: IRCv3 multi-prefix."""
    host, plain = enter("host", ["multi-prefix"], [room]), enter("plain", rooms=[room])
    host.ask(f"MODE {room} +v {host.nick}")
    assert f"@+{host.nick}" in host.ask(f"NAMES {room}")[0].params[3].split()
    plain.sync()
    assert f"@{host.nick}" in plain.ask(f"NAMES {room}")[0].params[3].split()
    assert only(host.ask(f"WHO {host.nick}"), "352")[0].params[6] == "H@+"
    assert only(plain.ask(f"WHO {host.nick}"), "352")[0].params[6] == "H@"
    assert only(host.ask(f"WHOIS {host.nick}"), "319")[0].params[2] == f"@+{room}"


def test_a_topic_is_set_shown_and_taken_away(enter: Enter, room: str) -> None:
    """331, 332, 333; told to all. Source: modern IRC, "TOPIC"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.sync()
    assert commands(member.ask(f"TOPIC {room}")) == ["331"]
    assert host.one(f"TOPIC {room} :new topic").params == [room, "new topic"]
    assert member.until("TOPIC").params == [room, "new topic"]
    topic, when = member.ask(f"TOPIC {room}")
    assert (topic.command, topic.params) == ("332", [member.nick, room, "new topic"])
    assert when.command == "333"
    assert when.params[2].startswith(f"{host.nick}!")
    assert when.params[3].isdigit()
    assert commands(enter("later").ask(f"JOIN {room}")) == ["JOIN", "332", "333", "353", "366"]
    host.sync()
    assert host.one(f"TOPIC {room} :").params == [room, ""]
    assert commands(enter("last").ask(f"JOIN {room}")) == ["JOIN", "353", "366"]


def test_the_same_topic_again(enter: Enter, room: str) -> None:
    """Is told to nobody, and who set it first did; a label has its ACK. Source: modern IRC, "TOPIC"."""
    host, other = enter("host", ["labeled-response"], [room]), enter("other", rooms=[room])
    host.sync()
    assert host.ask(f"TOPIC {room} :") == []
    host.ask(f"TOPIC {room} :about", f"MODE {room} +o {other.nick}")
    other.sync()
    assert other.ask(f"TOPIC {room} :about") == []
    assert host.one(f"@label=same TOPIC {room} :about").command == "ACK"
    assert other.ask(f"TOPIC {room}")[1].params[2].startswith(f"{host.nick}!")


def test_who_may_set_the_topic(enter: Enter, room: str) -> None:
    """With +t hosts, without it members; 442, 482, 403. Source: modern IRC, "Protected Topic Mode"."""
    host, member, outside = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +v {member.nick}")
    member.sync()
    assert member.one(f"TOPIC {room} :mine").params[1:] == [room, "You're not a channel operator"]
    assert outside.one(f"TOPIC {room} :mine").command == "442"
    assert outside.one("TOPIC #nowhere").command == "403"
    host.ask(f"MODE {room} -t")
    member.sync()
    assert member.one(f"TOPIC {room} :mine").command == "TOPIC"


def test_a_topic_that_is_too_long_is_refused(enter: Enter, room: str) -> None:
    """417 with both sizes, in bytes; the topic stays as it was. Source: modern IRC, "TOPICLEN", "ERR_INPUTTOOLONG"."""
    host = enter("host", rooms=[room])
    host.ask(f"TOPIC {room} :before")
    answer = host.one(f"TOPIC {room} :{'é' * 196}")
    assert (answer.command, answer.params[1]) == (
        "417",
        "This topic is 392 bytes long, and 390 are the most: shorten it.",
    )
    assert host.ask(f"TOPIC {room}")[0].params[2] == "before"
    assert host.one(f"TOPIC {room} :{'é' * 195}").params[1] == "é" * 195


def test_a_reason_that_is_too_long_is_refused(enter: Enter, room: str) -> None:
    """417 for PART and KICK, and nobody has gone. Source: modern IRC, "KICKLEN", "ERR_INPUTTOOLONG"."""
    host, member = enter("host", rooms=[room]), enter("member", rooms=[room])
    host.sync()
    told = "This reason is 391 bytes long, and 390 are the most: shorten it."
    for line in (f"KICK {room} {member.nick}", f"PART {room}"):
        answer = host.one(f"{line} :{'x' * 391}")
        assert (answer.command, answer.params[1]) == ("417", told)
    assert member.sync() == []
    assert host.one(f"KICK {room} {member.nick} :{'x' * 390}").params[2] == "x" * 390
    assert host.one(f"PART {room} :{'x' * 390}").params[1] == "x" * 390


def test_a_reason_that_fits_no_line_is_refused(enter: Enter) -> None:
    """Its limit is met, but not behind a long name of a room. Source: modern IRC, "ERR_INPUTTOOLONG"."""
    host, member = enter("h" * 28), enter("m" * 28)
    room = f"#{host.nick:x<62}"
    host.join(room)
    member.join(room)
    host.sync()
    for line in (f"KICK {room} {member.nick} :{'x' * 380}", f"TOPIC {room} :{'x' * 390}"):
        assert host.one(line).command == "417"
    assert member.sync() == []


def test_a_topic_that_fits_no_list_is_refused(enter: Enter) -> None:
    """What TOPIC has room for must be told whole by LIST, to the longest name. Source: modern IRC, "RPL_LIST"."""
    host = enter("h")
    room = f"#{host.nick:x<63}"
    host.join(room)
    answer = host.one(f"TOPIC {room} :{'x' * 390}")
    assert answer.command == "417"
    most = int(answer.params[1].split()[7])
    host.ask(f"TOPIC {room} :{'x' * most}")
    reader = enter("r" * 27)
    assert reader.ask(f"LIST {room}")[1].params[3] == "x" * most
    assert reader.ask(f"TOPIC {room}")[0].params[2] == "x" * most


def test_an_away_message_that_is_too_long_is_refused(enter: Enter) -> None:
    """417, and one is here as before. Source: modern IRC, "AWAYLEN", "ERR_INPUTTOOLONG"."""
    client = enter("client")
    answer = client.one(f"AWAY :{'x' * 201}")
    assert (answer.command, answer.params[1]) == (
        "417",
        "This message is 201 bytes long, and 200 are the most: shorten it.",
    )
    assert client.one("AWAY").command == "305"


def test_who_quits_goes_whatever_the_reason(enter: Enter, room: str) -> None:
    """What would be cut is left out. Source: docs/handbook/member.md, "Talk"."""
    host, guest = enter("host", rooms=[room]), enter("guest", rooms=[room])
    host.sync()
    guest.send(f"QUIT :{'x' * 391}")
    guest.until_closed()
    assert host.until("QUIT").params == ["Quit"]


def test_a_kick_puts_out(enter: Enter, room: str) -> None:
    """Told to all with its reason, the host's name without one. Source: modern IRC, "KICK"; RFC 2812, 3.2.8."""
    host, one, other = (enter(stem, rooms=[room]) for stem in ("host", "one", "other"))
    for client in (host, one, other):
        client.sync()
    assert host.one(f"KICK {room} {one.nick.upper()} :bye").params == [room, one.nick, "bye"]
    assert one.next().params == [room, one.nick, "bye"]
    assert host.one(f"KICK {room} {other.nick}").params == [room, other.nick, host.nick]
    assert [message.params[1] for message in other.sync()] == [one.nick, other.nick]
    assert one.one(f"PRIVMSG {room} :still here?").command == "404"


def test_several_are_kicked_one_by_one(enter: Enter, room: str) -> None:
    """One room and many people, or pairs; each KICK names one. Source: RFC 2812, section 3.2.8."""
    host = enter("host", rooms=[room])
    guests = [enter("guest", rooms=[room]) for _ in range(4)]
    watcher = enter("watcher", rooms=[room])
    host.sync()
    host.ask(f"KICK {room} {guests[0].nick},{guests[1].nick} :bye")
    host.ask(f"KICK {room},{room} {guests[2].nick},{guests[3].nick} :bye")
    kicks = only(watcher.sync(), "KICK")
    assert [kick.params for kick in kicks] == [[room, guest.nick, "bye"] for guest in guests]
    assert commands(host.ask(f"KICK {room},{room} a,b,c")) == ["461"]
    assert commands(host.ask(f"KICK {room} a,b,c,d,e")) == ["407"]


def test_who_may_kick_whom(enter: Enter, room: str) -> None:
    """403, 442, 482, 441. Source: modern IRC, "KICK"."""
    host, member, outside = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("outside")
    host.sync()
    assert host.one(f"KICK #nowhere {member.nick}").command == "403"
    assert outside.one(f"KICK {room} {member.nick}").command == "442"
    assert member.one(f"KICK {room} {host.nick}").command == "482"
    assert host.one(f"KICK {room} {outside.nick}").params[1:] == [outside.nick, room, "They aren't on that channel"]
    assert host.one(f"KICK {room} nobody").command == "441"
    assert member.one(f"KICK {room} nobody").command == "482"


def test_an_invitation(enter: Enter, room: str) -> None:
    """341 to who invites, INVITE to who is invited, nothing to others. Source: modern IRC, "INVITE"."""
    host, member, guest = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("guest")
    host.sync()
    answer = host.one(f"INVITE {guest.nick.upper()} {room}")
    assert (answer.command, answer.params) == ("341", [host.nick, guest.nick, room])
    told = guest.next()
    assert (told.command, told.nick, told.params) == ("INVITE", host.nick, [guest.nick, room])
    assert member.sync() == []
    guest.ask("AWAY :out")
    assert commands(host.ask(f"INVITE {guest.nick} {room}")) == ["341", "301"]


def test_an_invitation_lets_in_once(enter: Enter, room: str) -> None:
    """Past +i, +b, +k and +l. Source: modern IRC, "INVITE"."""
    host, guest = enter("host", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} +iklb key 1 {guest.nick}!*@*")
    assert guest.one(f"JOIN {room}").command == "473"
    host.ask(f"INVITE {guest.nick} {room}")
    guest.sync()
    guest.join(room)
    host.ask(f"KICK {room} {guest.nick}")
    guest.sync()
    assert guest.one(f"JOIN {room}").command == "473"


@pytest.mark.parametrize(("mode", "answer"), [("+b guest*!*@*", "474"), ("+k secret", "475"), ("+l 1", "471")])
def test_a_members_invitation_is_a_word_and_a_hosts_lets_in(enter: Enter, room: str, mode: str, answer: str) -> None:
    """Only who runs a room lets somebody past its bans, key and limit. Source: modern IRC, "INVITE"."""
    host, member, guest = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("guest")
    host.ask(f"MODE {room} {mode}")
    member.sync()
    assert member.one(f"INVITE {guest.nick} {room}").command == "341"
    assert guest.next().command == "INVITE"
    assert guest.one(f"JOIN {room}").command == answer
    host.ask(f"INVITE {guest.nick} {room}")
    guest.sync()
    guest.join(room)


def test_who_may_invite_whom(enter: Enter, room: str) -> None:
    """401, 403, 442, 443, and 482 where +i. Source: modern IRC, "INVITE"."""
    host, member, outside = enter("host", rooms=[room]), enter("member", rooms=[room]), enter("outside")
    host.sync()
    assert host.one(f"INVITE nobody {room}").command == "401"
    assert host.one(f"INVITE {outside.nick} #nowhere").command == "403"
    assert outside.one(f"INVITE {outside.nick} {room}").command == "442"
    assert host.one(f"INVITE {member.nick} {room}").params[1:3] == [member.nick, room]
    assert member.one(f"INVITE {outside.nick} {room}").command == "341"
    host.ask(f"MODE {room} +i")
    member.sync()
    assert member.one(f"INVITE {outside.nick} {room}").command == "482"


def listed(client: Client, conditions: str = "") -> list[str]:
    """Give the rooms that LIST names."""
    first, *rows, last = client.ask(f"LIST {conditions}".rstrip())
    assert (first.command, last.command) == ("321", "323")
    assert set(commands(rows)) <= {"322"}
    return [row.params[1] for row in rows]


def test_list_shows_rooms_with_members_and_topic(enter: Enter, room: str) -> None:
    """One by name, none that does not exist. Source: modern IRC, "LIST"."""
    host = enter("host", rooms=[room])
    host.ask(f"TOPIC {room} :about us")
    _, row, _ = host.ask(f"LIST {room}")
    assert row.params == [host.nick, room, "1", "about us"]
    assert listed(host, "#nonexistent") == []
    assert room in listed(host)
    assert listed(host, f"{room},#nonexistent") == [room]


def test_list_takes_conditions(enter: Enter, room: str) -> None:
    """Masks, their opposite, members, ages. Source: modern IRC, "ELIST"."""
    host = enter("host", rooms=[f"{room}one", f"{room}two"])
    enter("guest", rooms=[f"{room}two"])
    host.ask(f"TOPIC {room}two :new")
    mask = f"{room}*"
    assert listed(host, mask) == [f"{room}one", f"{room}two"]
    assert listed(host, f"*{room[1:]}ONE") == [f"{room}one"]
    assert listed(host, f"{mask},!*one") == [f"{room}two"]
    assert listed(host, f"{mask},>1") == [f"{room}two"]
    assert listed(host, f"{mask},<2") == [f"{room}one"]
    assert listed(host, f"{mask},C<5") == [f"{room}one", f"{room}two"]
    assert listed(host, f"{mask},C>5") == []
    assert listed(host, f"{mask},T<5") == [f"{room}two"]
    assert listed(host, f"{mask},T>5") == []


def test_a_secret_room_is_listed_to_its_members(enter: Enter, room: str) -> None:
    """LIST, NAMES, WHO, WHOIS and TOPIC hide it from others. Source: RFC 1459, section 4.2.6; modern IRC, "Secret"."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +s", f"TOPIC {room} :hush")
    assert listed(host, room) == [room]
    assert listed(outside, room) == []
    assert commands(outside.ask(f"NAMES {room}")) == ["366"]
    assert commands(outside.ask(f"WHO {room}")) == ["315"]
    assert only(outside.ask(f"WHOIS {host.nick}"), "319") == []
    assert commands(outside.ask(f"TOPIC {room}", f"MODE {room}")) == ["403", "403"]
    assert only(host.ask(f"NAMES {room}"), "353")[0].params[1] == "@"


@pytest.mark.parametrize(
    "line",
    [
        *("MODE {}", "MODE {} b", "MODE {} +m", "MODE {} +o x", "TOPIC {}", "TOPIC {} :new"),
        *("PRIVMSG {} :hi", "PRIVMSG @{} :hi", "PART {}", "KICK {} x", "INVITE {nick} {}"),
    ],
)
def test_a_secret_room_answers_an_outsider_as_one_that_does_not_exist(enter: Enter, room: str, line: str) -> None:
    """Byte for byte, in the case that was asked. Source: modern IRC, "Secret Channel Mode"."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +s")
    secret, nowhere = room.upper(), f"{room.upper()}X"
    told = outside.one(line.format(secret, nick=outside.nick))
    assert told.command == "403"
    other = outside.one(line.format(nowhere, nick=outside.nick))
    assert other.raw == told.raw.replace(secret.encode(), nowhere.encode())
    assert host.sync() == []


def test_a_notice_to_a_secret_room_is_not_answered(enter: Enter, room: str) -> None:
    """As one to a room that does not exist; ROOM tells nothing either. Source: RFC 2812, section 3.3.2."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +s")
    assert outside.ask(f"NOTICE {room} :hi", f"NOTICE {room}x :hi") == []
    assert outside.one(f"ROOM INFO {room}").params[1:] == ["NO_SUCH_ROOM", room, "There is no such room."]


def test_a_secret_room_that_hears_outsiders_hears_them(enter: Enter, room: str) -> None:
    """Without +n; what it refuses is answered as by no room. Source: modern IRC, "No External Messages Mode"."""
    host, outside = enter("host", rooms=[room]), enter("outside")
    host.ask(f"MODE {room} +s-n")
    assert outside.ask(f"PRIVMSG {room} :hi") == []
    assert host.until("PRIVMSG").params == [room, "hi"]
    host.ask(f"MODE {room} +b {outside.nick}")
    assert outside.one(f"PRIVMSG {room} :hi").command == "403"


def test_an_operator_is_told_nothing_of_a_secret_room(enter: Enter, room: str) -> None:
    """Whose members are theirs alone to know. Source: docs/handbook/operator.md; modern IRC, "Secret Channel Mode"."""
    host, operator = enter("host", rooms=[room]), enter("operator")
    host.ask(f"MODE {room} +s", f"TOPIC {room} :hush")
    operator.ask("OPER operuser operpassword")
    assert listed(operator, room) == []
    assert room not in listed(operator)
    answers = operator.ask(f"NAMES {room}", f"WHO {room}", f"WHOIS {host.nick}", f"TOPIC {room}", f"WHO {host.nick}")
    assert {"353", "319", "332"}.isdisjoint(commands(answers))
    assert [row.params[1] for row in only(answers, "352")] == ["*"]
    assert "hush" not in repr([answer.params for answer in answers])
