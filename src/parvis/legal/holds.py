"""Holds: what is kept beyond its term, because a law or an authority asks for it, until an end that is said beforehand.

Rule 1: a hold has an end. How far away it may be is the ground's to say; a longer one is a new decision, an extension.
Rule 2: a hold covers what was written in its span by its accounts, and privately to them, or in its conversations;
where it names both, what meets both. Each hold counts by itself: what two cover stays until the later end.
Rule 3: a hold is not announced to whom it concerns; whoever answers them asks nothing of this module.

Source: Regulation (EU) 2023/1543, articles 10 and 11; CPP, articles 60-2 and 77-1-2; GDPR, article 17(3); 18 USC
2258A(h); docs/adr/0026-holds-access-and-erasure.md.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from parvis.model.ids import ConversationId, IdentityId

HOLD_ID_BYTES: Final = 8
"""Random bytes of a hold's id."""

SCOPE_MAX: Final = 64
"""Most accounts, and most conversations, of one hold; ours. A wider order is several holds."""

REFERENCE_CHARACTERS_MAX: Final = 200
"""Longest reference of a ground; ours."""

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


class Ground(StrEnum):
    """Why something may be held. Names stand in the database: never reused."""

    EPOC_PR = "epoc-pr"
    """A European Preservation Order Certificate: 60 days, extended once by 30 (2023/1543, article 11(1))."""
    EPOC = "epoc"
    """A European Production Order, whose data are preserved until they are produced (articles 10(1) and 11(2))."""
    JUDICIAL = "judicial"
    """An order of a judge or prosecutor of the operator's own country (CPP 60-2, 77-1-2: up to a year)."""
    REPORT = "report"
    """What a report to an authority was about: a year (18 USC 2258A(h)(1))."""
    CLAIM = "claim"
    """A legal claim that is made or defended against (GDPR, article 17(3)(e))."""


class Bounds(msgspec.Struct, frozen=True):
    """How long one decision may hold, and how often it may be made again."""

    days: int
    extension_days: int
    extensions: int | None
    """None: as often as somebody decides it anew."""


BOUNDS: Final[Mapping[Ground, Bounds]] = {
    Ground.EPOC_PR: Bounds(60, 30, 1),
    Ground.EPOC: Bounds(60, 60, None),
    Ground.JUDICIAL: Bounds(365, 365, None),
    Ground.REPORT: Bounds(365, 0, 0),
    Ground.CLAIM: Bounds(365, 365, None),
}
"""By ground. Counted in days of 24 hours from the decision: the conservative reading of each."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One hold, as SQL keeps it, written whole at each change."""

    id: bytes
    accounts: tuple[IdentityId, ...] = ()
    """Accounts and guests."""
    conversations: tuple[ConversationId, ...] = ()
    vault: bool = False
    """Whether the identification vault of its days is held as well."""
    from_ms: int
    until_ms: int
    """The moments that what it covers was written between; it may reach into the future, up to the end."""
    ground: Ground
    reference: str
    placed_ms: int
    ends_ms: int
    extended: int = 0
    """How often."""
    may_notify_user: bool = False
    """Whether the authority lets the person be told; nothing tells them by itself."""
    term_key: bytes = b""
    """Id of the key that what it covers is wrapped under."""
    is_ended: bool = False
    """Whether its end is in the audit, and only its key remains to be destroyed."""

    @property
    def name(self) -> str:
        """Give what people call it by."""
        return self.id.hex()

    def __repr__(self) -> str:
        """Give the id alone."""
        return f"Hold({self.id.hex()})"


class Written(Protocol):
    """What a record's header says of it."""

    @property
    def author(self) -> IdentityId:
        """Give who wrote it."""

    @property
    def conversation(self) -> ConversationId:
        """Give where."""

    @property
    def time_ms(self) -> int:
        """Give when."""


PairOf = Callable[[IdentityId, IdentityId], ConversationId]
"""Gives the private conversation of two identities."""


def why_not(hold: Hold) -> str | None:
    """Say why a hold cannot be placed as it is, in a whole sentence; None: it can."""
    bounds = BOUNDS[hold.ground]
    if not hold.accounts and not hold.conversations:
        return "A hold names an account or a conversation."
    if len(hold.accounts) > SCOPE_MAX or len(hold.conversations) > SCOPE_MAX:
        return f"A hold names at most {SCOPE_MAX} accounts and {SCOPE_MAX} conversations. Place several."
    if not hold.reference.strip():
        return "A hold needs a reference: the file number of the order or claim."
    if not is_one_line(hold.reference):
        return f"A reference is one line of at most {REFERENCE_CHARACTERS_MAX} characters."
    if hold.ends_ms <= hold.placed_ms:
        return "The end of a hold is in the future."
    if hold.ends_ms > hold.placed_ms + bounds.days * _DAY_MS:
        return f"On the ground {hold.ground} one decision holds for {bounds.days} days at most."
    if not 0 <= hold.from_ms < hold.until_ms:
        return "The span of a hold begins before it ends."
    if hold.until_ms > hold.ends_ms:
        return "The span of a hold does not reach beyond its end."
    return None


def is_one_line(text: str) -> bool:
    """Tell whether words may stand in the audit and on a terminal: short, and nothing that moves what is around it."""
    return len(text) <= REFERENCE_CHARACTERS_MAX and text.isprintable()


def why_not_extended(hold: Hold, ends_ms: int, now_ms: int) -> str | None:
    """Say why a hold cannot be extended to an end, in a whole sentence; None: it can."""
    bounds = BOUNDS[hold.ground]
    if hold.ends_ms <= now_ms:
        return "This hold has ended. Place another if there is a ground for it."
    if bounds.extensions is not None and hold.extended >= bounds.extensions:
        often = "once" if bounds.extensions == 1 else f"{bounds.extensions} times"
        return (
            f"On the ground {hold.ground} a hold is extended {often} at most."
            if bounds.extensions
            else f"On the ground {hold.ground} a hold is not extended. Place another if there is a ground for it."
        )
    if ends_ms <= hold.ends_ms:
        return "An extension ends later than the hold does."
    if ends_ms > hold.ends_ms + bounds.extension_days * _DAY_MS:
        return f"On the ground {hold.ground} one extension adds {bounds.extension_days} days at most."
    return None


def extended(hold: Hold, ends_ms: int) -> Hold:
    """Give a hold with a later end. A span that reached up to its end goes on up to the new one."""
    until_ms = ends_ms if hold.until_ms == hold.ends_ms else hold.until_ms
    return msgspec.structs.replace(hold, ends_ms=ends_ms, until_ms=until_ms, extended=hold.extended + 1)


def is_running(hold: Hold, now_ms: int) -> bool:
    """Tell whether a hold has not ended."""
    return now_ms < hold.ends_ms


def covers_record(hold: Hold, record: Written, pair_of: PairOf) -> bool:
    """Tell whether a hold covers a record. Whether it runs is another question."""
    if not hold.from_ms <= record.time_ms < hold.until_ms:
        return False
    if hold.conversations and record.conversation not in hold.conversations:
        return False
    if not hold.accounts or record.author in hold.accounts:
        return True
    return any(pair_of(account, record.author) == record.conversation for account in hold.accounts)


def covers_key(hold: Hold, conversation: ConversationId, hour: int) -> bool:
    """Tell whether a content key may have records that a hold covers: its hour is in the span, and it is in scope."""
    if hold.conversations and conversation not in hold.conversations:
        return False
    return hold.from_ms < (hour + 1) * _HOUR_MS and hour * _HOUR_MS < hold.until_ms


def covers_day(hold: Hold, day_ms: int) -> bool:
    """Tell whether a hold keeps the identification vault of a day, given by its beginning."""
    return hold.vault and hold.from_ms < day_ms + _DAY_MS and day_ms < hold.until_ms


def covering(holds: Iterable[Hold], record: Written, pair_of: PairOf) -> list[Hold]:
    """List the holds that cover a record."""
    return [hold for hold in holds if covers_record(hold, record, pair_of)]
