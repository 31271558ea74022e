"""What goes to the archive. Source: docs/adr/0002-record-and-leaf.md."""

from parvis.model.ids import NO_SESSION, NOBODY, PRESENCE, ConversationId
from parvis.model.records import KeptRoom, ListMask, RecordKind, Unsealed


def test_numbers_of_kinds_never_change() -> None:
    """They are part of the canonical bytes. Source: docs/adr/0002-record-and-leaf.md."""
    assert {kind.name: int(kind) for kind in RecordKind} == {
        "RUN_STARTED": 1,
        "ENTERED": 2,
        "QUIT": 3,
        "NAMED": 4,
        "JOINED": 5,
        "PARTED": 6,
        "KICKED": 7,
        "MESSAGE": 8,
        "NOTICE": 9,
        "TAG_MESSAGE": 10,
        "TOPIC": 11,
        "MODE": 12,
        "AWAY": 13,
        "SET_NAME": 14,
        "INVITED": 15,
        "KILLED": 16,
        "REDACTED": 17,
        "ROLL_CALL": 18,
        "WALLOPS": 19,
        "HOST_CHANGED": 20,
        "DECISION": 23,
        "METADATA": 21,
        "ACCOUNT": 25,
        "AUDIT": 26,
    }


def test_neither_a_record_nor_a_room_shows_words() -> None:
    """They may be logged. Source: ARCHITECTURE.md, "Invariants", 8."""
    record = Unsealed(RecordKind.MESSAGE, 1, NOBODY, NO_SESSION, PRESENCE, b"", b"secret")
    room = KeptRoom(
        id=ConversationId(b"r" * 16),
        name="#secret",
        owner=NOBODY,
        created_at_ms=1,
        topic="secret",
        key="secret",
        lists=(ListMask("b", "secret!*@*", "secret", 1),),
    )
    assert repr(record) == "Unsealed(MESSAGE)"
    assert repr(room) == f"KeptRoom({(b'r' * 16).hex()})"
