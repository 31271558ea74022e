"""MONITOR, SILENCE, WHOWAS, hosts and devices over the whole chat, with a clock that a test turns.

Source: docs/adr/0015-people-and-queries.md; IRCv3 monitor, extended-monitor, chghost; modern IRC, "WHOWAS".
"""

from msgspec.structs import replace
from tests.promises.harness import NOON_MS, OPERATOR_PASSWORD, HeardClient, Square

from parvis.chat import hosts
from parvis.chat.commands.who import ANSWERS_MAX
from parvis.chat.commands.whowas import ANSWERS_MAX as WHOWAS_MAX
from parvis.chat.departed import ENTRIES_MAX, Entry
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.store.memory import Fault

ROOM = "#quai"


def asks(square: Square, client: HeardClient, *lines: str) -> list[str]:
    """Have somebody say something, and give what they hear until it is settled."""
    client.says(*lines)
    square.end_turn()
    return client.hears()


def device_of(square: Square, carrier: HeardClient, *capabilities: str) -> HeardClient:
    """Let one more connection be of a person."""
    device = square.connects()
    if capabilities:
        device.says(f"CAP REQ :{' '.join(capabilities)}")
    square.end_turn()
    square.chat.attach(device, carrier)
    square.end_turn()
    device.hears()
    return device


def member(square: Square, person: HeardClient, name: str) -> Account:
    """Log somebody in to an account of that name."""
    account = Account(id=IdentityId(name.encode().ljust(16, b"_")), name=name, registered_at_ms=NOON_MS)
    if account.id not in square.chat.world.accounts:
        square.chat.apply(e.AccountKept(account, name))
    square.chat.apply(e.LoggedIn(person, account))
    return account


# MONITOR.


def test_nobody_is_told_of_a_coming_that_is_not_durable() -> None:
    """730 waits for the record of who entered. Source: ARCHITECTURE.md, "Invariants", 4."""
    square = Square()
    anna = square.enters("anna")
    assert asks(square, anna, "MONITOR + bert") == [":square.test 731 anna :bert"]
    square.commits_fail(1, Fault.HANGS)
    bert = square.connects()
    bert.says("NICK bert", "USER bert 0 * :Bert")
    square.end_turn()
    assert anna.hears() == []
    square.archive.release()
    square.end_turn()
    assert anna.hears() == [f":square.test 730 * :{bert.mask()}"]


def test_each_device_has_a_list_of_its_own_that_goes_with_it() -> None:
    """Also when the connection that goes carried the person. Source: docs/adr/0008; IRCv3 monitor."""
    square = Square()
    anna = square.enters("anna")
    phone = device_of(square, anna)
    asks(square, anna, "MONITOR + bert")
    assert asks(square, phone, "MONITOR L") == [":square.test 733 anna :End of MONITOR list"]
    asks(square, phone, "MONITOR + carl")
    bert = square.enters("bert")
    assert [line.split()[1] for line in anna.hears()] == ["730"]
    assert phone.hears() == []
    square.loses(anna)
    square.end_turn()
    square.loses(bert)
    square.enters("carl")
    assert [line.split()[1] for line in phone.hears()] == ["730"]
    assert not square.chat.watching.watchers("bert")
    square.loses(phone)
    assert not square.chat.watching.watchers("carl")


def test_a_watcher_who_shares_a_room_reads_a_change_once() -> None:
    """And one without a shared room reads it, too; without extended-monitor it does not. Source: extended-monitor."""
    square = Square()
    capabilities = ("away-notify", "setname", "chghost", "extended-monitor")
    near = square.enters("near", *capabilities, rooms=[ROOM])
    far = square.enters("far", *capabilities)
    plain = square.enters("plain", "away-notify", "setname", "chghost")
    for watcher in (near, far, plain):
        asks(square, watcher, "MONITOR + anna")
    anna = square.enters("anna", rooms=[ROOM])
    for watcher in (near, far, plain):
        watcher.hears()
    before = anna.mask()
    anna.says("AWAY :out", "SETNAME :Anna B.")
    anna.says("PING x")
    member(square, anna, "anna")
    hosts.follow_account(square.chat, anna)
    square.end_turn()
    told = [f":{before} AWAY :out", f":{before} SETNAME :Anna B.", f":{before} CHGHOST {anna.user} {anna.host}"]
    assert near.hears() == far.hears() == told
    assert plain.hears() == []


def test_a_whole_life_of_a_watched_pseudonym() -> None:
    """Both names of a NICK, none for a change of case, and the leaving. Source: IRCv3 monitor."""
    square = Square()
    anna = square.enters("anna")
    asks(square, anna, "MONITOR + bert,carl")
    bert = square.enters("bert")
    anna.hears()
    asks(square, bert, "NICK BERT")
    assert anna.hears() == []
    asks(square, bert, "NICK carl")
    assert anna.hears() == [":square.test 731 * :BERT", f":square.test 730 * :{bert.mask()}"]
    asks(square, bert, "QUIT")
    assert anna.hears() == [":square.test 731 * :carl"]


# SILENCE.


def test_silence_is_not_noticed_by_who_is_silenced() -> None:
    """The same answers, labels, echoes and records, with and without it. Source: DESIGN, promise 4."""
    heard: list[list[str]] = []
    kept: list[list[str]] = []
    for silenced in (False, True):
        square = Square()
        anna = square.enters("anna", "message-tags", rooms=["#own"])
        troll = square.enters("troll", "message-tags", "echo-message", "labeled-response", "batch", rooms=[ROOM])
        if silenced:
            asks(square, anna, "SILENCE +troll")
        asks(square, anna, "AWAY :out")
        answers: list[str] = []
        for line in (
            "@label=a PRIVMSG anna :hello",
            "@label=b NOTICE anna :hello",
            "@label=c;+typing=active TAGMSG anna",
            "@label=d;+x=y TAGMSG anna",
            f"@label=e INVITE anna {ROOM}",
            "PRIVMSG anna,troll :both",
            "WHOIS anna",
        ):
            answers += asks(square, troll, line)
        heard.append([line.split("msgid=")[0] + line.partition(" ")[2] for line in answers])
        kept.append([line for line in square.kept() if "troll" in line and "SILENCE" not in line])
        read = [line for line in anna.hears() if " :troll!" in f" {line}" or ":troll!" in line]
        assert bool(read) is not silenced
        assert bool(square.chat.world.invitations) is not silenced
    assert _without_batch_ids(heard[0]) == _without_batch_ids(heard[1])
    assert kept[0] == kept[1]


def _without_batch_ids(lines: list[str]) -> list[str]:
    """Leave out the random names of batches."""
    words = [
        [word for word in line.split() if not word.startswith(("batch=", "@batch=", "+L", "-L"))] for line in lines
    ]
    return [" ".join(line) for line in words]


def test_who_is_silenced_is_told_that_the_archive_fails_as_anybody_is() -> None:
    """Else the silence would show. Source: DESIGN, promise 4; `Turn`, rule 3."""
    heard: list[list[str]] = []
    for silenced in (False, True):
        square = Square()
        anna, troll = square.enters("anna"), square.enters("troll")
        if silenced:
            asks(square, anna, "SILENCE +troll")
        square.commits_fail(200)
        troll.says("PRIVMSG anna :hello", "NOTICE anna :hello")
        square.go_on(40.0)
        heard.append(troll.hears())
        square.commits_work()
        square.go_on(1.0)
        assert not any("troll!" in line for line in anna.hears())
    assert heard[0] == heard[1]
    assert [line.split()[1:3] for line in heard[0]] == [["FAIL", "PRIVMSG"], ["FAIL", "NOTICE"]]


def test_a_members_list_is_kept_over_a_restart_and_a_guests_is_not() -> None:
    """With the commit that changed it. Source: docs/adr/0007; `chat/silences.py`."""
    square = Square()
    anna, guest = square.enters("anna"), square.enters("guest")
    account = member(square, anna, "anna")
    asks(square, anna, "SILENCE +troll,*!*@spam")
    asks(square, guest, "SILENCE +troll")
    square.archive.close()
    again = Square(store=square.archive.store)
    assert again.chat.world.silences == {account.id: ("troll!*@*", "*!*@spam")}
    back = again.enters("anna")
    member(again, back, "anna")
    troll = again.enters("troll")
    asks(again, troll, "PRIVMSG anna :hello")
    assert back.hears() == []
    asks(again, back, "SILENCE -troll!*@*,-*!*@spam")
    again.archive.close()
    assert Square(store=again.archive.store).chat.world.silences == {}


def test_who_logs_in_takes_their_list_along() -> None:
    """Bounded, and kept with the account. Source: `chat/consequences.py`."""
    square = Square()
    square.chat.reconfigure(replace(square.chat.settings, silence=3))
    anna = square.enters("anna")
    account = Account(id=IdentityId(b"a" * 16), name="anna", registered_at_ms=NOON_MS)
    square.chat.apply(e.AccountKept(account, "anna"))
    square.chat.apply(e.SilenceSet(account.id, ("one!*@*", "two!*@*")))
    asks(square, anna, "SILENCE +two,three,four")
    guest = anna.identity
    square.chat.apply(e.LoggedIn(anna, account))
    assert square.chat.world.silences == {account.id: ("one!*@*", "two!*@*", "three!*@*")}
    assert guest not in square.chat.world.silences
    square.chat.apply(e.AccountDeleted(account, "anna"))
    square.end_turn()
    square.archive.close()
    assert Square(store=square.archive.store).chat.world.silences == {}


def test_nobody_evades_a_mask_of_their_network_by_logging_in() -> None:
    """A mask of one network fits guests and members; `*.guest` fits guests alone. Source: ADR 15."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    troll = square.enters("troll", address="192.0.2.9")
    guest_host = troll.host
    assert guest_host.endswith(".guest")
    answers = asks(square, anna, f"SILENCE +*!*@{guest_host}", f"MODE {ROOM} +b *!*@{guest_host}", "SILENCE")
    network = guest_host.removesuffix("guest")
    assert answers[0].endswith(f"SILENCE +*!*@{network}*")
    assert answers[1].endswith(f"MODE {ROOM} +b *!*@{network}*")
    asks(square, troll, f"JOIN {ROOM}", "PRIVMSG anna :one")
    member(square, troll, "troll")
    hosts.follow_account(square.chat, troll)
    square.end_turn()
    assert troll.host == f"{network}member"
    assert any(line.split()[1] == "474" for line in asks(square, troll, f"JOIN {ROOM}", "PRIVMSG anna :two"))
    assert anna.hears() == []
    assert asks(square, anna, f"MODE {ROOM} -b *!*@{guest_host}")[0].endswith(f"-b *!*@{network}*")
    assert hosts.any_label("*!*@*.guest") == "*!*@*.guest"


# WHOWAS.


def test_whowas_forgets_in_time_and_can_be_off() -> None:
    """Nothing of it outlives its minutes, asked for or not. Source: DESIGN, promise 5; [limits] whowas_minutes."""
    square = Square()
    anna = square.enters("anna")
    square.doors.start()
    square.loses(square.enters("bert"))
    square.end_turn()
    assert [line.split()[1] for line in asks(square, anna, "WHOWAS bert")] == ["314", "312", "369"]
    square.go_on(9 * 60.0)
    assert square.chat.departed.of("bert", 0)
    square.go_on(66.0)
    assert not square.chat.departed.of("bert", 0)
    back = square.enters("anna2")
    assert [line.split()[1] for line in asks(square, back, "WHOWAS bert")] == ["406", "369"]
    square.chat.reconfigure(replace(square.chat.settings, whowas_minutes=0))
    asks(square, back, "NICK other")
    assert [line.split()[1] for line in asks(square, back, "WHOWAS anna2")] == ["406", "369"]


def test_whowas_is_bounded() -> None:
    """The oldest are forgotten first. Source: `departed.ENTRIES_MAX`."""
    square = Square()
    anna = square.enters("anna")
    for number in range(ENTRIES_MAX + 1):
        square.chat.apply(e.Renamed(anna, f"n{number}", f"n{number}"))
    departed = square.chat.departed
    assert not departed.of("anna", 0)
    assert len(departed.of("n0", 0)) == 1
    departed.forget_before(NOON_MS + 1_000_000)
    assert not departed.of("n0", 0)


# Devices.


def test_ones_own_modes_and_away_are_told_to_every_device() -> None:
    """And to nobody else. Source: docs/adr/0008-one-connection-carries-a-person.md."""
    square = Square()
    anna, bert = square.enters("anna", rooms=[ROOM]), square.enters("bert", rooms=[ROOM])
    anna.hears()
    phone = device_of(square, anna)
    assert asks(square, phone, "MODE anna +i") == [f":{anna.mask()} MODE anna :+i"]
    assert anna.hears() == [f":{anna.mask()} MODE anna :+i"]
    assert asks(square, anna, "AWAY :out") == [":square.test 306 anna :You have been marked as being away"]
    assert phone.hears() == [":square.test 306 anna :You have been marked as being away"]
    asks(square, anna, "SILENCE +bert")
    assert phone.hears() == [f":{anna.mask()} SILENCE +bert!*@*"]
    assert bert.hears() == []
    asks(square, bert, "PRIVMSG anna :hello")
    assert anna.hears() == phone.hears() == []


def test_a_changed_host_is_told_once_to_who_asked() -> None:
    """The person reads 396 on each device; nobody is shown a QUIT that did not happen. Source: IRCv3 chghost."""
    square = Square()
    anna = square.enters("anna", "chghost", rooms=[ROOM])
    phone = device_of(square, anna)
    asked, plain = square.enters("asked", "chghost", rooms=[ROOM]), square.enters("plain", rooms=[ROOM])
    for client in (anna, phone, asked):
        client.hears()
    before = anna.mask()
    anna.says("PING x")
    hosts.change_host(square.chat, anna, "~new", "new.member")
    hosts.change_host(square.chat, anna, "~new", "new.member")
    square.chat.end_answer()
    square.end_turn()
    visible = ":square.test 396 anna new.member :is now your displayed host"
    assert anna.hears()[1:] == [f":{before} CHGHOST ~new new.member", visible]
    assert phone.hears() == [visible]
    assert asked.hears() == [f":{before} CHGHOST ~new new.member"]
    assert plain.hears() == []
    # By another's command, too.
    asked.says("PING x")
    hosts.change_host(square.chat, anna, "~new", "new.guest")
    square.chat.end_answer()
    square.end_turn()
    assert ":square.test 396 anna new.guest :is now your displayed host" in anna.hears()
    assert anna.mask() == "anna!~new@new.guest"


# Bots, operators.


def test_the_leaving_of_a_bot_bears_its_tag() -> None:
    """So does all it does; a kill is not its own act. Source: IRCv3 bot-mode."""
    square = Square()
    anna = square.enters("anna", "message-tags", rooms=[ROOM])
    bot = square.enters("bot", rooms=[ROOM])
    anna.hears()
    asks(square, bot, "MODE bot +B", f"TOPIC {ROOM} :x", f"PART {ROOM}", f"JOIN {ROOM}", "NICK robot", "QUIT")
    tagged = [line.split()[0].split(";")[1:] for line in anna.hears() if line.startswith("@")]
    assert len(tagged) == 4
    assert all(tags == ["bot"] for tags in tagged)


def test_rehash_reads_the_configuration_again_for_operators_alone() -> None:
    """382, or that it has mistakes. Source: modern IRC, "REHASH"."""
    square = Square()
    anna = square.enters("anna")
    assert asks(square, anna, "REHASH")[0].split()[1] == "481"
    assert square.reloads == 0
    anna.says(f"OPER op {OPERATOR_PASSWORD}")
    square.go_on(1.0)
    anna.hears()
    assert asks(square, anna, "REHASH") == [":square.test 382 anna parvis.toml :The configuration was read again"]
    square.reload_works = False
    assert asks(square, anna, "REHASH")[0].startswith(":square.test FAIL REHASH CONFIGURATION_KEPT :")
    assert square.reloads == 2


# What WHOIS tells whom.


def test_whois_tells_of_account_tls_and_certificate() -> None:
    """TLS when every device is on it; fingerprints to their owner and operators. Source: modern IRC, "WHOIS"."""
    square = Square()
    anna, bert, operator = square.enters("anna"), square.enters("bert"), square.enters("chief")
    operator.says(f"OPER op {OPERATOR_PASSWORD}")
    square.go_on(1.0)
    operator.hears()
    member(square, anna, "Anna")
    phone = device_of(square, anna)
    anna.certificate, phone.certificate = "ab" * 32, "cd" * 32
    anna.is_secure = True

    def told(asker: HeardClient) -> dict[str, list[str]]:
        numerics: dict[str, list[str]] = {}
        for line in asks(square, asker, "WHOIS anna"):
            numerics.setdefault(line.split()[1], []).append(line)
        return numerics

    assert told(bert)["330"] == [":square.test 330 bert anna Anna :is logged in as"]
    assert not {"671", "276"} & told(bert).keys()
    phone.is_secure = True
    assert told(bert)["671"] == [":square.test 671 bert anna :is using a secure connection"]
    assert "276" not in told(bert)
    for asker in (anna, phone, operator):
        prints = told(asker)["276"]
        assert [line.split()[-1] for line in prints] == ["ab" * 32, "cd" * 32]
    assert told(phone)["379"] == [":square.test 379 anna anna :is using modes +r"]
    assert asks(square, bert, "WHO anna %na")[0] == ":square.test 354 bert anna :Anna"
    assert asks(square, anna, "MODE anna -r")[0].startswith(":square.test FAIL MODE MODE_NOT_YOURS_TO_SET r :")


def test_who_by_mask_is_bounded_and_says_so() -> None:
    """As many as are listed, and a word that there are more. Source: `who.ANSWERS_MAX`; DESIGN, promise 4."""
    square = Square()
    anna = square.enters("anna")
    for number in range(ANSWERS_MAX + 1):
        client = square.connects()
        client.says(f"NICK crowd{number}", "USER c 0 * :C")
    square.go_on(1.0)
    anna.hears()
    answers = asks(square, anna, "WHO crowd* %n")
    assert len(answers) == ANSWERS_MAX + 2
    assert answers[-2].startswith(":square.test NOTE WHO TOO_MANY_MATCHES * :")
    assert len(asks(square, anna, "WHO crowd?? %n")) == 91


def test_ones_own_devices_read_what_one_sends_to_people_and_to_hosts() -> None:
    """As rooms show it by themselves; tags alone to who understands tags. Source: ADR 8; IRCv3 message-tags."""
    square = Square()
    host = square.enters("host", rooms=[ROOM])
    anna = square.enters("anna", "message-tags", rooms=[ROOM])
    phone, old = device_of(square, anna, "message-tags"), device_of(square, anna)
    asks(square, anna, "@+draft/react=x TAGMSG host")
    assert [line.split(" ", 1)[1] for line in phone.hears()] == [f":{anna.mask()} TAGMSG host"]
    asks(square, anna, "@+typing=active TAGMSG host")
    assert phone.hears() == old.hears() == []
    asks(square, anna, f"PRIVMSG @{ROOM} :to hosts")
    assert host.hears()[-1] == old.hears()[0] == f":{anna.mask()} PRIVMSG @{ROOM} :to hosts"
    assert len(phone.hears()) == 1
    asks(square, host, f"PRIVMSG @{ROOM} :among hosts")
    assert anna.hears() == phone.hears() == []


def test_an_echo_does_not_tell_who_is_in_an_auditorium() -> None:
    """`channel-context` is relayed where both see each other. Source: IRCv3 channel-context; mode u."""
    square = Square()
    square.enters("host", rooms=[ROOM])
    square.chat.apply(e.FlagChanged(square.chat.world.rooms[ROOM], "u", True))
    square.enters("bert", rooms=[ROOM])
    anna = square.enters("anna", "message-tags", "echo-message", rooms=[ROOM])
    assert "channel-context" in asks(square, anna, f"@+draft/channel-context={ROOM} PRIVMSG host :x")[0]
    assert "channel-context" not in asks(square, anna, f"@+draft/channel-context={ROOM} PRIVMSG bert :x")[0]


def test_one_whowas_tells_no_more_than_the_newest() -> None:
    """However often a pseudonym was borne, and whatever count is asked for. Source: `whowas.ANSWERS_MAX`."""
    square = Square()
    anna = square.enters("anna")
    entry = Entry("bert", "bert", "~b", "host", "Bert", NOON_MS)
    for _ in range(3 * WHOWAS_MAX):
        square.chat.departed.remember(entry)
    for words in ("WHOWAS bert", "WHOWAS bert 9999", "WHOWAS bert 0"):
        assert len(asks(square, anna, words)) == 2 * WHOWAS_MAX + 1


def test_who_looks_through_large_rooms_pays_for_it() -> None:
    """SUB tells of all who are in one's rooms. Source: `metadata.PEOPLE_PER_COMMAND`."""
    square = Square(exempt=False)
    anna = square.enters("anna", "draft/metadata-2", rooms=[ROOM])
    room = square.chat.world.rooms[ROOM]
    for number in range(500):
        person = HeardClient(square, "127.0.0.1")
        person.nick = f"n{number}"
        room.members[person] = 0
    anna.says("METADATA * SUB color")
    before = anna.credit
    anna.says("METADATA * UNSUB color", "METADATA * SUB color")
    assert before - anna.credit > 2.49
