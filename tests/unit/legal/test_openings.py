"""What an opening asks for, and when the next step may be taken. Source: docs/protocol/opening.md; law.md 8.4."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.vectors import cases

from parvis.legal.openings import (
    COLUMNS,
    DELAY_MS,
    HOUR_MS,
    READING_MS,
    REQUEST_BYTES_MAX,
    VALID_MS_MAX,
    Ground,
    MalformedRequest,
    Quorum,
    Request,
    Requester,
    Scope,
    State,
    Step,
    Subject,
    canonical,
    digest,
    has_ended,
    plain_words,
    read_request,
    refusal,
    timed,
    wrong_with,
)
from parvis.model.ids import AUDIT, DECISIONS, PRESENCE
from parvis.model.moments import told as moment_told

NOW_MS = 1_800_000_000_000
ALICE, BOB, ROOM, PAIR = (letter * 16 for letter in (b"a", b"b", b"r", b"p"))


def a_request(threshold: int = 3, **chosen: object) -> Request:
    """Make a request about alice, of the hour before now."""
    request = Request(
        id="01" * 16,
        server="chat.example.org",
        ground=Ground.JUDICIAL_ORDER,
        reference="26/117",
        accounts=(Subject(id=ALICE.hex(), name="alice"),),
        from_ms=NOW_MS - HOUR_MS,
        to_ms=NOW_MS,
        requester=Requester(name="A. Judge", public=bytes(1216)),
        release=bytes(1216),
        quorum=Quorum(custodian="02" * 16, shares=5, threshold=threshold),
        asked_ms=NOW_MS,
        not_before_ms=NOW_MS,
        ends_ms=NOW_MS + HOUR_MS,
    )
    return replace(request, **chosen)


def test_a_request_reads_back_and_its_digest_covers_all_of_it() -> None:
    """Another value of any field is another digest."""
    request = a_request()
    assert read_request(canonical(request)) == request
    others = [
        replace(request, reference="26/118"),
        replace(request, to_ms=NOW_MS - 1),
        replace(request, vault=True),
        replace(request, accounts=(Subject(id=BOB.hex(), name="alice"),)),
        replace(request, requester=Requester(name="A. Judge", public=b"\1" * 1216)),
    ]
    assert len({digest(each) for each in [request, *others]}) == 6


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw + b" ",
        lambda raw: raw.replace(b'"server"', b' "server"'),
        lambda raw: raw.replace(b'"vault":false', b'"vault":false,"vault":true'),
        lambda raw: raw.replace(b'"vault":false', b'"vault":false,"more":1'),
        lambda raw: raw.replace(b"parvis-opening-1", b"parvis-opening-2"),
        lambda raw: raw.replace(b"26/117", b"26\\n117"),
        lambda raw: raw.replace(b"26/117", "26\u202e117".encode()),
        lambda raw: raw.replace(b"26/117", "26\x1b[2J".encode("unicode_escape")),
        lambda raw: raw.replace(b"01" * 16, b"01" * 16 + b"\\n"),
        lambda raw: raw.replace(b"26/117", b"x" * 301),
        lambda raw: raw.replace(b"26/117", b"x" * REQUEST_BYTES_MAX),
        lambda raw: raw[:-1],
        lambda raw: b"",
        lambda raw: b"[" * 10_000,
        lambda raw: b"\xff" + raw,
    ],
)
def test_what_is_not_canonical_or_out_of_bounds_is_refused(change: object) -> None:
    """Two files that custodians read as one would be two digests."""
    assert callable(change)
    with pytest.raises(MalformedRequest) as caught:
        read_request(change(canonical(a_request())))
    assert "26/117" not in str(caught.value)


@given(st.binary(max_size=400))
def test_no_bytes_are_read_as_anything_but_a_request(raw: bytes) -> None:
    """Or they are refused."""
    with pytest.raises(MalformedRequest):
        read_request(raw)


@pytest.mark.parametrize(**cases("openings.json", "requests"))
def test_vectors_of_requests(case: dict[str, str]) -> None:
    """Bytes and digest, for every language. Source: vectors/openings.json."""
    request = read_request(case["json"].encode())
    assert canonical(request).decode() == case["json"]
    assert digest(request).hex() == case["digest"]


@pytest.mark.parametrize(
    ("threshold", "is_emergency", "waits"), [(1, False, True), (1, True, False), (3, False, False), (3, True, False)]
)
def test_one_custodian_alone_waits_a_day_unless_it_is_an_emergency(
    threshold: int, is_emergency: bool, waits: bool
) -> None:
    """And the request is valid for its time from then on. Source: law.md 8.4."""
    request = timed(a_request(threshold, is_emergency=is_emergency), HOUR_MS)
    assert request.not_before_ms == NOW_MS + (DELAY_MS if waits else 0)
    assert request.ends_ms == request.not_before_ms + HOUR_MS


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"reference": " "}, "reference"),
        ({"requester": Requester(name="", public=bytes(1216))}, "Say who asks"),
        ({"ground": Ground.OTHER}, "in words what the ground is"),
        ({"accounts": ()}, "what is asked for"),
        (
            {"accounts": (), "private": (PAIR.hex(),), "conversations": (Subject(id=ROOM.hex()),)},
            "Private conversations are asked for by account",
        ),
        ({"accounts": (), "vault": True, "conversations": (Subject(id=ROOM.hex()),)}, "by account"),
        ({"conversations": (Subject(id=PRESENCE.hex()),)}, "no conversation of people"),
        ({"conversations": (Subject(id=DECISIONS.hex()),)}, "no conversation of people"),
        ({"conversations": (Subject(id=AUDIT.hex()),)}, "no conversation of people"),
        ({"from_ms": NOW_MS}, "ends before it begins"),
        ({"to_ms": NOW_MS + 1}, "not over yet"),
        ({"is_emergency": True}, "can be an emergency"),
        ({"ends_ms": NOW_MS}, "30 days at most"),
        ({"ends_ms": NOW_MS + VALID_MS_MAX + 1}, "30 days at most"),
    ],
)
def test_what_is_wrong_with_a_request_is_told(chosen: dict[str, Any], told: str) -> None:
    """In a whole sentence."""
    assert wrong_with(a_request()) is None
    assert told in (wrong_with(a_request(**chosen)) or "")


def test_an_emergency_has_two_grounds() -> None:
    """A threat to life, and a European order. Source: law.md 8.4."""
    allowed = {
        ground
        for ground in Ground
        if wrong_with(a_request(ground=ground, explanation="why", is_emergency=True)) is None
    }
    assert allowed == {Ground.THREAT_TO_LIFE, Ground.E_EVIDENCE}


def test_each_step_has_its_time() -> None:
    """Exactly at its ends, and with words about what to do."""
    request = a_request(not_before_ms=NOW_MS + 10, ends_ms=NOW_MS + 20)

    def may(step: Step, state: State, now_ms: int) -> bool:
        return refusal(step, state, request, now_ms) is None

    assert [may(Step.EXPORT, State.ASKED, NOW_MS + at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    reading_ms = NOW_MS + 20 + READING_MS
    assert not may(Step.RECORD, State.ASKED, NOW_MS + 15)
    assert [may(Step.RECORD, State.EXPORTED, at) for at in (NOW_MS + 20, reading_ms - 1, reading_ms)] == [
        *(True, True, False)
    ]
    assert not may(Step.RELEASE, State.EXPORTED, NOW_MS + 15)
    assert [may(Step.RELEASE, State.OPENED, at) for at in (reading_ms - 1, reading_ms)] == [True, False]
    assert [has_ended(State.ASKED, request, NOW_MS + at) for at in (19, 20)] == [False, True]
    assert [has_ended(State.OPENED, request, at) for at in (reading_ms - 1, reading_ms)] == [False, True]


def test_a_scope_covers_what_was_asked_and_nothing_beside() -> None:
    """By author or conversation, within the span, whose end does not belong to it."""
    asked = a_request(conversations=(Subject(id=ROOM.hex()),), private=(PAIR.hex(),))
    scope = Scope(asked)
    within = NOW_MS - 1
    assert scope.covers(ALICE, b"x" * 16, within)
    assert scope.covers(BOB, ROOM, within)
    assert scope.covers(BOB, PAIR, within)
    assert not scope.covers(BOB, b"x" * 16, within)
    assert [scope.covers(ALICE, ROOM, at) for at in (asked.from_ms - 1, asked.from_ms, NOW_MS)] == [False, True, False]
    assert scope.needs_privacy(BOB, PAIR)
    assert not scope.needs_privacy(ALICE, PAIR)
    assert not scope.needs_privacy(BOB, ROOM)


def test_custodians_read_all_of_it_in_plain_words() -> None:
    """Whom, from when to when, on which ground, and whether it is an emergency."""
    asked = a_request(private=(PAIR.hex(),), conversations=(Subject(id=ROOM.hex()),), vault=True, explanation="art. 6")
    read = "\n".join(plain_words(asked, [("Records", "7")]))
    for words in (
        *("an order of a judge: art. 6", "26/117", "A. Judge", f"alice ({ALICE.hex()})", "1 conversation of theirs"),
        *(ROOM.hex(), "from which addresses", moment_told(NOW_MS), "3 of 5", "Records:       7", "Emergency:     no"),
    ):
        assert words in read
    assert "alice" not in repr(asked.accounts[0])
    assert "Judge" not in repr(asked.requester)


@pytest.mark.parametrize("filling", ["-", " ", "\u6c34", "\u3000", "o "])
def test_no_value_goes_on_where_the_name_of_another_line_stands(filling: str) -> None:
    """A terminal breaks what is too long for it: the rest would read as a line of its own."""
    forged = "Account:       nobody at all"
    for before in range(50, 110):
        lines = plain_words(a_request(reference=f"26/117 {filling * before}"[:before] + forged))
        assert not any(line.startswith("Account:       nobody") for line in lines)
        assert all(len(line) <= 15 + COLUMNS for line in lines)
        assert all(line[15:] for line in lines)
    (first, second) = [line for line in plain_words(a_request(reference="word " * 20)) if "word" in line]
    assert (first[:20], second[:20]) == ("Reference:     word ", " " * 15 + "word ")


@pytest.mark.parametrize("mark", ["\x1b", "\x9b", "\u200e", "\u200f", "\u061c", "\u202e", "\u2067", "\u2028", "\n"])
def test_what_would_show_something_else_is_no_request(mark: str) -> None:
    """Control characters, ends of lines, marks of direction."""
    with pytest.raises(MalformedRequest):
        read_request(canonical(a_request(reference=f"26{mark}117")))
