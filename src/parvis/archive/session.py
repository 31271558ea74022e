"""The session of an opening program: its one-time key, the shares that are sealed to it, and what it says at its end.

Rule 1: a share is sealed to one session of one request: it opens nothing else, and nothing once the session is over.
Rule 2: what lies in the folder of an opening is untrusted: bounded and of one form, or refused.

Source: docs/protocol/opening.md; docs/adr/0022-openings.md; vectors/openings.json.
"""

from hashlib import sha256
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from msgspec import Meta

from parvis.archive import custody
from parvis.archive.custody import UnopenedCustody

SESSION_BYTES_MAX: Final = 8192
"""Longest session file."""
GRANT_BYTES_MAX: Final = 4096
"""Longest grant file; one of the suite so far takes 1 650 bytes."""
REFUSAL_BYTES_MAX: Final = 4096
"""Longest refusal file."""
PROCEEDINGS_BYTES_MAX: Final = 262_144
"""Longest account of the proceedings."""
SHARE_BYTES: Final = 512
"""Length to which the words of a share are filled up, so that their length tells nothing."""
VOICES_MAX: Final = 64
"""Most grants, and most refusals, that proceedings name; ours."""

_SESSION_LABEL: Final = b"parvis opening session v1"
_GRANT_LABEL: Final = b"parvis opening grant v1"

Hex16 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
"""16 bytes in hexadecimal."""
Hex32 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""32 bytes in hexadecimal."""
_ON_A_LINE: Final = r"\A[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*\Z"
Text = Annotated[str, Meta(max_length=300, pattern=_ON_A_LINE)]
"""Words for people, on one line."""
Moment = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since 1970."""
ShareNumber = Annotated[int, Meta(ge=1, le=16)]
"""Which share, counted from 1."""
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""How many."""

_T = TypeVar("_T", bound=msgspec.Struct)


class MalformedSession(ValueError):
    """Bytes that are no file of an opening. The text quotes none of them."""


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of the opening program. Its canonical bytes are its JSON, fields in this order."""

    form: Literal["parvis-opening-session-1"] = "parvis-opening-session-1"
    id: Hex16
    request: Hex32
    """Digest of the request."""
    export: Hex32
    """Digest of what was exported for it."""
    public: Annotated[bytes, Meta(min_length=1216, max_length=1216)]
    """The one-time key that shares are sealed to."""
    began_ms: Moment
    ends_ms: Moment


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A custodian's no. Who wrote it is what they say: a share is not needed to refuse."""

    form: Literal["parvis-opening-refusal-1"] = "parvis-opening-refusal-1"
    session: Hex32
    """Fingerprint of the session."""
    share: ShareNumber | None = None
    reason: Text


class Voice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grant or a refusal that a session counted."""

    share: ShareNumber | None = None
    at_ms: Moment
    reason: Text = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was opened: counts, and what its result is known by."""

    result: Hex32
    """SHA-256 of the result's file."""
    released: Annotated[bytes, Meta(min_length=1, max_length=4096)]
    """The server's half of the result's key, sealed to the request's one-time key."""
    records: Count
    """Records in the result."""
    withheld: Count
    """Records that stood in the export and were not asked for."""
    unopened: Count
    """Records that could not be opened."""
    leaves_wrong: Count
    """Records whose leaf does not match them."""
    vault: Count
    """Entries of the identification vault in the result."""


class Proceedings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened in a session, for the log; nothing of what was opened."""

    form: Literal["parvis-opening-proceedings-1"] = "parvis-opening-proceedings-1"
    request: Hex32
    export: Hex32
    session: Hex16
    custodian: Hex16
    began_ms: Moment
    ended_ms: Moment
    grants: Annotated[tuple[Voice, ...], Meta(max_length=VOICES_MAX)] = ()
    refusals: Annotated[tuple[Voice, ...], Meta(max_length=VOICES_MAX)] = ()
    opened: Outcome | None = None
    why: Text = ""
    """Why nothing was opened."""


def written(value: Session | Refusal | Proceedings) -> bytes:
    """Write the canonical bytes of a file of an opening."""
    return msgspec.json.encode(value)


def read_session(raw: bytes) -> Session:
    """Read a session.

    Raises:
        MalformedSession: It is none.
    """
    return _read(raw, Session, SESSION_BYTES_MAX)


def read_refusal(raw: bytes) -> Refusal:
    """Read a refusal.

    Raises:
        MalformedSession: It is none.
    """
    return _read(raw, Refusal, REFUSAL_BYTES_MAX)


def read_proceedings(raw: bytes) -> Proceedings:
    """Read an account of proceedings.

    Raises:
        MalformedSession: It is none.
    """
    return _read(raw, Proceedings, PROCEEDINGS_BYTES_MAX)


def fingerprint(session: Session) -> bytes:
    """Give the 32 bytes that a session is known by: they cover its key, the request and the export."""
    return sha256(_SESSION_LABEL + written(session)).digest()


def spoken(fingerprint: bytes) -> str:
    """Write the first 16 bytes of a fingerprint so that two people compare them aloud: eight groups of four digits."""
    digits = fingerprint[:16].hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def seal_share(session: Session, words: bytes) -> bytes:
    """Seal the words of a share to a session.

    Raises:
        ValueError: They are too long to be a share, or the session's key is none.
    """
    if len(words) > SHARE_BYTES:
        raise ValueError(f"share is {len(words)} bytes, limit is {SHARE_BYTES}")
    return custody.seal_to(session.public, words.ljust(SHARE_BYTES), _GRANT_LABEL + fingerprint(session))


def open_share(key: MLKEM768X25519PrivateKey, session: Session, sealed: bytes) -> bytes:
    """Open what :func:`seal_share` made.

    Raises:
        UnopenedCustody: It is no share for this session.
    """
    if len(sealed) > GRANT_BYTES_MAX:
        raise UnopenedCustody(f"grant is {len(sealed)} bytes, limit is {GRANT_BYTES_MAX}")
    return custody.open_sealed(key, sealed, _GRANT_LABEL + fingerprint(session)).rstrip(b" ")


def _read(raw: bytes, kind: type[_T], bytes_max: int) -> _T:
    if len(raw) > bytes_max:
        raise MalformedSession(f"file is {len(raw)} bytes, limit is {bytes_max}")
    try:
        value = msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise MalformedSession("file is not of a known form") from None
    if msgspec.json.encode(value) != raw:
        raise MalformedSession("file is not written canonically")
    return value
