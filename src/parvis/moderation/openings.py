"""Openings of the archive, from the request to the end: each step stands in the log before anything is given.

Rule 1: the server never holds a share or the custodians' private key; it hands out what is sealed to them.
Rule 2: a step is written with its record of the audit in one commit, and only then does what it gives go out.
Rule 3: an opening that has ended is forgotten: with its salt goes the key that could release its result.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import RLock
from typing import Final

import msgspec
from msgspec.structs import replace

from parvis.archive import custody
from parvis.archive.bundle import Counts
from parvis.archive.custody import CustodianKey, UnopenedCustody
from parvis.archive.result import open_release, release_seed
from parvis.archive.session import MalformedSession, Proceedings, read_proceedings
from parvis.archive.terms import RandomBytes
from parvis.legal import openings as law
from parvis.legal.openings import Quorum, Request, State, Step
from parvis.model import audit
from parvis.model.audit import audit_record
from parvis.model.ids import OPAQUE_ID_BYTES
from parvis.model.kept import Keep, KeptKind, keep, read
from parvis.ports.journal import Journal
from parvis.ports.keys import KeyStore

OPENINGS_MAX: Final = 256
"""Most openings that have not ended; ours."""
SESSIONS_MAX: Final = 32
"""Most sessions that are recorded for one opening; ours."""

_PURPOSE: Final = b"opening release"
_SALT_BYTES: Final = 32


class Declined(Exception):
    """A step that may not be taken. A whole sentence for whoever asked; nothing was changed."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """An opening as SQL keeps it until it ends."""

    request: Request
    state: State = State.ASKED
    salt: bytes
    export: str = ""
    """Digest of the last export, in hex."""
    sessions: tuple[str, ...] = ()
    result: str = ""
    """SHA-256 of the result that can be released, in hex."""
    released: bytes = b""
    """The server's half of that result's key, sealed."""

    def __repr__(self) -> str:
        """Give the id alone."""
        return f"Opening({self.request.id})"

    @property
    def id(self) -> str:
        """Give its id in hex."""
        return self.request.id

    @property
    def digest(self) -> bytes:
        """Give the digest of its request."""
        return law.digest(self.request)


class Openings:
    """The openings that have not ended. Every call may be made from any thread but the loop's, and blocks it."""

    def __init__(self, journal: Journal, keys: KeyStore, random: RandomBytes, kept: Sequence[Keep] = ()) -> None:
        """Take up what was kept."""
        self._journal = journal
        self._keys = keys
        self._random = random
        self._lock = RLock()
        opened = [read(each, Opening) for each in kept if each.kind is KeptKind.OPENING]
        self._openings = {each.id: each for each in opened}

    def all(self) -> list[Opening]:
        """Give them, the oldest first."""
        return sorted(self._openings.values(), key=lambda each: each.request.asked_ms)

    def lives(self, opening: str) -> bool:
        """Tell whether an opening, by its whole id, has not ended."""
        return opening in self._openings

    def find(self, name: str) -> Opening:
        """Find one by its id, or by a beginning of it that is its alone.

        Raises:
            Declined: There is none, or several.
        """
        found = [each for each in self.all() if each.id.startswith(name)]
        if not name or len(found) != 1:
            raise Declined(f"There {'are several such openings' if len(found) > 1 else 'is no such opening'}.")
        return found[0]

    def ask(self, draft: Request, custodian: CustodianKey, valid_ms: int) -> Opening:
        """Make a request: it gets its id, its quorum, its one-time key and its times, and is logged.

        Args:
            draft: What is asked for; what this gives it stands empty.
            custodian: The custodians' key that is needed.
            valid_ms: How long it can be exported and granted.

        Raises:
            Declined: Something is wrong with it.
        """
        if len(self._openings) >= OPENINGS_MAX:
            raise Declined(f"{OPENINGS_MAX} openings have not ended. End some first.")
        salt = self._random(_SALT_BYTES)
        request_id = self._random(OPAQUE_ID_BYTES)
        request = replace(
            draft,
            id=request_id.hex(),
            release=custody.public_bytes(self._seed(salt, request_id)),
            quorum=Quorum(custodian=custodian.id.hex(), shares=custodian.shares, threshold=custodian.threshold),
        )
        request = law.timed(request, valid_ms)
        if wrong := law.wrong_with(request):
            raise Declined(wrong)
        try:
            law.read_request(law.canonical(request))
        except law.MalformedRequest:
            raise Declined(
                f"Too much is asked for at once, or a name or a reference is longer than 300 characters. "
                f"At most {law.SUBJECTS_MAX} accounts and {law.SUBJECTS_MAX} conversations fit into a request."
            ) from None
        opening = Opening(request=request, salt=salt)
        entry = audit.OpeningRequested(
            by="operator",
            opening=opening.id,
            digest=opening.digest.hex(),
            ground=request.ground,
            explanation=request.explanation,
            reference=request.reference,
            requester=request.requester.name,
            requester_key=custody.custodian_id(custody.HYBRID, request.requester.public).hex(),
            custodian=request.quorum.custodian,
            accounts=tuple(each.id for each in request.accounts),
            conversations=tuple(each.id for each in request.conversations),
            private=len(request.private),
            vault=request.vault,
            from_ms=request.from_ms,
            to_ms=request.to_ms,
            is_emergency=request.is_emergency,
            not_before_ms=request.not_before_ms,
            ends_ms=request.ends_ms,
        )
        self._write(opening, [entry])
        return opening

    def export(
        self, opening: Opening, now_ms: int, gather: Callable[[Request], tuple[Counts, bytes]]
    ) -> tuple[Opening, Counts]:
        """Have what matches gathered, and log that it goes out. It goes out after this has returned.

        Args:
            opening: Which.
            now_ms: The time.
            gather: Puts it together, where nobody but the server finds it yet; gives its counts and its digest.

        Raises:
            Declined: Not now.
        """
        self._check(Step.EXPORT, opening, now_ms)
        counts, digest = gather(opening.request)
        with self._lock:
            # Time has gone by, and perhaps it was ended meanwhile.
            opening = self.find(opening.id)
            entry = audit.OpeningExported(
                by="operator",
                opening=opening.id,
                digest=digest.hex(),
                records=counts.records,
                vault_rows=counts.vault_rows,
                closed=counts.closed,
                elsewhere=counts.elsewhere,
            )
            state = State.EXPORTED if opening.state is State.ASKED else opening.state
            opening = replace(opening, state=state, export=digest.hex())
            self._write(opening, [entry])
        return opening, counts

    def record(self, raw: bytes, now_ms: int) -> tuple[Opening, Proceedings]:
        """Take what happened in a session into the log.

        Raises:
            Declined: It is no account of a session of an opening that is known, or not now.
        """
        try:
            proceedings = read_proceedings(raw)
        except MalformedSession as malformed:
            raise Declined(f"These are no proceedings: {malformed}.") from None
        with self._lock:
            opening = self._of(proceedings)
            self._check(Step.RECORD, opening, now_ms)
            if proceedings.session in opening.sessions:
                raise Declined("These proceedings are recorded already.")
            if len(opening.sessions) >= SESSIONS_MAX:
                raise Declined(f"{SESSIONS_MAX} sessions of this opening are recorded. Make a new request.")
            opening = replace(opening, sessions=(*opening.sessions, proceedings.session))
            outcome = proceedings.opened
            if outcome is not None:
                opening = replace(opening, state=State.OPENED, result=outcome.result, released=outcome.released)
            self._write(opening, _entries(opening.id, proceedings))
        return opening, proceedings

    def release(self, opening: Opening, now_ms: int) -> bytes:
        """Log that the result is read, and only then give the server's half of its key.

        Raises:
            Declined: Not now, or what was recorded does not open.
        """
        with self._lock:
            opening = self.find(opening.id)
            self._check(Step.RELEASE, opening, now_ms)
            key = custody.private_key(self._seed(opening.salt, bytes.fromhex(opening.id)))
            try:
                half = open_release(key, opening.released, opening.digest)
            except UnopenedCustody:
                raise Declined(
                    "What the proceedings say of the result's key does not open: they were changed."
                ) from None
            self._write(opening, [audit.OpeningRead(by="operator", opening=opening.id, result=opening.result)])
        return half

    def end(self, opening: Opening, why: str = "closed") -> None:
        """End an opening and forget it."""
        with self._lock:
            opening = self.find(opening.id)
            by = "operator" if why == "closed" else "server"
            entry = audit.OpeningEnded(by=by, opening=opening.id, why=why)
            self._journal.write([audit_record(entry)], kept=[keep(KeptKind.OPENING, bytes.fromhex(opening.id), None)])
            del self._openings[opening.id]

    def end_expired(self, now_ms: int) -> list[str]:
        """End what is over by itself; give the ids, whose folders can go."""
        ended = []
        for opening in self.all():
            if law.has_ended(opening.state, opening.request, now_ms):
                # Another thread may have ended it just now.
                with suppress(Declined):
                    self.end(opening, "expired")
                    ended.append(opening.id)
        return ended

    def _of(self, proceedings: Proceedings) -> Opening:
        for opening in self.all():
            if opening.digest.hex() == proceedings.request:
                if opening.export != proceedings.export:
                    raise Declined("These proceedings are of another export of this opening.")
                if opening.request.quorum.custodian != proceedings.custodian:
                    raise Declined("These proceedings are of another custodians' key.")
                return opening
        raise Declined("These proceedings are of no opening that this server knows, or of one that has ended.")

    def _check(self, step: Step, opening: Opening, now_ms: int) -> None:
        if refused := law.refusal(step, opening.state, opening.request, now_ms):
            raise Declined(refused)

    def _seed(self, salt: bytes, request_id: bytes) -> bytes:
        return release_seed(self._keys.derived(_PURPOSE), salt, request_id)

    def _write(self, opening: Opening, entries: Sequence[audit.Entry]) -> None:
        records = [audit_record(entry) for entry in entries]
        self._journal.write(records, kept=[keep(KeptKind.OPENING, bytes.fromhex(opening.id), opening)])
        self._openings[opening.id] = opening


def _entries(opening: str, proceedings: Proceedings) -> list[audit.Entry]:
    """Say for the log what happened in a session."""
    session = proceedings.session
    entries: list[audit.Entry] = [
        audit.OpeningGranted(by="operator", opening=opening, session=session, share=each.share or 0, at_ms=each.at_ms)
        for each in proceedings.grants
    ]
    entries += [
        audit.OpeningRefused(
            by="operator", opening=opening, session=session, share=each.share, reason=each.reason, at_ms=each.at_ms
        )
        for each in proceedings.refusals
    ]
    outcome = proceedings.opened
    if outcome is None:
        entries.append(audit.OpeningFailed(by="operator", opening=opening, session=session, why=proceedings.why))
    else:
        entries.append(
            audit.OpeningOpened(
                by="operator",
                opening=opening,
                session=session,
                result=outcome.result,
                records=outcome.records,
                withheld=outcome.withheld,
                unopened=outcome.unopened,
                leaves_wrong=outcome.leaves_wrong,
                vault=outcome.vault,
            )
        )
    return entries
