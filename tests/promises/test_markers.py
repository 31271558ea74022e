"""How far one has read is one's own, on all one's devices, and never goes back. Source: IRCv3 draft/read-marker."""

import pytest
from tests.promises.harness import HeardClient, Square
from tests.promises.test_history_obeys_the_room import ROOM, asks, logs_in, restarted

from parvis.chat.markers import GUESTS_KEPT, TARGETS_KEPT, Markers
from parvis.model import events as e
from parvis.model.ids import IdentityId
from parvis.model.kept import KeptKind

EARLY, LATE, FUTURE = "2019-01-04T14:33:26.123Z", "2019-06-01T12:00:00.000Z", "2999-01-01T00:00:00.000Z"
CAPS = ("draft/read-marker",)


def mark(square: Square, client: HeardClient, words: str) -> str:
    """Give the answer to a MARKREAD, without the name of the server."""
    (answer,) = asks(square, client, f"MARKREAD {words}")
    return answer.removeprefix(":square.test ")


def test_a_marker_moves_forward_alone() -> None:
    """An older moment is answered with the one that is known. Source: draft/read-marker, "Read timestamp notes"."""
    square = Square()
    anna = square.enters("anna", *CAPS)
    assert mark(square, anna, "bert") == "MARKREAD bert *"
    assert mark(square, anna, f"bert timestamp={EARLY}") == f"MARKREAD bert timestamp={EARLY}"
    assert mark(square, anna, f"BERT timestamp={LATE}") == f"MARKREAD BERT timestamp={LATE}"
    assert mark(square, anna, f"bert timestamp={EARLY}") == f"MARKREAD bert timestamp={LATE}"
    assert mark(square, anna, "bert") == f"MARKREAD bert timestamp={LATE}"


def test_what_was_not_said_yet_has_not_been_read() -> None:
    """A moment to come is taken for now, so that no marker is stuck. Source: "Implementation considerations"."""
    square = Square()
    anna = square.enters("anna", *CAPS)
    assert mark(square, anna, f"bert timestamp={FUTURE}") == "MARKREAD bert timestamp=2027-01-15T08:00:00.000Z"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "NEED_MORE_PARAMS :"),
        (":", "NEED_MORE_PARAMS :"),
        (f"#a,#b timestamp={EARLY}", "INVALID_PARAMS #a,#b :"),
        (f"a!b timestamp={EARLY}", "INVALID_PARAMS a!b :"),
        ("bert *", "INVALID_PARAMS bert * :"),
        ("bert timestamp=soon", "INVALID_PARAMS bert timestamp=soon :"),
        ("bert msgid=AAAAAAAAAAAAAAAAAAAA", "INVALID_PARAMS bert msgid=AAAAAAAAAAAAAAAAAAAA :"),
        ("bert timestamp=2019-02-30T14:33:26.123Z", "INVALID_PARAMS bert timestamp=2019-02-30T14:33:26.123Z :"),
    ],
)
def test_a_bad_marker_is_answered(words: str, told: str) -> None:
    """With the code that the specification gives. Source: draft/read-marker, "Errors and Warnings"."""
    square = Square()
    anna = square.enters("anna", *CAPS)
    assert mark(square, anna, words).startswith(f"FAIL MARKREAD {told}")


def test_all_devices_read_of_it_and_nobody_else() -> None:
    """When it moves, who asked for markers; not when it stays. Source: "Command flows"."""
    square = Square()
    anna = square.enters("anna", *CAPS, rooms=[ROOM])
    phone, old = square.connects(), square.connects()
    phone.says("CAP REQ :draft/read-marker")
    for device in (phone, old):
        square.chat.attach(device, anna)
    bert = square.enters("bert", *CAPS, rooms=[ROOM])
    square.end_turn()
    for each in (anna, phone, old, bert):
        each.hears()
    assert mark(square, anna, f"{ROOM} timestamp={LATE}") == f"MARKREAD {ROOM} timestamp={LATE}"
    assert phone.hears() == [f":square.test MARKREAD {ROOM} timestamp={LATE}"]
    mark(square, anna, f"{ROOM} timestamp={EARLY}")
    assert phone.hears() == old.hears() == bert.hears() == []
    assert mark(square, bert, ROOM) == f"MARKREAD {ROOM} *"


def test_a_join_tells_the_marker_before_the_end_of_names() -> None:
    """To every device that asked for markers. Source: draft/read-marker, "Command flows"."""
    square = Square()
    anna = square.enters("anna", *CAPS)
    phone = square.connects()
    phone.says("CAP REQ :draft/read-marker")
    square.chat.attach(phone, anna)
    mark(square, anna, f"{ROOM} timestamp={LATE}")
    phone.hears()
    heard = [line.split(" ", 1)[1] for line in asks(square, anna, f"JOIN {ROOM}")]
    assert f"MARKREAD {ROOM} timestamp={LATE}" in heard
    assert heard[0] == f"JOIN {ROOM}"
    assert heard.index(f"MARKREAD {ROOM} timestamp={LATE}") < next(
        at for at, line in enumerate(heard) if line.startswith("366 ")
    )
    shown = [line.split(" ", 1)[1] for line in phone.hears()]
    assert shown[:2] == [f"JOIN {ROOM}", f"MARKREAD {ROOM} timestamp={LATE}"]


def test_an_account_keeps_its_markers_over_a_restart() -> None:
    """A guest's are in memory. Source: model/kept.py, `KeptMarkers`."""
    square = Square()
    anna, guest = square.enters("anna", *CAPS), square.enters("guest", *CAPS)
    logs_in(square, anna, "anna")
    for client in (anna, guest):
        mark(square, client, f"{ROOM} timestamp={LATE}")
    square = restarted(square)
    anna, guest = square.enters("anne", *CAPS), square.enters("guest", *CAPS)
    logs_in(square, anna, "anna")
    assert mark(square, anna, ROOM) == f"MARKREAD {ROOM} timestamp={LATE}"
    assert mark(square, guest, ROOM) == f"MARKREAD {ROOM} *"


def test_markers_are_bounded() -> None:
    """The target set longest ago goes first, and the guest who came first. Source: chat/markers.py."""
    markers = Markers()
    anna = IdentityId(b"anna")
    for at in range(TARGETS_KEPT + 1):
        markers.set(anna, f"#{at}", at, is_guest=False)
    assert markers.get(anna, "#0") is None
    assert len(markers.all_of(anna)) == TARGETS_KEPT
    for at in range(GUESTS_KEPT + 1):
        markers.set(IdentityId(b"%d" % at), "#a", at, is_guest=True)
    assert markers.get(IdentityId(b"0"), "#a") is None
    assert markers.get(IdentityId(b"1"), "#a") == 1
    assert markers.get(anna, "#1") == 1
    markers.forget(anna)
    assert markers.all_of(anna) == {}


def test_an_account_that_ends_leaves_no_markers() -> None:
    """Neither in memory nor in what is kept. Source: DESIGN, promise 5."""
    square = Square()
    anna = square.enters("anna", *CAPS)
    logs_in(square, anna, "anna")
    mark(square, anna, f"{ROOM} timestamp={LATE}")
    account = square.chat.world.accounts[anna.identity]
    square.chat.turn.begin()
    square.chat.apply(e.AccountDeleted(account, "anna"))
    square.go_on(1)
    assert square.chat.markers.all_of(account.id) == {}
    assert not any(kind is KeptKind.MARKERS for kind, _ in square.archive.store.kept)
