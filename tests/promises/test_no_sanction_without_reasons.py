"""Promise 3: no sanction without reasons, words the person reads, who decided, an end, and a way to appeal.

Source: DESIGN, "Promises", 3; docs/adr/0019-sanctions-of-the-server.md; docs/handbook/operator.md, "Staff commands".
"""

from msgspec.structs import replace
from tests.promises.harness import OPERATOR_PASSWORD, HeardClient, Square

from parvis.app.wiring import restore
from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.records import RecordKind
from parvis.store.memory import Fault, MemoryStore

BAD, GOOD = "203.0.113.7", "198.51.100.3"
UNTIL = "2027-01-15 09:00 UTC"
ROOM = "#square"


def a_square(store: MemoryStore | None = None) -> Square:
    """Open a square whose silent and ended things are swept, and that can be reached."""
    square = Square(store=store)
    square.chat.reconfigure(replace(square.chat.settings, contact="help@square.test"))
    square.doors.start()
    return square


def staff(square: Square, nick: str = "oper") -> HeardClient:
    """Have an operator enter from this machine."""
    client = square.enters(nick)
    client.says(f"OPER any {OPERATOR_PASSWORD}")
    square.go_on(1.0)
    client.hears()
    return client


def says(square: Square, client: HeardClient, *lines: str) -> list[str]:
    """Say something and give the answers."""
    client.says(*lines)
    square.end_turn()
    return client.hears()


def decisions(square: Square) -> list[str]:
    """Give the lines of the decisions that are kept."""
    records = square.archive.store.opened_records()
    return [record.line.decode() for record in records if record.header.kind is RecordKind.DECISION]


def name_of(answers: list[str]) -> str:
    """Give the name of the decision that was answered."""
    [line] = [line for line in answers if " NOTE UBAN " in line]
    return line.split(" ")[4]


def account(square: Square, name: str, byte: bytes = b"a") -> Account:
    """Register an account."""
    made = Account(id=IdentityId(byte * 16), name=name, registered_at_ms=0)
    square.chat.apply(e.AccountKept(made, fold(name)))
    return made


def test_who_is_here_reads_why_until_when_and_how_to_appeal() -> None:
    """465, then ERROR, once the decision is kept; rooms read that they are banned and not why."""
    square = a_square()
    oper = staff(square)
    bert = square.enters("bert", rooms=[ROOM], address=BAD)
    anna = square.enters("anna", rooms=[ROOM], address=GOOD)
    bert.hears()
    square.commits_fail(1, Fault.HANGS)
    oper.says(f"UBAN ADD 1h ip:{BAD} :Sold drugs")
    square.end_turn()
    assert bert.hears() == anna.hears() == oper.hears() == []
    square.archive.release()
    square.end_turn()
    name = name_of(oper.hears())
    assert bert.hears() == [
        ":square.test 465 bert :You are banned from this server",
        (
            f"ERROR :Closing link: You are banned from this server until {UNTIL}: Sold drugs "
            f"To appeal: help@square.test (decision {name})."
        ),
    ]
    assert bert.is_hung_up()
    assert anna.hears() == [f":bert!~bert@{bert.host} QUIT :Banned from this server"]
    [kept] = decisions(square)
    assert kept == (
        f":{oper.mask()} DECISION {name} ban ip:{BAD}/32 2027-01-15T09:00:01Z :You are banned from this server until "
        f"{UNTIL}: Sold drugs To appeal: help@square.test (decision {name})."
    )


def test_who_comes_later_is_closed_at_the_door_until_it_ends() -> None:
    """The whole /64 of IPv6; afterwards it is forgotten, in SQL too (promise 5)."""
    square = a_square()
    oper = staff(square)
    says(square, oper, "UBAN ADD 1h ip:2001:db8::1 :Spam")
    bert = square.connects("2001:db8::ffff")
    square.end_turn()
    assert [line.split(" :")[0] for line in bert.hears()] == [":square.test 465 *", "ERROR"]
    assert bert.is_hung_up()
    assert not square.connects("2001:db8:0:1::1").is_hung_up()
    assert len(square.values()) == 1
    square.go_on(3601.0)
    assert not square.connects("2001:db8::ffff").is_hung_up()
    square.go_on(6.0)
    assert not square.values()
    assert square.chat.world.bans == ()


def test_a_cloak_is_enough_to_ban_what_is_seen() -> None:
    """Staff see no address: what stands in a mask names the network."""
    square = a_square()
    oper = staff(square)
    bert = square.enters("bert", address=BAD)
    says(square, oper, f"UBAN ADD 30m host:{bert.host} :Spam")
    assert bert.is_hung_up()
    assert square.connects(BAD).is_hung_up()
    assert not square.connects(GOOD).is_hung_up()


def test_a_mask_closes_at_entry_and_holds_names_back() -> None:
    """Whoever enters under it, and whoever would take such a name."""
    square = a_square()
    oper = staff(square)
    says(square, oper, "UBAN ADD 1h mask:bot*!*@* :Bots")
    bot = square.connects(BAD)
    bot.says("NICK bot1", "USER u 0 * :u")
    square.end_turn()
    assert bot.is_hung_up()
    anna = square.enters("anna", address=GOOD)
    [answer] = says(square, anna, "NICK bot2")
    assert answer.startswith(":square.test 432 anna bot2 :You are banned from this server until")
    assert not anna.is_hung_up()
    assert any(" NICK :bot3" in line for line in says(square, oper, "NICK bot3"))


def test_an_account_is_banned_wherever_it_comes_from() -> None:
    """By its id: who takes the name afterwards is somebody else."""
    square = a_square()
    oper = staff(square)
    known = account(square, "Camille")
    camille = square.enters("cam", address=GOOD)
    square.chat.apply(e.LoggedIn(camille, known))
    assert "NO_SUCH_ACCOUNT" in says(square, oper, "UBAN ADD 1h account:nobody :x")[0]
    says(square, oper, "UBAN ADD 1h account:camille :Threats")
    assert camille.is_hung_up()
    square.chat.apply(e.AccountDeleted(known, "camille"))
    other = account(square, "camille", b"b")
    newcomer = square.enters("newcomer", address=GOOD)
    square.chat.apply(e.LoggedIn(newcomer, other))
    assert not says(square, oper, "UBAN ADD 1h mask:nobody!*@* :x")[0].endswith(": 1")
    assert not newcomer.is_hung_up()


def test_a_network_may_be_asked_for_accounts() -> None:
    """Guests of it are closed and kept out; who has an account is not."""
    square = a_square()
    oper = staff(square)
    guest, member = square.enters("guest", address=BAD), square.enters("member", address=BAD)
    square.chat.apply(e.LoggedIn(member, account(square, "member")))
    says(square, oper, "UBAN REQUIRE 1d ip:203.0.113.0/24 :A wave of guests")
    assert guest.is_hung_up()
    assert not member.is_hung_up()
    late = square.connects(BAD)
    assert not late.is_hung_up()
    late.says("NICK late", "USER u 0 * :u")
    square.end_turn()
    heard = late.hears()
    assert heard[0].startswith(":square.test FAIL * ACCOUNT_REQUIRED :Until 2027-01-16")
    assert "log in (SASL): A wave of guests" in heard[-1]
    assert late.is_hung_up()


def test_it_can_be_lifted_with_a_reason_and_is_listed() -> None:
    """By its name or its target; each step is kept."""
    square = a_square()
    oper, other = staff(square), staff(square, "other")
    name = name_of(says(square, oper, f"UBAN ADD 1h ip:{BAD} :Spam"))
    told = other.hears()
    assert told == [f":square.test NOTICE * :*** oper decided {name} (ban ip) until {UNTIL}: Spam"]
    [row, end] = says(square, other, "UBAN LIST")
    assert row.startswith(f":square.test NOTE UBAN BAN {name} ip:{BAD}/32 :By oper, 2027-01-15 08:00 UTC to {UNTIL}")
    assert " UBAN END 1 " in end
    assert says(square, other, f"UBAN INFO {name}")[1] == f":square.test NOTE UBAN REASON {name} :Spam"
    assert "NEED_REASON" in says(square, other, f"UBAN DEL {name} : ")[0]
    assert "NOT_FOUND" in says(square, other, "UBAN DEL ip:203.0.113.9 :x")[0]
    says(square, other, f"UBAN DEL ip:{BAD} :A mistake")
    assert not square.connects(BAD).is_hung_up()
    assert "NOT_FOUND" in says(square, other, f"UBAN INFO {name}")[0]
    assert decisions(square)[-1].split(" DECISION ")[1] == f"{name} lifted ip:{BAD}/32 2027-01-15T08:00:02Z :A mistake"


def test_a_new_decision_about_the_same_replaces_the_old() -> None:
    """So that lifting one lifts it."""
    square = a_square()
    oper = staff(square)
    says(square, oper, f"UBAN ADD 1h ip:{BAD} :Spam", f"UBAN ADD 2h ip:{BAD} :More spam")
    assert len(square.chat.world.bans) == 1
    assert square.chat.world.bans[0].reason == "More spam"


def test_it_lasts_over_a_restart() -> None:
    """With its end; a level of defence as well."""
    store = MemoryStore()
    square = a_square(store)
    oper = staff(square)
    says(square, oper, f"UBAN ADD 1h ip:{BAD} :Spam", "DEFENCE 1 2h :A wave")
    square.archive.close()
    again = Square(store=store)
    restore(again.chat, list(store.kept.values()))
    assert again.connects(BAD).is_hung_up()
    assert again.chat.world.defence is not None
    assert again.chat.world.defence.level == 1


def test_nobody_but_staff_decides_and_staff_are_safe_from_each_other() -> None:
    """A ban that names whoever gives it is refused; other operators who are here stay."""
    square = a_square()
    anna = square.enters("anna", address=GOOD)
    for line in ("UBAN LIST", f"UBAN ADD 1h ip:{BAD} :x", "DEFENCE", "DEFENCE 1 :x"):
        assert says(square, anna, line)[0].split(" ")[1] == "481"
    oper, other = staff(square), staff(square, "other")
    for target in ("ip:127.0.0.1", "mask:oper!*@*", f"host:{oper.host}", "mask:*!*@*.guest"):
        assert "SANCTION_TOO_WIDE" in says(square, oper, f"UBAN ADD 1h {target} :x")[0]
    says(square, oper, "UBAN ADD 1h mask:other!*@* :x")
    assert not other.is_hung_up()


def test_what_is_wrong_with_a_decision_is_said() -> None:
    """Nothing is done then; no reason is ever cut."""
    square = a_square()
    oper = staff(square)
    for line, code in (
        ("UBAN", "461"),
        ("UBAN WHAT", "UNKNOWN_SUBCOMMAND"),
        ("UBAN ADD 1h ip:203.0.113.7", "461"),
        ("UBAN ADD 1h ip:203.0.113.7 :", "461"),
        ("UBAN ADD 1h ip:203.0.113.7 : ", "NEED_REASON"),
        ("UBAN ADD forever ip:203.0.113.7 :x", "INVALID_DURATION"),
        ("UBAN ADD 366d ip:203.0.113.7 :x", "SANCTION_TOO_LONG"),
        ("UBAN ADD 1h 203.0.113.7 :x", "INVALID_TARGET"),
        ("UBAN ADD 1h ip:0.0.0.0/0 :x", "SANCTION_TOO_WIDE"),
        ("UBAN REQUIRE 1h account:a :x", "INVALID_TARGET"),
        ("UBAN ADD 1h ip:203.0.113.7 :" + "x" * 251, "REASON_TOO_LONG"),
        ("DEFENCE 0 :x", "INVALID_LEVEL"),
        ("DEFENCE ٣ :x", "INVALID_LEVEL"),
        ("DEFENCE 3", "461"),
        ("DEFENCE 3 8d :x", "INVALID_DURATION"),
        ("DEFENCE 3 1h :", "NEED_REASON"),
    ):
        [answer] = says(square, oper, line)
        assert code in answer.split(" "), answer
    assert square.chat.world.bans == ()
    assert decisions(square) == []


def test_bans_are_bounded() -> None:
    """So that a list cannot grow without end (ARCHITECTURE.md, "Invariants", 7)."""
    square = a_square()
    square.chat.reconfigure(replace(square.chat.settings, server_bans=2))
    oper = staff(square)
    says(square, oper, *[f"UBAN ADD 1h ip:203.0.113.{number} :x" for number in range(2)])
    assert "LIST_FULL" in says(square, oper, "UBAN ADD 1h ip:203.0.113.9 :x")[0]


def test_a_kill_is_a_decision_too() -> None:
    """Over at once; by whom and with which words."""
    square = a_square()
    oper = staff(square)
    bert = square.enters("bert", address=BAD)
    session = bert.session.hex()
    assert says(square, oper, "KILL bert : ")[0].split(" ")[1] == "461"
    assert not bert.is_hung_up()
    says(square, oper, "KILL bert :enough")
    [kept] = decisions(square)
    assert kept.startswith(f":{oper.mask()} DECISION ")
    assert kept.endswith(f" kill {session} 2027-01-15T08:00:01Z :Closing link: closed by the operator oper: enough")


def test_defence_tightens_entry_and_falls_back_by_itself() -> None:
    """Who is here stays; guests read what to do; the end is a decision that staff hear of."""
    square = a_square()
    oper, other = staff(square), staff(square, "other")
    here = square.enters("here", address=GOOD)
    assert "NOTE DEFENCE LEVEL 5 :normal" in says(square, oper, "DEFENCE")[0]
    assert "LEVEL 1 " in says(square, oper, "DEFENCE 1 30m :A wave of bots")[0]
    assert other.hears() == [
        ":square.test NOTICE * :*** oper set the level of defence to 1 until 2027-01-15 08:30 UTC: A wave of bots"
    ]
    guest = square.connects(BAD)
    guest.says("NICK guest", "USER u 0 * :u")
    square.end_turn()
    [fail, error] = guest.hears()
    assert fail.startswith(":square.test FAIL * DEFENCE :For now one enters with an account only")
    assert error.startswith("ERROR :Closing link: For now one enters with an account only: log in (SASL), or come back")
    assert guest.is_hung_up()
    assert not here.is_hung_up()
    for _ in range(19):
        oper.says("PING still")
        square.go_on(100.0)
    assert any("The level of defence is 5 again" in line for line in oper.hears())
    assert not square.enters("guest", address=BAD).is_hung_up()
    assert [line.split(" ")[3] for line in decisions(square)] == ["defence-1", "defence-5"]
    assert not square.values()


def test_defence_lets_so_many_guests_in_at_level_two() -> None:
    """Twenty in a minute, all together; the next minute brings the next."""
    square = a_square()
    oper = staff(square)
    square.go_on(60.0)
    says(square, oper, "DEFENCE 2 :A wave")
    entered = [square.connects(f"203.0.113.{number}") for number in range(22)]
    for number, client in enumerate(entered):
        client.says(f"NICK g{number}", "USER u 0 * :u")
    square.end_turn()
    assert [client.is_hung_up() for client in entered] == [False] * 20 + [True] * 2
    square.go_on(60.0)
    assert not square.enters("later", address="198.51.100.9").is_hung_up()


def test_defence_halves_the_limits_of_an_address() -> None:
    """At level 4; at 5 they are whole again."""
    square = a_square()
    oper = staff(square)
    says(square, oper, "DEFENCE 4 :A wave")
    assert [square.connects(BAD).is_hung_up() for _ in range(9)] == [False] * 8 + [True]
    says(square, oper, "DEFENCE 5 :It is over")
    assert [square.connects(BAD).is_hung_up() for _ in range(9)] == [False] * 8 + [True]


def test_no_account_is_registered_while_a_wave_lasts() -> None:
    """From level 3 on; who asks reads until when."""
    square = a_square()
    oper = staff(square)
    anna = square.enters("anna", address=GOOD)
    says(square, oper, "DEFENCE 3 30m :A wave")
    [answer] = says(square, anna, "REGISTER * * correct-horse-battery")
    assert "For now no account can be registered. Try again after 2027-01-15 08:30 UTC." in answer


def logs_in(square: Square, client: HeardClient, known: Account) -> None:
    """Log somebody in who has not entered."""
    assert client.greeting is not None
    client.greeting.account = known.id
    client.says("NICK member", "USER u 0 * :u")
    square.end_turn()


def test_a_mask_names_one_network_for_guests_and_members() -> None:
    """What staff copy from WHOIS says whether its bearer is logged in: nobody evades it by logging in or out."""
    square = a_square()
    oper = staff(square)
    known = account(square, "member")
    seen = square.enters("bert", address=BAD)
    network = seen.host.partition(".")[0]
    for label in ("guest", "member"):
        says(square, oper, f"UBAN ADD 1h mask:*!*@{network}.{label} :Spam")
        assert square.enters("late", address=BAD).is_hung_up()
        member = square.connects(BAD)
        logs_in(square, member, known)
        assert member.is_hung_up()
        says(square, oper, f"UBAN DEL mask:*!*@{network}.{label} :Over")
    says(square, oper, "UBAN ADD 1h mask:mem*!*@*.guest :Guests alone")
    member = square.connects(BAD)
    logs_in(square, member, known)
    assert not member.is_hung_up()


def test_who_logs_out_is_a_guest_where_guests_may_not_be() -> None:
    """On whichever of their devices that is: one account lets no crowd of guests in."""
    square = a_square()
    oper = staff(square)
    known = account(square, "member")
    member, device = square.connects(GOOD), square.connects(BAD)
    says(square, oper, f"UBAN REQUIRE 1h ip:{BAD} :A wave of guests")
    logs_in(square, member, known)
    logs_in(square, device, known)
    assert device.person is member
    says(square, device, "ACCOUNT LOGOUT")
    assert device.is_hung_up()
    heard = device.all_heard()
    assert any(" 901 " in line for line in heard[:-2])
    assert heard[-1].startswith("ERROR :Closing link: Until 2027-01-15")
    assert not member.is_hung_up()


def test_who_deletes_their_account_is_a_guest_where_guests_may_not_be() -> None:
    """They read that it is deleted, then why they are closed."""
    square = a_square()
    oper = staff(square)
    says(square, oper, f"UBAN REQUIRE 1h ip:{BAD} :A wave of guests")
    member = square.connects(BAD)
    member.says("NICK anna", "REGISTER * * sesame-42")
    square.go_on(1.0)
    member.says("USER u 0 * :u", "ACCOUNT DELETE sesame-42")
    square.go_on(1.0)
    assert member.is_hung_up()
    heard = member.all_heard()
    assert any(" NOTE ACCOUNT DELETED " in line for line in heard[:-2])
    assert heard[-1].startswith("ERROR :Closing link: Until 2027-01-15")


def test_a_token_brings_nobody_under_a_mask_that_is_banned() -> None:
    """A guest who is here on another network, and comes over to the one that the mask names."""
    square = a_square()
    oper = staff(square)
    guest = square.enters("anna", "parvis.chat/resume", address=GOOD)
    guest.says("RESUME")
    square.end_turn()
    token = guest.hears()[0].rpartition(" ")[2]
    says(square, oper, f"UBAN ADD 1h mask:anna!*@{square.chat.host(BAD)} :Spam")
    other = square.connects(BAD)
    other.says(f"PASS resume:{token}", "NICK bert", "USER u 0 * :u")
    square.end_turn()
    assert other.is_hung_up()
    assert square.chat.person("anna") is None


def test_defence_keeps_no_guest_out_who_is_here() -> None:
    """Their connection broke and nobody has noticed yet: the token brings them back on another."""
    square = a_square()
    oper = staff(square)
    guest = square.enters("anna", "parvis.chat/resume", address=GOOD)
    guest.says("RESUME")
    square.end_turn()
    token = guest.hears()[0].rpartition(" ")[2]
    says(square, oper, "DEFENCE 1 1h :A wave")
    again = square.connects(GOOD)
    again.says(f"PASS resume:{token}", "NICK anna", "USER u 0 * :u")
    square.end_turn()
    assert not again.is_hung_up()
    assert square.chat.person("anna") is again
