"""Time stamps of checkpoints; with a real authority in tests/contract/test_timestamps.py. Source: RFC 3161."""

import pytest

from parvis.archive.timestamps import WrongStamp, check_granted, load_roots, stamp_request, verify_stamp

REFUSED = bytes.fromhex("30053003020102")


def test_a_request_holds_a_hash_and_a_nonce() -> None:
    """And not what it is about."""
    request = stamp_request(b"a checkpoint")
    assert b"a checkpoint" not in request.as_bytes()
    assert request.nonce != stamp_request(b"a checkpoint").nonce


@pytest.mark.parametrize("answer", [b"", b"nonsense", REFUSED, REFUSED[:-1]])
def test_what_is_no_time_stamp_is_refused(answer: bytes) -> None:
    """Also a refusal of the authority."""
    with pytest.raises(WrongStamp):
        check_granted(answer)
    with pytest.raises(WrongStamp):
        verify_stamp(b"a checkpoint", answer, [])


def test_certificates_must_be_there() -> None:
    """Nothing leads to none."""
    with pytest.raises(WrongStamp, match="holds none"):
        load_roots(b"")
