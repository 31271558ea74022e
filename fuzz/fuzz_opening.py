"""What lies in the folder of an opening is untrusted: it is read as what it is, or refused, and that is all."""

import io
from contextlib import suppress

from mutation import run
from parvis.archive import custody, session
from parvis.archive.bundle import (
    FORM,
    BundledKey,
    BundledRecord,
    BundledVaultKey,
    Counts,
    MalformedBundle,
    read_frames,
    write_frame,
)
from parvis.archive.custody import UnopenedCustody
from parvis.archive.result import FORM as RESULT_FORM
from parvis.archive.result import UnopenedResult, opened_text, read_secrets
from parvis.archive.session import MalformedSession, Refusal, Session
from parvis.legal.openings import (
    Ground,
    MalformedRequest,
    Quorum,
    Request,
    Requester,
    Subject,
    canonical,
    plain_words,
    read_request,
)

KEY = custody.private_key(bytes(32))
SESSION = Session(
    id="01" * 16, request="02" * 32, export="03" * 32, public=custody.public_bytes(bytes(32)), began_ms=1, ends_ms=2
)
REQUEST = Request(
    id="01" * 16,
    server="chat.example.org",
    ground=Ground.OTHER,
    explanation="réquisition",
    reference="26/117",
    accounts=(Subject(id="0a" * 16, name="alice"),),
    from_ms=1,
    to_ms=2,
    requester=Requester(name="A. Judge", public=bytes(1216)),
    release=bytes(1216),
    quorum=Quorum(custodian="02" * 16, shares=5, threshold=3),
    asked_ms=3,
    not_before_ms=3,
    ends_ms=4,
)
CORPUS = [
    canonical(REQUEST),
    session.written(SESSION),
    session.written(Refusal(session="07" * 32, share=3, reason="no")),
    FORM
    + write_frame(BundledKey(id=b"k" * 16, conversation=b"c" * 16, hour=1, run=1, wrap=b"\x01w"))
    + write_frame(
        BundledRecord(
            number=1, is_undelivered=False, leaf=b"l" * 65, header=b"h" * 103, salt=b"s" * 32, ciphertext=b"x" * 40
        )
    )
    + write_frame(BundledVaultKey(id=b"v" * 16, kind="connections", day_ms=1, wrap=b"w"))
    + write_frame(Counts(keys=1, records=1)),
    session.seal_share(SESSION, b"words"),
    RESULT_FORM + b"\0\x04abcd\0\x04abcd" + bytes(40),
]


def target(data: bytes) -> None:
    try:
        request = read_request(data)
        assert canonical(request) == data
        assert not any(ord(each) < 32 or ord(each) == 127 for line in plain_words(request) for each in line)
    except MalformedRequest:
        pass
    for read in (session.read_session, session.read_refusal, session.read_proceedings):
        with suppress(MalformedSession):
            assert session.written(read(data)) == data
    try:
        raw = b"".join(map(write_frame, read_frames(io.BytesIO(data).read)))
        assert FORM + raw == data
    except MalformedBundle:
        pass
    with suppress(UnopenedCustody):
        session.open_share(KEY, SESSION, data)
    file = io.BytesIO(data)
    try:
        for _ in opened_text(file.read, read_secrets(file.read), KEY, bytes(32), bytes(32)):
            pass
    except UnopenedResult:
        pass


if __name__ == "__main__":
    run("opening", CORPUS, target)
