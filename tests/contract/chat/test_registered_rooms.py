"""Rooms that have an owner, and who runs them after everybody has left.

Source: docs/protocol/rooms.md, "ROOM"; docs/adr/0016-who-runs-a-room.md.
"""

import msgspec
import pytest
from tests.promises.harness import HeardClient, Square

from parvis.chat import rooms
from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY, IdentityId
from parvis.model.person import OPERATOR
from parvis.model.room import HOST, Room


def account(square: Square, name: str) -> Account:
    """Let an account be there."""
    made = Account(id=IdentityId(name.encode().ljust(16, b".")), name=name, registered_at_ms=1)
    square.chat.apply(e.AccountKept(made, fold(name)))
    return made


def enters(square: Square, name: str, *caps: str, join: str = "") -> HeardClient:
    """Let somebody come in, logged in to an account of their name, and into a room."""
    return square.enters(name, *caps, rooms=[join] if join else [], account=account(square, name))


def asks(square: Square, client: HeardClient, *lines: str) -> list[str]:
    """Say lines, and give what comes back without the server's name."""
    client.hears()
    client.says(*lines)
    square.end_turn()
    return [line.removeprefix(":square.test ") for line in client.hears()]


def codes(square: Square, client: HeardClient, line: str) -> list[str]:
    """Give the kind and the code of each standard reply."""
    return [" ".join((words[0], words[2])) for words in map(str.split, asks(square, client, line))]


@pytest.fixture
def square() -> Square:
    """Open a square."""
    return Square()


@pytest.fixture
def anna(square: Square) -> HeardClient:
    """Let Anna open a room and register it."""
    client = enters(square, "anna", join="#nave")
    assert asks(square, client, "ROOM REGISTER #nave") == [
        "NOTE ROOM REGISTERED #nave anna :#nave is registered: it is yours and it lasts."
    ]
    return client


def nave(square: Square) -> Room:
    """Give the room."""
    return square.chat.world.rooms["#nave"]


def reopened(square: Square) -> Square:
    """Restart the server on what it kept."""
    square.archive.close()
    again = Square(store=square.archive.store)
    for each in square.chat.world.accounts.values():
        again.chat.apply(e.AccountKept(each, fold(each.name)))
    return again


def test_a_registered_room_is_there_after_a_restart_and_its_owner_runs_it(square: Square, anna: HeardClient) -> None:
    """Topic, modes, owner; the rank is told after JOIN, and to the others."""
    asks(square, anna, "TOPIC #nave :ours", "MODE #nave +Mk key")
    again = reopened(square)
    bert = again.enters("bert")
    asks(again, bert, "JOIN #nave key")
    owner = enters(again, "anna")
    joined, rank, topic, *_ = asks(again, owner, "JOIN #nave")
    assert joined.endswith(" JOIN #nave")
    assert (rank, topic) == ("MODE #nave +o anna", "332 anna #nave :ours")
    assert [line.partition(" ")[2] for line in bert.hears()] == ["JOIN #nave", "MODE #nave +o anna"]
    assert again.kept()[-1] == ":square.test MODE #nave +o anna"
    assert nave(again).members[owner] == HOST


def test_who_opens_a_room_that_ended_is_its_host(square: Square) -> None:
    """One that nobody registered ends with its last member, and is another conversation then."""
    one = square.enters("one", rooms=["#brief"])
    first = square.chat.world.rooms["#brief"].id
    asks(square, one, "PART #brief")
    two = square.enters("two", rooms=["#brief"])
    room = square.chat.world.rooms["#brief"]
    assert room.members == {two: HOST}
    assert room.id != first


def test_a_room_without_hosts_stays_without(square: Square) -> None:
    """Until it is empty: nobody inherits by having waited."""
    one, two = square.enters("one", rooms=["#brief"]), square.enters("two", rooms=["#brief"])
    asks(square, one, "PART #brief")
    assert square.chat.world.rooms["#brief"].members == {two: 0}


def test_a_login_inside_gives_the_rank(square: Square, anna: HeardClient) -> None:
    """The room reads of it; a second login changes nothing."""
    asks(square, anna, "MODE #nave -o anna")
    square.chat.begin(anna, None)
    for _ in range(2):
        square.turn.begin()
        rooms.give_standing(square.chat, anna)
        square.chat.end_answer()
    square.end_turn()
    assert anna.hears() == [":square.test MODE #nave +o anna"]


def test_the_rank_of_the_owner_is_the_owners(square: Square, anna: HeardClient) -> None:
    """482 to another host; a kick and a ban keep no owner out."""
    bert = square.enters("bert", rooms=["#nave"])
    asks(square, anna, "MODE #nave +o bert")
    assert asks(square, bert, "MODE #nave -o anna") == [
        "482 bert #nave :anna owns this room: nobody takes its rank from its owner."
    ]
    asks(square, bert, "KICK #nave anna :out", "MODE #nave +ib anna")
    assert asks(square, anna, "JOIN #nave")[1] == "MODE #nave +o anna"


def test_a_kept_host_has_the_rank_at_each_return(square: Square, anna: HeardClient) -> None:
    """Given at once to who is there, and past a closed door later; taken away with the standing."""
    bert = enters(square, "bert", join="#nave")
    assert asks(square, anna, "ROOM HOST ADD #nave bert") == [
        "MODE #nave +o bert",
        "NOTE ROOM HOST_ADDED #nave bert :bert is a host of #nave from now on.",
    ]
    assert bert.hears() == [":square.test MODE #nave +o bert"]
    asks(square, anna, "MODE #nave +i")
    asks(square, bert, "PART #nave")
    assert "MODE #nave +o bert" in asks(square, bert, "JOIN #nave")
    assert asks(square, anna, "ROOM HOST LIST #nave") == [
        "NOTE ROOM HOST #nave bert :bert is a host whenever they are here.",
        "NOTE ROOM END_OF_HOSTS #nave :End of the hosts of this room.",
    ]
    assert asks(square, anna, "ROOM HOST DEL #nave bert")[0] == "MODE #nave -o bert"
    assert nave(square).members[bert] == 0
    asks(square, bert, "PART #nave")
    assert asks(square, bert, "JOIN #nave")[0].startswith("473 ")


def test_a_host_who_is_one_no_longer_keeps_no_rank_under_another_name(square: Square, anna: HeardClient) -> None:
    """An account may be in a room under several pseudonyms: each of them gets the rank, and each loses it."""
    bea = account(square, "bea")
    both = [square.enters(nick, rooms=["#nave"], account=bea) for nick in ("bea", "bee")]
    asks(square, anna, "ROOM HOST ADD #nave bea")
    assert [nave(square).members[person] for person in both] == [HOST, HOST]
    asks(square, anna, "ROOM HOST DEL #nave bea")
    assert [nave(square).members[person] for person in both] == [0, 0]


def test_a_guest_in_the_owners_place_is_nobody(square: Square, anna: HeardClient) -> None:
    """The account counts, and the guest's identity is another."""
    square.loses(anna)
    guest = square.enters("guest", rooms=["#nave"])
    assert nave(square).members == {guest: 0}
    assert codes(square, guest, "ROOM DROP #nave #nave") == ["FAIL NOT_THE_OWNER"]


def test_a_transfer_goes_to_a_host_and_leaves_the_owner_a_host(square: Square, anna: HeardClient) -> None:
    """Only to who has been made a host before, and only as far as that account may own rooms."""
    bert = enters(square, "bert", join="#nave")
    assert codes(square, anna, "ROOM TRANSFER #nave bert") == ["FAIL NOT_A_KEPT_HOST"]
    assert codes(square, anna, "ROOM TRANSFER #nave nobody") == ["FAIL NO_SUCH_ACCOUNT"]
    assert codes(square, anna, "ROOM TRANSFER #nave anna") == ["FAIL ALREADY_THE_OWNER"]
    asks(square, anna, "ROOM HOST ADD #nave bert", "MODE #nave -o bert")
    assert asks(square, anna, "ROOM TRANSFER #nave bert") == [
        "MODE #nave +o bert",
        "NOTE ROOM TRANSFERRED #nave bert :bert owns #nave now.",
    ]
    assert (nave(square).owner, list(nave(square).hosts)) == (bert.identity, [anna.identity])
    assert codes(square, anna, "ROOM TRANSFER #nave bert") == ["FAIL NOT_THE_OWNER"]
    assert codes(square, anna, "ROOM LIST") == ["NOTE HOSTED", "NOTE END_OF_LIST"]
    assert codes(square, bert, "ROOM LIST") == ["NOTE OWNED", "NOTE END_OF_LIST"]


def test_an_account_owns_so_many_rooms(square: Square, anna: HeardClient) -> None:
    """To register and to be given one. Source: docs/handbook/operator.md, `limits.rooms_per_account`."""
    bert = enters(square, "bert", join="#bert")
    asks(square, bert, "ROOM REGISTER #bert")
    square.chat.reconfigure(msgspec.structs.replace(square.chat.settings, rooms_per_account=1))
    asks(square, anna, "JOIN #two", "ROOM HOST ADD #nave bert")
    assert codes(square, anna, "ROOM REGISTER #two") == ["FAIL TOO_MANY_ROOMS"]
    assert codes(square, anna, "ROOM TRANSFER #nave bert") == ["FAIL TOO_MANY_ROOMS"]


def test_a_dropped_room_ends_when_it_is_empty_and_does_not_come_back(square: Square, anna: HeardClient) -> None:
    """Only with its name said twice."""
    room = nave(square)
    [told] = asks(square, anna, "ROOM DROP #nave")
    assert told == (
        "FAIL ROOM CONFIRMATION_NEEDED #nave :#nave becomes nobody's and ends when it is empty. "
        "If you want that, send its name twice."
    )
    assert codes(square, anna, "ROOM DROP #nave #other") == ["FAIL CONFIRMATION_NEEDED"]
    asks(square, anna, "PART #nave")
    assert codes(square, anna, "ROOM DROP #nave #NAVE") == ["NOTE DROPPED"]
    assert "#nave" not in square.chat.world.rooms
    assert room.id not in square.archive.store.rooms
    assert "#nave" not in reopened(square).chat.world.rooms


def test_a_room_dropped_and_registered_in_one_batch_is_kept(square: Square, anna: HeardClient) -> None:
    """The last word counts, and the other way round."""
    asks(square, anna, "ROOM DROP #nave #nave", "ROOM REGISTER #nave", "MODE #nave +m")
    assert square.archive.store.rooms[nave(square).id].flags == "mnt"
    asks(square, anna, "MODE #nave -m", "ROOM DROP #nave #nave", "MODE #nave +C")
    assert nave(square).id not in square.archive.store.rooms


def test_a_registration_that_is_not_kept_is_not_told(square: Square) -> None:
    """Nor does it last. Source: ARCHITECTURE.md, "Invariants", 4."""
    anna = enters(square, "anna", join="#nave")
    square.commits_fail(1000)
    assert asks(square, anna, "ROOM REGISTER #nave") == []
    again = Square(store=square.archive.store)
    assert "#nave" not in again.chat.world.rooms


def test_what_anybody_is_told_of_a_room(square: Square, anna: HeardClient) -> None:
    """Its owner and its age; its hosts to who is one."""
    asks(square, anna, "ROOM HOST ADD #nave anna")
    enters(square, "bert", join="#nave")
    asks(square, anna, "ROOM HOST ADD #nave bert")
    guest = square.enters("guest")
    assert asks(square, guest, "ROOM INFO #nave") == [
        "NOTE ROOM OWNER #nave anna :#nave belongs to anna.",
        "NOTE ROOM CREATED #nave 1800000000 :When this room was opened.",
        "NOTE ROOM END_OF_INFO #nave :End of what there is to say of this room.",
    ]
    assert "NOTE HOST" in codes(square, anna, "ROOM INFO #nave")
    assert codes(square, guest, "ROOM HOST LIST #nave") == ["FAIL NOT_A_HOST"]
    assert asks(square, guest, "ROOM INFO #loisirs")[0] == (
        "NOTE ROOM OWNER #loisirs square.test :#loisirs belongs to this server."
    )
    asks(square, guest, "JOIN #mine")
    assert asks(square, guest, "ROOM INFO #mine")[0].startswith("NOTE ROOM OWNER #mine * :Nobody owns")


def test_every_word_that_is_wrong_is_answered(square: Square, anna: HeardClient) -> None:
    """Source: IRCv3 standard-replies."""
    guest = square.enters("guest", rooms=["#mine"])
    for line, code in (
        ("ROOM DANCE #nave", "UNKNOWN_SUBCOMMAND"),
        ("ROOM :", "UNKNOWN_SUBCOMMAND"),
        ("ROOM REGISTER", "NEED_MORE_PARAMS"),
        ("ROOM TRANSFER #nave", "NEED_MORE_PARAMS"),
        ("ROOM HOST #nave", "NEED_MORE_PARAMS"),
        ("ROOM HOST ADD #nave", "NEED_MORE_PARAMS"),
        ("ROOM HOST SING #nave x", "NEED_MORE_PARAMS"),
        ("ROOM INFO nave", "NO_SUCH_ROOM"),
        ("ROOM INFO ::", "NO_SUCH_ROOM"),
        ("ROOM REGISTER #mine", "ACCOUNT_REQUIRED"),
        ("ROOM REGISTER #nave", "ACCOUNT_REQUIRED"),
        ("ROOM HOST ADD #nave anna", "NOT_THE_OWNER"),
    ):
        assert codes(square, guest, line) == [f"FAIL {code}"], line
    for line, code in (
        ("ROOM REGISTER #nave", "ALREADY_REGISTERED"),
        ("ROOM REGISTER #mine", "NOT_A_HOST"),
        ("ROOM HOST ADD #nave anna", "ALREADY_A_HOST"),
        ("ROOM HOST DEL #nave anna", "NOT_A_KEPT_HOST"),
        ("ROOM HOST ADD #nave nobody", "NO_SUCH_ACCOUNT"),
    ):
        assert codes(square, anna, line) == [f"FAIL {code}"], line


def test_hosts_have_an_end(square: Square, anna: HeardClient) -> None:
    """Source: `HOSTS_MAX`."""
    for number in range(50):
        account(square, f"host{number}")
        assert codes(square, anna, f"ROOM HOST ADD #nave host{number}") == ["NOTE HOST_ADDED"]
    account(square, "more")
    assert codes(square, anna, "ROOM HOST ADD #nave more") == ["FAIL TOO_MANY_HOSTS"]


def test_operators_decide_of_the_servers_rooms(square: Square, anna: HeardClient) -> None:
    """And of no others; whom they give one to owns it."""
    operator = enters(square, "operator")
    square.chat.apply(e.UserModesSet(operator, OPERATOR))
    assert codes(square, operator, "ROOM DROP #nave #nave") == ["FAIL NOT_THE_OWNER"]
    assert codes(square, operator, "ROOM HOST ADD #loisirs anna") == ["NOTE HOST_ADDED"]
    assert codes(square, operator, "ROOM TRANSFER #loisirs anna") == ["NOTE TRANSFERRED"]
    room = square.chat.world.rooms["#loisirs"]
    assert (room.owner, room.hosts) == (anna.identity, {})
    assert codes(square, operator, "ROOM DROP #loisirs #loisirs") == ["FAIL NOT_THE_OWNER"]


def test_when_an_account_ends_its_rooms_go_to_the_host_of_longest(square: Square, anna: HeardClient) -> None:
    """Then to the server; and whom it was host of knows it no longer. Over a restart too."""
    bert, carl = account(square, "bert"), account(square, "carl")
    asks(square, anna, "ROOM HOST ADD #nave bert", "ROOM HOST ADD #nave carl")
    for ended, owner, hosts in (
        (square.chat.world.account_names["anna"], bert.id, [carl.id]),
        (carl, bert.id, []),
        (bert, NOBODY, []),
    ):
        square.turn.begin()
        square.chat.apply(e.AccountDeleted(ended, fold(ended.name)))
        rooms.after_account_deleted(square.chat, ended)
        square.end_turn()
        kept = square.archive.store.rooms[nave(square).id]
        assert (nave(square).owner, list(nave(square).hosts)) == (owner, hosts)
        assert (kept.owner, [host.identity for host in kept.hosts]) == (owner, hosts)
    assert nave(square).registered


def test_an_answer_under_a_label_is_one(square: Square) -> None:
    """With the rank that is told in it. Source: IRCv3 labeled-response."""
    anna = enters(square, "anna", "labeled-response", "batch", "account-tag", join="#nave")
    asks(square, anna, "ROOM REGISTER #nave", "MODE #nave -o anna", "PART #nave")
    heard = asks(square, anna, "@label=x JOIN #nave")
    assert heard[0].startswith("@label=x ")
    assert len({line.split(" ")[0] for line in heard[1:-1]}) <= 2
    [rank] = [line for line in heard if " MODE " in line]
    assert "account=" not in rank
    assert sum(" MODE " in line for line in heard) == 1
