"""What policy says of an act. Being refused is a value, not an error."""

from enum import StrEnum
from typing import Final

import msgspec

from parvis.model.words import Told


class Ground(StrEnum):
    """Every ground on which an act can be refused."""

    NOT_A_MEMBER = "not-a-member"
    NOT_A_HOST = "not-a-host"
    NOT_AN_OPERATOR = "not-an-operator"
    MEMBERS_ONLY = "members-only"
    MODERATED = "moderated"
    BANNED = "banned"
    INVITATION_ONLY = "invitation-only"
    WRONG_KEY = "wrong-key"
    ROOM_FULL = "room-full"
    NO_ACCOUNT = "no-account"
    NO_CTCP = "no-ctcp"
    NOT_THE_OWNER = "not-the-owner"
    THE_OWNER = "the-owner"
    ALREADY_REGISTERED = "already-registered"
    TOO_MANY_ROOMS = "too-many-rooms"
    LIST_FULL = "list-full"
    ALREADY_THERE = "already-there"
    TARGET_ELSEWHERE = "target-elsewhere"
    NAME_TAKEN = "name-taken"
    NAME_CLAIMED = "name-claimed"
    NAME_UNFIT = "name-unfit"
    NOTHING_TO_FETCH = "nothing-to-fetch"
    NOT_THE_AUTHOR = "not-the-author"
    UNKNOWN_MESSAGE = "unknown-message"
    TOO_LATE = "too-late"
    WINDOW_TOO_LONG = "window-too-long"
    NAME_RESERVED = "name-reserved"
    NAME_ALIKE = "name-alike"
    NAME_KEPT = "name-kept"
    TOO_MANY_NAMES = "too-many-names"
    PASSWORD_UNFIT = "password-unfit"  # noqa: S105 - the name of a ground
    PASSWORD_WEAK = "password-weak"  # noqa: S105 - the name of a ground
    TOO_LONG = "too-long"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a ground
    TOO_MANY_FAILURES = "too-many-failures"
    TOO_MANY_ACCOUNTS = "too-many-accounts"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    BANNED_HERE = "banned-here"
    ACCOUNT_REQUIRED = "account-required"
    DEFENCE = "defence"
    SANCTION_TOO_LONG = "sanction-too-long"
    SANCTION_TOO_WIDE = "sanction-too-wide"
    NEWCOMER = "newcomer"
    NOT_ONES_OWN = "not-ones-own"
    ARCHIVE_UNAVAILABLE = "archive-unavailable"
    SERVER_BUSY = "server-busy"


class Accepted(msgspec.Struct, frozen=True):
    """The act may happen."""


class Refused(msgspec.Struct, frozen=True):
    """The act does not happen. `told` is what the person reads."""

    ground: Ground
    told: Told


Verdict = Accepted | Refused
"""`Held` (for review, for a picture to be checked) joins when something can hold."""

ACCEPTED: Final = Accepted()
"""The one value that says yes. Shared, since it is given for every message."""
