"""Pseudonyms that were given up a moment ago: nobody else can take them, or one that looks like them, at once.

Rule 1: whoever bore it takes it back whenever they are the same identity: a guest by token, an account by login.
Rule 2: whoever cannot prove that they are the same is let through from the network they were on.
Rule 3: it is kept no longer than it was borne, and one identity keeps `NAMES_EACH` names: so nobody locks names that
they only passed through. Whoever takes it back goes on from what they had borne it, so that a connection which breaks
again and again loses nothing.

Why: docs/adr/0011-a-pseudonym-given-up.md. It is in memory alone; what has expired is dropped when somebody else takes
the name, or as the oldest of too many.
"""

from typing import Final

import msgspec

from parvis.model.ids import IdentityId
from parvis.model.looks import Looks

NAMES_MAX: Final = 8192
"""Most names that are kept; the oldest go first. Ours."""
NAMES_EACH: Final = 3
"""Most names that are kept for one identity; ours."""


class _Kept(msgspec.Struct, frozen=True):
    """A name that is kept."""

    nick: str
    identity: IdentityId
    network: str
    """From where anybody may take it (rule 2); empty: from nowhere."""
    until_s: float
    borne_s: float
    """How long they have borne it by now."""


class Quarantine:
    """The names that are kept, by their folded form."""

    def __init__(self) -> None:
        """Keep no name."""
        self._kept: dict[str, _Kept] = {}
        self._names: dict[IdentityId, tuple[str, ...]] = {}
        self._looks = Looks()

    def __len__(self) -> int:
        """Count the names that are remembered, those whose time is over among them."""
        return len(self._kept)

    def keep(
        self, nick: str, folded: str, identity: IdentityId, network: str, borne_s: float, term_s: float, now_s: float
    ) -> None:
        """Keep a name that was given up for a term.

        Args:
            nick: The pseudonym as it was written.
            folded: Its folded form.
            identity: Who bore it.
            network: The network that whoever cannot prove to be the same comes from; empty: they can.
            borne_s: For how long they bore it this time.
            term_s: For how long it is kept at most.
            now_s: The moment, by the steady clock.
        """
        before = self._kept.get(folded)
        if before is not None and not _is_kept_from(before, identity, network):
            borne_s += before.borne_s
        self.release(folded)
        mine = self._names.get(identity, ())
        if len(mine) >= NAMES_EACH:
            self.release(mine[0])
        if len(self._kept) >= NAMES_MAX:
            self.release(next(iter(self._kept)))
        self._kept[folded] = _Kept(nick, identity, network, now_s + min(term_s, borne_s), borne_s)
        self._names[identity] = (*self._names.get(identity, ()), folded)
        self._looks.add(folded)

    def taken(self, folded: str, identity: IdentityId, network: str) -> None:
        """Note that somebody bears a name: unless it was kept for them, it is for nobody now."""
        kept = self._kept.get(folded)
        if kept is not None and _is_kept_from(kept, identity, network):
            self.release(folded)

    def release(self, folded: str) -> None:
        """Let anybody take a name."""
        kept = self._kept.pop(folded, None)
        if kept is None:
            return
        self._looks.drop(folded)
        left = tuple(name for name in self._names[kept.identity] if name != folded)
        if left:
            self._names[kept.identity] = left
        else:
            del self._names[kept.identity]

    def left_s(self, folded: str, identity: IdentityId, network: str, now_s: float) -> float:
        """Tell for how many more seconds a name is kept from somebody; 0.0: it is not."""
        kept = self._kept.get(folded)
        if kept is None or not _is_kept_from(kept, identity, network):
            return 0.0
        return max(0.0, kept.until_s - now_s)

    def alike(self, wanted: str, identity: IdentityId, network: str, now_s: float) -> str:
        """Give a name that is kept from somebody and that looks like the one they want; empty: there is none."""
        for kept in self._looks.alike(wanted, self._kept):
            if kept.until_s > now_s and _is_kept_from(kept, identity, network):
                return kept.nick
        return ""


def _is_kept_from(kept: _Kept, identity: IdentityId, network: str) -> bool:
    return kept.identity != identity and (not kept.network or kept.network != network)
