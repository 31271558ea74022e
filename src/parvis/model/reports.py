"""What somebody reports, and how good the evidence is. Source: docs/protocol/report.md."""

from enum import StrEnum

import msgspec

from parvis.model.ids import ConversationId, IdentityId


class Grade(StrEnum):
    """How a line was established. Names stand in the database: never reused."""

    READ = "read"
    """The server opened its sealed record within the report window."""
    PROVED = "proved"
    """The reporter's copy fits the commitment in the record's header (docs/protocol/report.md, "Proof")."""
    CLAIMED = "claimed"
    """Neither: never enough for a sanction."""


class Category(StrEnum):
    """What it is about, in the reporter's words' place. Names stand in the database: never reused."""

    MINOR_SAFETY = "minor_safety"
    THREAT_TO_LIFE = "threat_to_life"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    DRUG_SALE = "drug_sale"
    HATE = "hate"
    HARASSMENT = "harassment"
    DOXXING = "doxxing"
    SPAM_SCAM = "spam_scam"
    SELF_HARM = "self_harm"
    OTHER = "other"


URGENT = frozenset((Category.MINOR_SAFETY, Category.THREAT_TO_LIFE))
"""What alerts whoever is on duty at once."""


class SubjectKind(StrEnum):
    """What a report is about."""

    MESSAGES = "messages"
    PERSON = "person"
    ROOM = "room"
    NAME = "name"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of evidence."""

    number: int | None
    """Number of its record; None: there is no such record."""
    message_id: str
    author: IdentityId
    nick: str
    conversation: ConversationId
    time_ms: int
    text: str
    grade: Grade
    is_chosen: bool
    """Whether the reporter chose it; the others are what stood around it in a room."""

    def __repr__(self) -> str:
        """Give the grade alone: words stay out of logs."""
        return f"Line({self.grade})"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report as it was received, evidence included."""

    made_ms: int
    reporter: IdentityId
    """`NOBODY`: an outsider, through a form."""
    reporter_signal: bytes
    """The keyed daily signal of the reporter's network: whoever shares it does not work the case; empty: unknown."""
    subject: SubjectKind
    target: IdentityId
    """Whom it is about; `NOBODY`: a room as such, or a name that nobody bears."""
    target_signal: bytes = b""
    room: ConversationId | None = None
    """The room it happened in, or that it is about; None: in private."""
    shown: str
    """The pseudonym or the name of the room as the reporter saw it."""
    category: Category
    why: str
    """The reporter's own words; may be empty."""
    lines: tuple[Line, ...] = ()
    language: str = ""
    """In which the outcome is told."""
    keep: bool = False
    """Whether the reporter asked to have it kept for a complaint."""

    def __repr__(self) -> str:
        """Give the category alone."""
        return f"Report({self.category})"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a reporter is told at once."""

    number: str
    """What police can quote: `P-` and eight letters and digits."""
    token: str
    """What stands in the link to the outcome, for the reporter alone."""
    is_merged: bool
    """Whether others reported the same before."""
    is_watched: bool
    """Whether somebody is on duty now."""

    def __repr__(self) -> str:
        """Give the number alone: the token opens the outcome."""
        return f"Receipt({self.number})"
