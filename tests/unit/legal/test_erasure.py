"""Erasure: what goes, what waits, what stays. Source: GDPR, article 17; docs/adr/0026-holds-access-and-erasure.md."""

import msgspec
import pytest

from parvis.legal.erasure import Erasure, Fate, fate
from parvis.legal.holds import Ground, Hold
from parvis.model.ids import AUDIT, DECISIONS, ConversationId, IdentityId
from parvis.model.records import RecordKind

ADA, ROOM = IdentityId(b"a" * 16), ConversationId(b"r" * 16)
WINDOW_MS = 1000
HOLD = Hold(
    id=b"h", accounts=(ADA,), from_ms=0, until_ms=500, ground=Ground.CLAIM, reference="1", placed_ms=0, ends_ms=9000
)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure looks at of a record."""

    kind: RecordKind = RecordKind.MESSAGE
    author: IdentityId = ADA
    conversation: ConversationId = ROOM
    time_ms: int = 100


def pair_of(one: IdentityId, _other: IdentityId) -> ConversationId:
    """Give no room."""
    return ConversationId(one)


@pytest.mark.parametrize(
    ("record", "holds", "now_ms", "becomes"),
    [
        (Record(), [], 200, Fate.GOES),
        (Record(kind=RecordKind.JOINED), [], 200, Fate.GOES),
        (Record(), [HOLD], 200, Fate.WAITS),
        (Record(time_ms=600), [HOLD], 700, Fate.GOES),
        (Record(conversation=DECISIONS), [], 200, Fate.STAYS),
        (Record(conversation=DECISIONS), [HOLD], 200, Fate.STAYS),
        (Record(conversation=AUDIT), [], 200, Fate.STAYS),
        (Record(kind=RecordKind.REDACTED), [], 1099, Fate.WAITS),
        (Record(kind=RecordKind.REDACTED), [], 1100, Fate.GOES),
        (Record(kind=RecordKind.REDACTED), [HOLD], 1100, Fate.WAITS),
    ],
)
def test_what_becomes_of_a_record(record: Record, holds: list[Hold], now_ms: int, becomes: Fate) -> None:
    """Decisions stay; a hold and the taking back of words make it wait; all else goes."""
    assert fate(record, holds, pair_of, now_ms, WINDOW_MS) is becomes


def test_an_erasure_says_the_id_alone() -> None:
    """It may stand in a log."""
    assert repr(Erasure(identity=ADA, asked_ms=0, due_ms=0)) == f"Erasure({ADA.hex()})"
