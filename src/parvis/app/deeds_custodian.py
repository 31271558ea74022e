"""The deed behind `parvis custodian init` and `rotate`: what is sealed from now on is sealed to another key.

The server gets the public half alone, from a program that has handed the shares over already.
"""

import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from parvis.app.handing_over import tell_of
from parvis.app.office import Deed, NotDone, Office, Words
from parvis.archive import custody
from parvis.archive.custody import CustodianKey
from parvis.ports.archive import Upkeep

_one_at_a_time = threading.Lock()


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that is to be used; bytes in hex."""

    public: str
    shares: int
    threshold: int
    share_checks: str
    replaces: str
    """Id of the key that was in use when the asker looked; empty for none."""


def set_key(office: Office, words: Words) -> Words:
    """Seal what comes from now on to another custodians' key, and tell so in the audit, in one batch.

    Raises:
        NotDone: It is no key, or another one has come into use meanwhile.
    """
    with _one_at_a_time:
        keys = office.sealed.custodians()
        in_use = keys[-1] if keys else None
        # The newest by this time is the one in use, also where the clock was set back.
        since_ms = max(office.now_ms(), in_use.since_ms + 1 if in_use else 0)
        key, replaces = _wished(words, since_ms)
        if in_use is None or in_use.id != key.id:
            if key.id in {each.id for each in keys}:
                raise NotDone("This key was in use before, and another replaced it. Make a new one.")
            if (in_use.id.hex() if in_use else "") != replaces:
                raise NotDone("Another key has come into use meanwhile.")
            office.journal.write([tell_of(key, replaces, by="operator")], [Upkeep(custodian=key)])
    return {"custodian": key.id.hex()}


def _wished(words: Words, since_ms: int) -> tuple[CustodianKey, str]:
    """Read a wish, and try the key: what cannot be sealed to would stop the archive."""
    try:
        wish = msgspec.convert(words, Wish)
        public, checks = bytes.fromhex(wish.public), bytes.fromhex(wish.share_checks)
        key = custody.custodian_key(public, wish.shares, wish.threshold, since_ms, checks)
        custody.seal_to(public, b"", b"")
    except ValueError:
        raise NotDone("It is not a public key that this server can seal to.") from None
    if wrong := custody.bad_split(wish.shares, wish.threshold):
        raise NotDone(wrong)
    if len(checks) != wish.shares * custody.SHARE_CHECK_BYTES:
        raise NotDone("What the shares are known again by does not fit their number.")
    return key, wish.replaces


CUSTODIAN_DEEDS: Final[Mapping[str, Deed]] = {"custodian.set": set_key}
