"""Deeds to the log: another key for its checkpoints."""

import os
import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from parvis.app.office import Deed, NotDone, Office, Words
from parvis.archive.log_keys import SIGNING_MAX, fingerprint, new_log_key, rotated, signing
from parvis.model.audit import LogKeyRotated, audit_record

WHY_CHARACTERS_MAX: Final = 500
"""Longest reason that is recorded."""

_one_at_a_time = threading.Lock()


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why another key is wanted."""

    why: str = ""


def rotate(office: Office, words: Words) -> Words:
    """Sign with another key from now on, and with the one before for some days.

    The record of it is durable before the key is: what the log does not tell signs nothing.

    Raises:
        NotDone: There is no log, or as many keys sign already as may.
    """
    try:
        wish = msgspec.convert(words, Wish)
    except msgspec.ValidationError:
        raise NotDone("What was asked is not of a form that this server knows.") from None
    if len(wish.why) > WHY_CHARACTERS_MAX:
        raise NotDone(f"The reason has {len(wish.why)} characters, at most {WHY_CHARACTERS_MAX} are recorded.")
    with _one_at_a_time:
        keys, now_ms = office.keys.log_keys(), office.now_ms()
        if not keys:
            raise NotDone("This archive has no log: it begins when a server with a data folder starts.")
        if len(signing(keys, now_ms)) >= SIGNING_MAX:
            raise NotDone(f"{SIGNING_MAX} keys sign already. The oldest ends by itself, a week after it was replaced.")
        new = new_log_key(keys[-1].origin, now_ms, os.urandom)
        told = LogKeyRotated(by="operator", old=fingerprint(keys[-1]), new=fingerprint(new), why=wish.why)
        office.journal.write([audit_record(told)])
        office.keys.change_log_keys(lambda there: rotated(there, new, now_ms))
    return {"vkey": str(new.verifier), "old": str(keys[-1].verifier)}


LOG_DEEDS: Final[Mapping[str, Deed]] = {"log-key.rotate": rotate}
