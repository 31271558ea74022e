"""Erasure: what goes of what somebody wrote when their account is erased, what stays, and when (GDPR, article 17).

Rule 1: what an identity wrote goes: header, salt and ciphertext; the leaf stays, and tells nothing.
Rule 2: decisions and the audit stay for their terms: staff answer for them (article 17(3)(b) and (e)).
Rule 3: what a hold covers waits for the hold's end. Nobody is shown it meanwhile, and nobody is told that it waits.
Rule 4: what took somebody else's words back stays until they can be fetched by nobody: it would show them again.

Source: docs/adr/0026-holds-access-and-erasure.md.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

import msgspec

from parvis.legal import holds
from parvis.legal.holds import Hold, PairOf, Written
from parvis.model.ids import AUDIT, DECISIONS, IdentityId
from parvis.model.records import RecordKind


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that was asked for and is not finished, as SQL keeps it."""

    identity: IdentityId
    asked_ms: int
    due_ms: int
    """From when on what was written goes: at once, or when nothing it shows can be reported any more."""

    def __repr__(self) -> str:
        """Give the id alone."""
        return f"Erasure({self.identity.hex()})"


class Fate(StrEnum):
    """What becomes of a record of somebody who is erased."""

    GOES = "goes"
    WAITS = "waits"
    STAYS = "stays"


class Kept(Written, Protocol):
    """What a record's header says of it, its kind included."""

    @property
    def kind(self) -> RecordKind:
        """Give its kind."""


def fate(record: Kept, running: Iterable[Hold], pair_of: PairOf, now_ms: int, window_ms: int) -> Fate:
    """Say what becomes of a record whose author is erased.

    Args:
        record: Its header.
        running: The holds that have not ended.
        pair_of: Gives the conversation of two identities.
        now_ms: The time.
        window_ms: How long what was written can be fetched or reported: the longest window.
    """
    if record.conversation in (DECISIONS, AUDIT):
        return Fate.STAYS
    if record.kind is RecordKind.REDACTED and now_ms < record.time_ms + window_ms:
        return Fate.WAITS
    return Fate.WAITS if holds.covering(running, record, pair_of) else Fate.GOES
