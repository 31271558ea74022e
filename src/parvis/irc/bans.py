"""What stands on the lists of a room: masks `nick!user@host`, accounts, and either of them as a mute.

- `nick!user@host` with `*` and `?`, or a part of it that is filled in (`irc/masks.py`);
- `a:name` (or `account:name`): who is logged in to that account, masks allowed; never a guest;
- `m:` (or `mute:`) before either: on the list b, may come in and not write; on the list e, may write.

As others write extended bans with a `~` in front, one is read and dropped.
Source: IRCv3 account-extban; modern IRC, "EXTBAN"; the letter m as on InspIRCd and Ergo.
"""

import re
from collections.abc import Iterable
from typing import Final

from parvis.irc import masks
from parvis.irc.casemapping import fold

TYPES: Final = "am"
"""The letters that EXTBAN tells of; nothing stands in front of them."""
ACCOUNT_NAMES: Final = ("a", "account")
"""What may stand before an account; told as ACCOUNTEXTBAN."""

_MUTE_NAMES: Final = ("m", "mute")
_ACCOUNT: Final = "a:"
_MUTE: Final = "m:"


def entry(given: str) -> str | None:
    """Write what somebody puts on a list in its one form; None: there is no such entry."""
    if not given or " " in given or given[0] == ":":
        return None
    name, colon, rest = given.removeprefix("~").partition(":")
    if colon and name.lower() in _MUTE_NAMES:
        muted = entry(rest)
        return None if muted is None or muted.startswith(_MUTE) else _MUTE + muted
    # Neither stands in an account's name: with one of them it is an address.
    if colon and name.lower() in ACCOUNT_NAMES and not {":", "!", "@"} & set(rest):
        return _ACCOUNT + rest if rest else None
    return masks.complete(given)


class Entries:
    """One list of a room, ready to be asked. Made once for each change of the list."""

    __slots__ = ("_at_door", "_speaking")

    def __init__(self, entries: Iterable[str]) -> None:
        """Take entries in their one form."""
        self._at_door = _Named()
        self._speaking = _Named()
        for each in entries:
            if each.startswith(_MUTE):
                self._speaking.add(each.removeprefix(_MUTE))
            else:
                self._at_door.add(each)
        self._at_door.close()
        self._speaking.close()

    def name(self, mask: str, account: str) -> bool:
        """Tell whether the list names somebody at the door.

        Args:
            mask: Their whole `nick!user@host`.
            account: Whom they are logged in as; empty: a guest.
        """
        return self._at_door.has(fold(mask), fold(account))

    def name_speaker(self, mask: str, account: str) -> bool:
        """Tell whether the list names somebody who wants to write; arguments as for `name`."""
        folded, account = fold(mask), fold(account)
        return self._at_door.has(folded, account) or self._speaking.has(folded, account)


class _Named:
    """Masks and accounts, as a few patterns each."""

    __slots__ = ("_account_patterns", "_accounts", "_mask_patterns", "_masks")

    def __init__(self) -> None:
        self._masks: list[str] = []
        self._accounts: list[str] = []
        self._mask_patterns: tuple[re.Pattern[str], ...] = ()
        self._account_patterns: tuple[re.Pattern[str], ...] = ()

    def add(self, each: str) -> None:
        if each.startswith(_ACCOUNT) and "!" not in each:
            self._accounts.append(each.removeprefix(_ACCOUNT))
        else:
            self._masks.append(each)

    def close(self) -> None:
        self._mask_patterns = masks.patterns_of(self._masks)
        self._account_patterns = masks.patterns_of(self._accounts)

    def has(self, mask: str, account: str) -> bool:
        if any(pattern.match(mask) for pattern in self._mask_patterns):
            return True
        return bool(account) and any(pattern.match(account) for pattern in self._account_patterns)


def is_same(one: str, other: str) -> bool:
    """Tell whether two entries in their one form mean the same: whatever their case."""
    return fold(one) == fold(other)
