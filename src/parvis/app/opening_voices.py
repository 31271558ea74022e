"""What a custodian does over the folder of an opening: read what is asked, then grant it or refuse.

The server's bundle need not be there: a copy of the request and of the session is enough.
"""

import time
from pathlib import Path
from typing import NamedTuple

from parvis.app import shares
from parvis.app.shares import BadShares, words_in
from parvis.archive import custody, session
from parvis.archive.session import SESSION_BYTES_MAX, MalformedSession, Refusal, Session, seal_share
from parvis.legal import openings as law
from parvis.legal.openings import Request
from parvis.model import moments
from parvis.store import opening_folder
from parvis.store.opening_folder import BadFolder


class NotGiven(Exception):
    """Neither granted nor refused. A whole sentence that says why."""


class Asked(NamedTuple):
    """What a session asks for."""

    request: Request
    session: Session
    lines: list[str]
    """For people to decide over."""
    fingerprint: str
    """For people to compare."""


class Given(NamedTuple):
    """A share that was given."""

    share: int
    path: Path


def asked_in(folder: Path) -> Asked:
    """Read what is asked in a folder, and check that it fits together.

    Raises:
        NotGiven: No program waits there, or it is of something else, or over.
    """
    if not (folder / opening_folder.SESSION).exists():
        raise NotGiven(f"No program waits in {folder}. First, where custodians meet: parvis custodian open FOLDER")
    try:
        request = opening_folder.read_asked(folder)
        waiting = session.read_session(opening_folder.read_file(folder / opening_folder.SESSION, SESSION_BYTES_MAX))
        facts = _facts(folder, request, waiting)
    except BadFolder as bad:
        raise NotGiven(str(bad)) from None
    except MalformedSession as malformed:
        raise NotGiven(f"{folder / opening_folder.SESSION} is no session: {malformed}.") from None
    if waiting.request != law.digest(request).hex():
        raise NotGiven("The program that waits is for another request than the one in this folder.")
    if time.time_ns() // 1_000_000 >= waiting.ends_ms:
        raise NotGiven(f"The session ended at {moments.told(waiting.ends_ms)}. Another one has to begin.")
    spoken = session.spoken(session.fingerprint(waiting))
    return Asked(request, waiting, law.plain_words(request, facts), spoken)


def _facts(folder: Path, request: Request, waiting: Session) -> list[tuple[str, str]]:
    """Say what else a custodian wants to know: whom the result is sealed to, and how much there is."""
    key = custody.custodian_id(custody.HYBRID, request.requester.public).hex()
    facts = [("Sealed to key", key), ("Session ends", moments.told(waiting.ends_ms))]
    if (folder / opening_folder.SEALED).exists():
        export = opening_folder.read_export(folder)
        if export.digest.hex() != waiting.export:
            raise NotGiven("The program that waits is for another export than the one in this folder.")
        facts.append(("Records", str(export.counts.records)))
        facts.append(("Vault rows", str(export.counts.vault_rows)))
    return [*facts, ("Digest", waiting.export)]


def give(folder: Path, asked: Asked, words: str) -> Given:
    """Seal a share to the session, into the folder.

    Raises:
        NotGiven: The words are no share, or not of a key that needs as many; or they cannot be written.
    """
    try:
        facts = shares.describe(words)
    except BadShares as bad:
        raise NotGiven(str(bad)) from None
    if facts.threshold != asked.request.quorum.threshold:
        raise NotGiven("This share belongs to another key than the one that is needed.")
    sealed = seal_share(asked.session, " ".join(words_in(words)).encode())
    try:
        return Given(facts.index, opening_folder.lay_grant(folder, sealed))
    except BadFolder as bad:
        raise NotGiven(str(bad)) from None


def refuse(folder: Path, asked: Asked, reason: str, share: int | None) -> Path:
    """Write a refusal into the folder.

    Raises:
        NotGiven: The reason is too long or not on one line, or it cannot be written.
    """
    refusal = Refusal(session=session.fingerprint(asked.session).hex(), share=share, reason=reason)
    written = session.written(refusal)
    try:
        session.read_refusal(written)
        return opening_folder.lay_refusal(folder, written)
    except MalformedSession:
        raise NotGiven("A reason is one line of at most 300 characters.") from None
    except BadFolder as bad:
        raise NotGiven(str(bad)) from None
