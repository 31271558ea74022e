"""What is said beside a name: recorded before anybody reads it, kept as long as its owner. Source: DESIGN, 2, 3."""

from tests.promises.harness import OPERATOR_PASSWORD, HeardClient, Square

from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.kept import KeptKind, keep
from parvis.model.metadata import KeptMetadata
from parvis.store.memory import MemoryStore

CAPS = ("draft/metadata-2", "batch")
ADA = Account(id=IdentityId(b"a" * 16), name="ada", registered_at_ms=0)


def log_in(square: Square, client: HeardClient) -> None:
    """Let somebody be logged in to ADA's account."""
    if ADA.id not in square.chat.world.accounts:
        square.chat.apply(e.AccountKept(ADA, fold(ADA.name)))
        square.chat.keep_value(keep(KeptKind.ACCOUNT, ADA.id, ADA))
    square.chat.apply(e.LoggedIn(client, ADA))


def test_nobody_reads_a_value_before_it_is_kept() -> None:
    """Neither who asked for the key nor who set it. Source: DESIGN, 2, "No archive, no delivery"."""
    square = Square()
    speaker, reader = square.enters("speaker", *CAPS, rooms=["#a"]), square.enters("reader", *CAPS, rooms=["#a"])
    reader.says("METADATA * SUB status")
    square.end_turn()
    reader.hears()
    speaker.hears()
    square.commits_fail(1)
    speaker.says("METADATA * SET status :here")
    square.end_turn()
    assert speaker.hears() == reader.hears() == []
    square.go_on(1)
    assert reader.hears()[0] == f":{speaker.mask()} METADATA speaker status * :here"
    assert f":{speaker.mask()} METADATA speaker status * :here" in square.kept()


def test_a_guests_goes_with_the_guest_and_an_accounts_stays() -> None:
    """Over a restart. Source: ADR 7."""
    store = MemoryStore()
    square = Square(store=store)
    guest, ada = square.enters("guest", *CAPS), square.enters("ada", *CAPS)
    log_in(square, ada)
    for client in (guest, ada):
        client.says("METADATA * SET status :here", "METADATA * SET color red", "METADATA * SET color")
    square.end_turn()
    for client in (guest, ada):
        square.loses(client)
    square.end_turn()
    assert square.chat.world.metadata == {ADA.id: {"status": "here"}}
    assert set(square.values()) == {(KeptKind.ACCOUNT, ADA.id), (KeptKind.METADATA, ADA.id)}
    again = Square(store=store)
    ada = again.enters("ada2", *CAPS)
    log_in(again, ada)
    ada.says("METADATA * LIST", "METADATA * CLEAR")
    again.end_turn()
    assert any("761 ada2 ada2 status * :here" in line for line in ada.hears())
    assert set(again.values()) == {(KeptKind.ACCOUNT, ADA.id)}


def test_what_belongs_to_nobody_is_kept_no_longer() -> None:
    """Its account or room is no more; the next start drops it. Source: DESIGN, 2, "Nothing outlives its term"."""
    store = MemoryStore()
    Square(store=store)
    store.kept[KeptKind.METADATA, b"x" * 16] = keep(KeptKind.METADATA, b"x" * 16, KeptMetadata({"status": "here"}))
    again = Square(store=store)
    again.end_turn()
    assert not again.chat.world.metadata
    assert not store.kept


def test_a_registered_rooms_stays() -> None:
    """Over a restart; that of a room that nobody registered goes with the last member. Source: ADR 7."""
    store = MemoryStore()
    square = Square(store=store)
    host = square.enters("host", *CAPS, rooms=["#a", "#accueil"])
    host.says(f"OPER op {OPERATOR_PASSWORD}")
    square.go_on(1)
    host.says("METADATA #a SET status :here", "METADATA #accueil SET status :open")
    square.end_turn()
    square.loses(host)
    square.end_turn()
    again = Square(store=store)
    visitor = again.enters("visitor", *CAPS)
    visitor.says("METADATA #accueil GET status")
    again.end_turn()
    assert "status * :open" in visitor.hears()[1]
    assert list(square.chat.world.metadata.values()) == [{"status": "open"}]


def test_a_key_that_is_no_longer_in_use_is_not_shown() -> None:
    """Nor set; it may be taken off the list while it is set somewhere. Source: docs/handbook/operator.md."""
    square = Square()
    speaker = square.enters("speaker", *CAPS)
    speaker.says("METADATA * SET status :here")
    square.end_turn()
    values = {name: getattr(square.chat.settings, name) for name in square.chat.settings.__struct_fields__}
    square.doors.reconfigure(type(square.chat.settings)(**{**values, "metadata_keys": ("color",)}))
    speaker.hears()
    speaker.says("METADATA * GET status")
    square.end_turn()
    assert " 766 speaker speaker status " in speaker.hears()[1]


def test_many_values_are_told_when_they_are_asked_for() -> None:
    """A room with more than a little metadata says so instead of all of it. Source: "Postponed synchronization"."""
    square = Square()
    people = [square.enters(f"n{number}", rooms=["#a"]) for number in range(70)]
    for client in people:
        client.says("METADATA * SET status a", "METADATA * SET color b", "METADATA * SET pronouns c")
    square.end_turn()
    reader = square.enters("reader", *CAPS)
    reader.says("METADATA * SUB status color pronouns")
    square.end_turn()
    reader.hears()
    reader.says("JOIN #a")
    square.go_on(1)
    assert reader.hears()[-1] == ":square.test 774 reader #a :5"
    reader.says("METADATA #a SYNC")
    square.end_turn()
    assert len(reader.hears()) == 2 + 3 * len(people)


def test_no_answer_is_larger_than_a_reader_may_have_waiting() -> None:
    """What does not fit is said to be left out. Source: STYLE, 5; DESIGN, 2 (no silence)."""
    square = Square()
    for number in range(500):
        client = square.enters(f"n{number}", rooms=["#a"])
        client.says(*[f"METADATA * SET {key} :{'x' * 200}" for key in ("status", "color", "pronouns", "display-name")])
        square.go_on(0.1)
    reader = square.enters("reader", *CAPS, rooms=["#a"])
    reader.says("METADATA * SUB status color pronouns display-name")
    square.end_turn()
    reader.hears()
    reader.says("METADATA #a SYNC")
    square.end_turn()
    _, data = reader.writes[-1]
    assert 20_000 < len(data) < square.chat.settings.send_queue_bytes
    *_, end, warning = reader.hears()
    assert " BATCH -" in end
    assert warning.startswith(":square.test WARN METADATA INCOMPLETE #a :These were ")


def test_subscriptions_go_with_their_connection() -> None:
    """Nothing is kept of who is gone. Source: STYLE, 5."""
    square = Square()
    reader = square.enters("reader", *CAPS)
    reader.says("METADATA * SUB status")
    square.end_turn()
    assert square.chat.subscriptions
    square.loses(reader)
    square.end_turn()
    assert not square.chat.subscriptions
