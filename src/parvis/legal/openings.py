"""Openings of the archive: what is asked for, on which ground, who may do the next step, and when.

Rule 1: a request says all of it before anything is exported, and its bytes never change: shares are given for its
digest, and open nothing else.
Rule 2: an opening is of what was: accounts or conversations, and a span of time that is over.
Rule 3: a step outside its time is refused with words that say what to do instead.

Source: law.md 8.4 (two people, an end after an hour; one person: a day's wait); docs/protocol/opening.md;
docs/adr/0022-openings.md; vectors/openings.json.
"""

from collections.abc import Collection
from enum import StrEnum
from hashlib import sha256
from itertools import zip_longest
from typing import Annotated, Final
from unicodedata import east_asian_width

import msgspec
from msgspec import Meta

from parvis.model.ids import AUDIT, DECISIONS, PRESENCE
from parvis.model.moments import told

HOUR_MS: Final = 3_600_000
"""An hour in milliseconds."""
VALID_MS: Final = HOUR_MS
"""How long a request can be granted unless it says otherwise (law.md 8.4)."""
VALID_MS_MAX: Final = 30 * 24 * HOUR_MS
"""Longest time in which a request can be granted; ours: shares travel by post where custodians live apart."""
DELAY_MS: Final = 24 * HOUR_MS
"""How long an archive with one custodian waits before anything is exported (law.md 8.4)."""
READING_MS: Final = 7 * 24 * HOUR_MS
"""How long after its end what was opened can still be recorded and released; ours."""

REQUEST_BYTES_MAX: Final = 262_144
"""Longest request; ours: the bounds of its fields add up to less."""
SUBJECTS_MAX: Final = 64
"""Most accounts, and most conversations, of one request; ours."""
PRIVATE_MAX: Final = 2048
"""Most private conversations of the accounts asked for; ours: more is another request."""

COLUMNS: Final = 64
"""Columns that custodians read a value in; ours: with the name in front of it, less than a terminal has."""

_DIGEST_LABEL: Final = b"parvis opening request v1"
_NAME_COLUMNS: Final = 15
_WIDE: Final = frozenset("AFW")
"""Characters that take two columns, or do on some terminals (Unicode Standard Annex 11)."""
_COMMON: Final = frozenset({PRESENCE, DECISIONS, AUDIT})

HexId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
"""An opaque id in hexadecimal."""
_ON_A_LINE: Final = r"\A[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*\Z"
Words = Annotated[str, Meta(max_length=300, pattern=_ON_A_LINE)]
"""Words for people: on one line, and without what would have a terminal show something else."""
Moment = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since 1970, up to the year 9999."""


class MalformedRequest(ValueError):
    """Bytes that are no request of a known form. The text quotes none of them."""


class Ground(StrEnum):
    """Every ground there is for an opening."""

    JUDICIAL_ORDER = "judicial-order"
    REQUISITION = "requisition"
    E_EVIDENCE = "e-evidence"
    THREAT_TO_LIFE = "threat-to-life"
    DATA_SUBJECT = "data-subject"
    OTHER = "other"


GROUNDS: Final[dict[Ground, str]] = {
    Ground.JUDICIAL_ORDER: "an order of a judge",
    Ground.REQUISITION: "a requisition (in France: articles 60-1, 77-1-1 and 99-3 of the code of criminal procedure)",
    Ground.E_EVIDENCE: "a European production order (regulation 2023/1543)",
    Ground.THREAT_TO_LIFE: "a threat to life or safety (DSA, article 18)",
    Ground.DATA_SUBJECT: "a person's request for their own data (GDPR, article 15)",
    Ground.OTHER: "another ground",
}
"""Each ground, in the words that custodians read."""

EMERGENCIES: Final = frozenset({Ground.THREAT_TO_LIFE, Ground.E_EVIDENCE})
"""Grounds that can be an emergency (law.md 8.4)."""


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account or a conversation, by its id, and the name by which it was asked for."""

    id: HexId
    name: Words = ""

    def __repr__(self) -> str:
        """Give the id alone."""
        return f"Subject({self.id})"


class Requester(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the result is sealed to."""

    name: Words
    public: Annotated[bytes, Meta(min_length=1216, max_length=1216)]
    """A public key of the suite of `archive/custody.py`."""

    def __repr__(self) -> str:
        """Give nothing: names stay out of logs."""
        return "Requester()"


class Quorum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The custodians' key that is needed, and how it is split."""

    custodian: HexId
    shares: Annotated[int, Meta(ge=1, le=16)]
    threshold: Annotated[int, Meta(ge=1, le=16)]


class Request(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="form", tag="parvis-opening-1"
):
    """What is asked for. Its canonical bytes are its JSON with the fields in this order and nothing between them."""

    id: HexId
    server: Words
    ground: Ground
    reference: Words
    """How the order or the case is called by whoever sent it."""
    explanation: Words = ""
    """What the ground is, where the list has none for it."""
    accounts: Annotated[tuple[Subject, ...], Meta(max_length=SUBJECTS_MAX)] = ()
    """Everything that they wrote."""
    private: Annotated[tuple[HexId, ...], Meta(max_length=PRIVATE_MAX)] = ()
    """The private conversations that they were part of in the span, as the server found them."""
    conversations: Annotated[tuple[Subject, ...], Meta(max_length=SUBJECTS_MAX)] = ()
    """Everything that was written in them."""
    vault: bool = False
    """Whether the identification vault is asked for as well, of the accounts."""
    from_ms: Moment
    to_ms: Moment
    """The span; its end does not belong to it."""
    requester: Requester
    release: Annotated[bytes, Meta(min_length=1216, max_length=1216)]
    """The server's one-time key: without what it opens the result stays closed, and the server logs before it opens."""
    quorum: Quorum
    is_emergency: bool = False
    asked_ms: Moment
    not_before_ms: Moment
    """From when on it may be exported."""
    ends_ms: Moment
    """From when on it is exported and granted no more."""


class State(StrEnum):
    """How far an opening is."""

    ASKED = "asked"
    EXPORTED = "exported"
    OPENED = "opened"
    """Custodians have opened it, and what they gave has been recorded."""


class Step(StrEnum):
    """What may be done next."""

    EXPORT = "export"
    RECORD = "record"
    RELEASE = "release"


def canonical(request: Request) -> bytes:
    """Write the canonical bytes of a request."""
    return msgspec.json.encode(request)


def read_request(raw: bytes) -> Request:
    """Read a request.

    Raises:
        MalformedRequest: It is too long, of another form, out of bounds, or not canonical.
    """
    if len(raw) > REQUEST_BYTES_MAX:
        raise MalformedRequest(f"request is {len(raw)} bytes, limit is {REQUEST_BYTES_MAX}")
    try:
        request = msgspec.json.decode(raw, type=Request)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise MalformedRequest("request is not of a known form") from None
    if canonical(request) != raw:
        raise MalformedRequest("request is not written canonically")
    return request


def digest(request: Request) -> bytes:
    """Give the 32 bytes that a request is known by in the log and in every share that is given for it."""
    return sha256(_DIGEST_LABEL + canonical(request)).digest()


def timed(request: Request, valid_ms: int) -> Request:
    """Give a request its times: an archive with one custodian waits a day, unless it is an emergency."""
    alone = request.quorum.threshold == 1 and not request.is_emergency
    not_before_ms = request.asked_ms + DELAY_MS if alone else request.asked_ms
    return msgspec.structs.replace(request, not_before_ms=not_before_ms, ends_ms=not_before_ms + valid_ms)


def wrong_with(request: Request) -> str | None:
    """Say what is wrong with a request, in a whole sentence; None: it may be made.

    Args:
        request: The request, whose times :func:`timed` gave.
    """
    valid_ms = request.ends_ms - request.not_before_ms
    if not request.reference.strip():
        return "Say how the order or the case is called: its reference."
    if not request.requester.name.strip():
        return "Say who asks: the name of the person or authority that the result is for."
    if request.ground is Ground.OTHER and not request.explanation.strip():
        return "Say in words what the ground is."
    if not request.accounts and not request.conversations:
        return "Say what is asked for: an account, a room, a private conversation."
    if request.private and not request.accounts:
        return "Private conversations are asked for by account, or each by itself."
    if request.vault and not request.accounts:
        return "The identification vault is asked for by account."
    if any(bytes.fromhex(each) in _COMMON for each in (*request.private, *(one.id for one in request.conversations))):
        return "This is no conversation of people: it cannot be asked for as a whole."
    if request.from_ms >= request.to_ms:
        return "The span ends before it begins."
    if request.to_ms > request.asked_ms:
        return "The span is not over yet. An opening is of what was: end it at this moment at the latest."
    if request.is_emergency and request.ground not in EMERGENCIES:
        return "Only a threat to life or safety and a European production order can be an emergency."
    if not 0 < valid_ms <= VALID_MS_MAX:
        return f"A request is valid for {VALID_MS_MAX // (24 * HOUR_MS)} days at most."
    return None


def refusal(step: Step, state: State, request: Request, now_ms: int) -> str | None:
    """Say why a step may not be taken now, in a whole sentence; None: it may."""
    reading_ends_ms = request.ends_ms + READING_MS
    match step:
        case Step.EXPORT:
            if now_ms < request.not_before_ms:
                return (
                    f"One custodian alone can open this archive, so it waits: export it from "
                    f"{told(request.not_before_ms)} on."
                )
            if now_ms >= request.ends_ms:
                return f"The request ended at {told(request.ends_ms)}. Make a new one."
        case Step.RECORD:
            if state is State.ASKED:
                return "It was not exported yet, so there is nothing to record."
            if now_ms >= reading_ends_ms:
                return f"The time to record it ended at {told(reading_ends_ms)}. Make a new request."
        case Step.RELEASE:
            if state is not State.OPENED:
                return "There is nothing to release: no proceedings that opened it have been recorded."
            if now_ms >= reading_ends_ms:
                return f"The time to read it ended at {told(reading_ends_ms)}. Make a new request."
    return None


def has_ended(state: State, request: Request, now_ms: int) -> bool:
    """Tell whether an opening ends by itself: nobody exported it in time, or the time to read it is over."""
    ends_ms = request.ends_ms if state is State.ASKED else request.ends_ms + READING_MS
    return now_ms >= ends_ms


class Scope:
    """What a request covers, asked once per record. What everybody does in common belongs to its author alone."""

    def __init__(self, request: Request) -> None:
        """Read a request."""
        self._from_ms, self._to_ms = request.from_ms, request.to_ms
        self._authors = frozenset(bytes.fromhex(each.id) for each in request.accounts)
        self._conversations = frozenset(bytes.fromhex(each.id) for each in request.conversations) - _COMMON
        self._private = frozenset(map(bytes.fromhex, request.private)) - _COMMON

    def covers(self, author: bytes, conversation: bytes, time_ms: int) -> bool:
        """Tell whether a record belongs to what was asked."""
        if not self._from_ms <= time_ms < self._to_ms:
            return False
        return author in self._authors or conversation in self._conversations or conversation in self._private

    def needs_privacy(self, author: bytes, conversation: bytes) -> bool:
        """Tell whether a covered record counts only because its conversation is said to be private."""
        return author not in self._authors and conversation not in self._conversations


def plain_words(request: Request, facts: Collection[tuple[str, str]] = ()) -> list[str]:
    """Say what is asked in lines for people: custodians decide over these.

    A value that is longer than `COLUMNS` goes on in its own column: whatever a name or a reference holds, no terminal
    of 80 columns breaks it so that a part of it stands where the name of another line does.

    Args:
        request: What is asked.
        facts: What else is known of it: a name and a value each.
    """
    return [
        line
        for name, value in (
            ("Server", request.server),
            ("Request", request.id),
            ("Ground", _ground(request)),
            ("Reference", request.reference),
            ("Asked by", request.requester.name),
            *(("Account", _subject(each)) for each in request.accounts),
            *(
                (("Private", _counted(len(request.private), "conversation of theirs", "conversations of theirs")),)
                * bool(request.accounts)
            ),
            *(("Conversation", _subject(each)) for each in request.conversations),
            ("Vault", "yes: from which addresses the accounts came" if request.vault else "no"),
            ("From", told(request.from_ms)),
            ("To", told(request.to_ms)),
            ("Emergency", "yes" if request.is_emergency else "no"),
            ("Asked at", told(request.asked_ms)),
            ("Ends at", told(request.ends_ms)),
            (
                "Shares needed",
                f"{request.quorum.threshold} of {request.quorum.shares}, of key {request.quorum.custodian}",
            ),
            *facts,
        )
        for line in _in_columns(f"{name}:", value)
    ]


def _in_columns(name: str, value: str) -> list[str]:
    """Lay out one value behind its name, in as many lines as it takes."""
    parts, part = list[str](), ""
    for char in value:
        if _columns(part + char) > COLUMNS:
            whole, space, begun = part.rpartition(" ")
            parts.append(whole if space else part)
            part = begun if space else ""
        part += char
    return [f"{head:<{_NAME_COLUMNS}}{each}" for head, each in zip_longest((name,), (*parts, part), fillvalue="")]


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in _WIDE else 1 for char in text)


def _ground(request: Request) -> str:
    words = GROUNDS[request.ground]
    return f"{words}: {request.explanation}" if request.explanation else words


def _subject(subject: Subject) -> str:
    return f"{subject.name} ({subject.id})" if subject.name else subject.id


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
