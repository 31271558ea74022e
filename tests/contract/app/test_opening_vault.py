"""What of the identification vault belongs to whom, entry by entry. Source: docs/adr/0022-openings.md."""

from parvis.app.opening_vault import VaultScope
from parvis.archive import vault
from parvis.archive.record import record_id
from parvis.legal.openings import Ground, Quorum, Request, Requester, Subject
from parvis.model.records import RecordKind

MIDNIGHT_MS = 1_800_057_600_000
ALICE, GUEST, SESSION, WAY = (letter * 16 for letter in (b"a", b"g", b"s", b"w"))


def test_a_connection_that_the_day_tells_of_later_is_given() -> None:
    """Who writes a moment after midnight is told of a little later, and may have logged out by then."""
    number = record_id(2, 7)
    asked = Request(
        id="01" * 16,
        server="square.test",
        ground=Ground.JUDICIAL_ORDER,
        reference="26/117",
        accounts=(Subject(id=ALICE.hex(), name="alice"),),
        vault=True,
        from_ms=MIDNIGHT_MS,
        to_ms=MIDNIGHT_MS + 60_000,
        requester=Requester(name="A. Judge", public=bytes(1216)),
        release=bytes(1216),
        quorum=Quorum(custodian="02" * 16, shares=1, threshold=1),
        asked_ms=MIDNIGHT_MS + 60_000,
        not_before_ms=MIDNIGHT_MS + 60_000,
        ends_ms=MIDNIGHT_MS + 3_660_000,
    )
    wrote = vault.Operations(
        time_ms=MIDNIGHT_MS + 1,
        first=number,
        numbers=[0],
        times=[0],
        kinds=bytes([RecordKind.MESSAGE]),
        messages=bytes(15),
        by="connection",
        carriers=WAY,
    )
    came = vault.Connection(
        time_ms=MIDNIGHT_MS + 5000,
        connection=WAY,
        address="192.0.2.7",
        port=50_000,
        transport="tls",
        via="direct",
        is_own=True,
        listener="",
        again=True,
    )
    present = vault.Presence(time_ms=MIDNIGHT_MS + 5000, connection=WAY, session=SESSION, identity=GUEST)
    scope = VaultScope(asked, {number})
    given = list(scope.kept([wrote, came, present]))
    assert [type(each) for each in given] == [vault.Operation, vault.Connection]
    assert scope.unknown == set()
