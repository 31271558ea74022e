"""Sessions of the opening program: shares sealed to one of them, refusals, proceedings.

Source: docs/protocol/opening.md; docs/adr/0022-openings.md.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.vectors import cases

from parvis.archive import custody
from parvis.archive.custody import UnopenedCustody
from parvis.archive.session import (
    GRANT_BYTES_MAX,
    SESSION_BYTES_MAX,
    SHARE_BYTES,
    MalformedSession,
    Outcome,
    Proceedings,
    Refusal,
    Session,
    Voice,
    fingerprint,
    open_share,
    read_proceedings,
    read_refusal,
    read_session,
    seal_share,
    spoken,
    written,
)

SEED = bytes(range(32))
SESSION = Session(
    id="01" * 16,
    request="02" * 32,
    export="03" * 32,
    public=custody.public_bytes(SEED),
    began_ms=1_800_000_000_000,
    ends_ms=1_800_000_900_000,
)
OUTCOME = Outcome(result="04" * 32, released=b"sealed", records=3, withheld=1, unopened=0, leaves_wrong=0, vault=0)
PROCEEDINGS = Proceedings(
    request="02" * 32,
    export="03" * 32,
    session="01" * 16,
    custodian="05" * 16,
    began_ms=1,
    ended_ms=2,
    grants=(Voice(share=1, at_ms=1),),
    refusals=(Voice(share=None, at_ms=2, reason="no"),),
    opened=OUTCOME,
)


def test_a_share_opens_in_its_session_alone() -> None:
    """Another key, another request, another export, another end: it stays closed."""
    sealed = seal_share(SESSION, b"some words")
    key = custody.private_key(SEED)
    assert open_share(key, SESSION, sealed) == b"some words"
    for other in (
        *(replace(SESSION, request="06" * 32), replace(SESSION, export="06" * 32)),
        *(replace(SESSION, id="06" * 16), replace(SESSION, ends_ms=SESSION.ends_ms + 1)),
    ):
        with pytest.raises(UnopenedCustody):
            open_share(key, other, sealed)
    with pytest.raises(UnopenedCustody):
        open_share(custody.private_key(bytes(32)), SESSION, sealed)
    with pytest.raises(UnopenedCustody, match="limit"):
        open_share(key, SESSION, bytes(GRANT_BYTES_MAX + 1))


def test_the_length_of_a_share_tells_nothing() -> None:
    """Every grant is as long, and none is too long to be one."""
    assert len(seal_share(SESSION, b"a")) == len(seal_share(SESSION, b"a" * SHARE_BYTES)) <= GRANT_BYTES_MAX
    with pytest.raises(ValueError, match="limit is 512"):
        seal_share(SESSION, b"a" * (SHARE_BYTES + 1))


def test_files_read_back() -> None:
    """Each as it was written."""
    refusal = Refusal(session="07" * 32, share=3, reason="the span is too long")
    assert read_session(written(SESSION)) == SESSION
    assert read_refusal(written(refusal)) == refusal
    assert read_proceedings(written(PROCEEDINGS)) == PROCEEDINGS
    with pytest.raises(MalformedSession):
        read_session(written(refusal))


@pytest.mark.parametrize(
    "raw",
    [
        written(SESSION) + b"\n",
        written(SESSION).replace(b"01" * 16, b"0G" * 16),
        written(SESSION).replace(b"session-1", b"session-2"),
        written(SESSION)[:-1],
        bytes(SESSION_BYTES_MAX + 1),
    ],
)
def test_files_of_no_known_form_are_refused(raw: bytes) -> None:
    """Without a word of them."""
    with pytest.raises(MalformedSession):
        read_session(raw)


def test_a_reason_is_one_line() -> None:
    """Neither it nor its length shows custodians something else."""
    for reason in ("two\nlines", "\x1b[2J", "x" * 301):
        with pytest.raises(MalformedSession):
            read_refusal(written(Refusal(session="07" * 32, reason=reason)))


@given(st.binary(max_size=300))
def test_no_bytes_are_read_as_anything_else(raw: bytes) -> None:
    """Nor do they raise anything else."""
    for read in (read_session, read_refusal, read_proceedings):
        with pytest.raises(MalformedSession):
            read(raw)


def test_fingerprints_are_compared_aloud() -> None:
    """128 bits, in eight groups."""
    assert spoken(bytes(range(32))) == "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f"


@pytest.mark.parametrize(**cases("openings.json", "sessions"))
def test_vectors_of_sessions(case: dict[str, str]) -> None:
    """Bytes, fingerprint and a grant that opens, for every language. Source: vectors/openings.json."""
    session = read_session(case["json"].encode())
    assert fingerprint(session).hex() == case["fingerprint"]
    assert spoken(fingerprint(session)) == case["spoken"]
    key = custody.private_key(bytes.fromhex(case["seed"]))
    assert open_share(key, session, bytes.fromhex(case["grant"])) == case["words"].encode()
