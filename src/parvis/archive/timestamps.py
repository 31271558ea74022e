"""Time stamps of checkpoints by an authority apart: that what was signed was there at a time. Source: RFC 3161."""

from collections.abc import Sequence
from datetime import UTC

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)


class WrongStamp(ValueError):
    """An answer that is no time stamp of these bytes, or not of an authority that is trusted."""


def stamp_request(stamped: bytes) -> TimeStampRequest:
    """Ask for a time stamp of some bytes: their SHA-256, a random nonce, and the certificate with the answer."""
    return TimestampRequestBuilder().data(stamped).hash_algorithm(HashAlgorithm.SHA256).build()


def load_roots(pem: bytes) -> list[x509.Certificate]:
    """Read the certificates that answers must lead to.

    Raises:
        WrongStamp: There is none, or it is damaged.
    """
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise WrongStamp("file of certificates holds none in PEM") from None


def verify_stamp(
    stamped: bytes, answer: bytes, roots: Sequence[x509.Certificate], request: TimeStampRequest | None = None
) -> int:
    """Check a time stamp and give its time, in milliseconds since 1970.

    Args:
        stamped: What it is about.
        answer: What the authority answered.
        roots: Certificates that it must lead to.
        request: What was asked, where the answer has just come: its nonce must come back.

    Raises:
        WrongStamp: It does not hold.
    """
    response = _decoded(answer)
    builder = VerifierBuilder() if request is None else VerifierBuilder.from_request(request)
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(response, stamped)
    except (VerificationError, ValueError) as wrong:
        raise WrongStamp(f"time stamp does not hold: {wrong}") from wrong
    return int(response.tst_info.gen_time.replace(tzinfo=UTC).timestamp() * 1000)


def check_granted(answer: bytes) -> None:
    """Check that an answer is a time stamp at all, where no certificates are known to check it with.

    Raises:
        WrongStamp: It is none.
    """
    _ = _decoded(answer).tst_info


def _decoded(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
        granted = response.status == 0
    except ValueError:
        raise WrongStamp("answer is no time stamp") from None
    if not granted:
        raise WrongStamp("authority refused")
    return response
