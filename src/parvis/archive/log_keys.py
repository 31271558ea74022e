"""The keys that sign checkpoints: one at a time, and two while one takes over from the other.

The origin of a log is its identity: it is kept with its keys, so that a server that gets another name goes on with the
log it has. Of a key that is over the public half stays for ever: what it signed must be checked in years.

Source: docs/adr/0023-the-log.md.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from parvis.archive.checkpoint import KEY_BYTES, VerifierKey, check_name, public_key
from parvis.archive.terms import DAY_MS, RandomBytes

OVERLAP_MS: Final = 7 * DAY_MS
"""How long a key goes on signing beside the one that follows it, in milliseconds: whoever mirrors learns of it."""

SIGNING_MAX: Final = 4
"""Most keys that sign at a time: a checkpoint has a line of each."""


class TooManyKeys(ValueError):
    """As many keys sign as may; the oldest ends by itself."""


class LogKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the log. `until_ms` is 0 while nothing follows it; the private half is empty when it is over.

    `has_signed` is noted before its first signature: what it signed binds the log, whatever files are left of it.
    """

    origin: str
    public: bytes
    private: bytes
    since_ms: int
    until_ms: int = 0
    has_signed: bool = False

    @property
    def verifier(self) -> VerifierKey:
        """Give what its signatures are checked with."""
        return VerifierKey(self.origin, self.public)

    def __repr__(self) -> str:
        """Name its public half alone: keys stay out of logs."""
        return f"LogKey({self.verifier})"


def new_log_key(origin: str, now_ms: int, random: RandomBytes) -> LogKey:
    """Make a key.

    Raises:
        MalformedNote: The origin is no name of a key.
    """
    private = random(KEY_BYTES)
    public = public_key(private, check_name(origin)).public
    return LogKey(origin=origin, public=public, private=private, since_ms=now_ms)


def fingerprint(key: LogKey) -> str:
    """Name a key in a record of the audit: the SHA-256 of what is published of it, in hexadecimal."""
    return sha256(str(key.verifier).encode()).hexdigest()


def signing(keys: Sequence[LogKey], now_ms: int) -> list[LogKey]:
    """Give the keys that sign now, the newest first."""
    return [key for key in reversed(keys) if key.private and (not key.until_ms or now_ms < key.until_ms)]


def rotated(keys: Sequence[LogKey], new: LogKey, now_ms: int) -> list[LogKey]:
    """Add a key; the one that was the newest signs beside it for `OVERLAP_MS`.

    Raises:
        TooManyKeys: `SIGNING_MAX` sign already.
    """
    if len(signing(keys, now_ms)) >= SIGNING_MAX:
        raise TooManyKeys(f"{SIGNING_MAX} keys sign already")
    ending = [key if key.until_ms else msgspec.structs.replace(key, until_ms=now_ms + OVERLAP_MS) for key in keys]
    return [*without_ended(ending, now_ms), new]


def without_ended(keys: Sequence[LogKey], now_ms: int) -> list[LogKey]:
    """Forget the private halves of keys that are over."""
    return [
        msgspec.structs.replace(key, private=b"") if key.until_ms and now_ms >= key.until_ms else key for key in keys
    ]
