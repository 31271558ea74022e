"""What lasts beside rooms and records: values that SQL keeps over a restart, each written whole when it changes.

One kind of thing is one `KeptKind`; its value is JSON that only the module of that thing reads
(docs/adr/0007-what-lasts-is-kept-whole.md).
"""

from enum import StrEnum
from typing import TypeVar

import msgspec

_T = TypeVar("_T")


class KeptKind(StrEnum):
    """Every kind of value there is. Names stand in the database: never reused."""

    ACCOUNT = "account"
    VISIBLE = "visible"
    """From when on newcomers may fetch what was said in a room (`KeptVisible`)."""
    MARKERS = "markers"
    """How far an account has read (`KeptMarkers`)."""
    SERVER_BAN = "server-ban"
    DEFENCE = "defence"
    GUEST = "guest"
    RETIRED_NAME = "retired-name"
    SILENCE = "silence"
    METADATA = "metadata"
    PENDING_ACCOUNT = "pending-account"
    OPENING = "opening"
    """An opening of the archive that has not ended (`moderation/openings.py`)."""
    VAULT = "vault"
    """How far the identification vault has come (`KeptVault`)."""
    ENDING = "ending"
    """A term that is being ended: what a crash left of it is finished (`moderation/terms.py`)."""
    CLOCK = "clock"
    """The newest time that terms were ended by (`moderation/term_clock.py`)."""
    HOLD = "hold"
    """What is kept beyond its term (`legal/holds.py`)."""
    SIGNAL_KEY = "signal-key"
    """Under which the networks of one day are compared (`KeptSignalKey`)."""
    ERASURE = "erasure"
    """Whose words are to go, until they are gone (`legal/erasure.py`)."""


class Keep(msgspec.Struct, frozen=True):
    """A value to keep, or to keep no longer: then `value` is None."""

    kind: KeptKind
    id: bytes
    value: bytes | None

    def __repr__(self) -> str:
        """Name the kind and the id alone: values stay out of logs."""
        return f"Keep({self.kind}, {self.id.hex()})"


class KeptVisible(msgspec.Struct, frozen=True):
    """What belongs to a room's id beside the room itself."""

    from_ms: int


class KeptMarkers(msgspec.Struct, frozen=True):
    """The read markers of one account: milliseconds since 1970, by folded target."""

    read_ms: dict[str, int]

    def __repr__(self) -> str:
        """Give their number alone: whom somebody writes to stays out of logs."""
        return f"KeptMarkers({len(self.read_ms)})"


class KeptSignalKey(msgspec.Struct, frozen=True):
    """The key of a day's signals of networks (`chat/signals.py`)."""

    key: bytes

    def __repr__(self) -> str:
        """Say nothing: it is a key."""
        return "KeptSignalKey()"


class KeptDayKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the vault that the audit does not tell of yet; no byte of the key itself."""

    id: bytes
    kind: str
    day_ms: int
    ends_ms: int


class KeptVault(msgspec.Struct, frozen=True, kw_only=True):
    """How far the vault has come: after a run that was killed, the next one goes on from here."""

    noted: int
    """Number of the last record whose operation was looked at."""
    open: tuple[KeptDayKey, ...]


def keep(kind: KeptKind, value_id: bytes, value: msgspec.Struct | None) -> Keep:
    """Make what is kept of a value; None: it is kept no longer."""
    return Keep(kind, value_id, None if value is None else msgspec.json.encode(value))


def read(kept: Keep, kind: type[_T]) -> _T:
    """Read a kept value back.

    Raises:
        msgspec.DecodeError: It is not one of this kind: the database was changed by something else.
    """
    return msgspec.json.decode(kept.value or b"null", type=kind)
